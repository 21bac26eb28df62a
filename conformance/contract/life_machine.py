"""The machine: Hypothesis draws whole lives of an optimizer, act by act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from conformance.contract import settings
from conformance.contract.case import ClauseCase
from conformance.contract.offers import offers
from conformance.contract.request import path_of
from conformance.contract.requirements import changes, needs_base_class, needs_usual_checkpoint, other_paths
from conformance.engine.drawing import draw_lives
from conformance.optimizers.subject import WorkerSubject
from spec.symbols import lr

MOST_GROUPS = 3
SHAPES: tuple[list[int], ...] = ([7], [2, 3], [], [17])


@dataclass(frozen=True)
class World:
    """What a life can be made of: variants, values of settings, other paths."""

    subject: WorkerSubject

    @property
    def switches(self) -> list[tuple[str, ...]]:
        """The variants of the subject's rule."""
        return sorted(self.subject.rules)

    def starts(self, switches: tuple[str, ...]) -> list[dict[str, float]]:
        """Settings with which a life begins: all at work, and some switched off."""
        rule_ = self.subject.rules[switches]
        bare = settings.bare(rule_, self.subject.fixed)
        return [settings.active(rule_, self.subject.fixed), *bare]

    def values(self, switches: tuple[str, ...]) -> list[list[Any]]:
        """Pairs of a keyword and a value that may be assigned to it."""
        rule_ = self.subject.rules[switches]
        usual = self.subject.held_options(rule_, settings.active(rule_, self.subject.fixed))
        pairs = changes(self.subject, rule_)
        return [*pairs, *([key, usual[key]] for key, _ in pairs)]

    def paths(self, switches: tuple[str, ...]) -> list[dict[str, Any]]:
        """The keywords of every path, this one first."""
        return [path_of(self.subject, switches), *(path for _, path in other_paths(self.subject, switches))]


class Life(RuleBasedStateMachine):
    """The acts of one life in ``world``, and what its next acts depend on: its tensors and groups."""

    world: ClassVar[World]
    end: ClassVar[Callable[[ClauseCase], None]]

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[list[Any]] = []
        self.settings: Mapping[str, float] = {}
        self.tensors, self.groups = 2, 1

    @initialize(first=st.sampled_from(SHAPES), data=st.data())
    def born(self, first: list[int], data: st.DataObject) -> None:
        """Begin with a variant, settings and two tensors."""
        self.switches = data.draw(st.sampled_from(self.world.switches))
        self.settings = data.draw(st.sampled_from(self.world.starts(self.switches)))
        self.shapes = [first, [5]]

    @rule(absent=st.lists(st.integers(0, 5), max_size=2))
    def step(self, absent: list[int]) -> None:
        """Make a step; some tensors get no gradient."""
        self.acts.append(["step", sorted({n for n in absent if n < self.tensors})])

    @precondition(lambda self: offers(self.world.subject)["sparse"])
    @rule(absent=st.lists(st.integers(0, 5), max_size=1), rows=st.lists(st.integers(0, 16), max_size=3))
    def sparse_step(self, absent: list[int], rows: list[int]) -> None:
        """Make a step with sparse gradients of some rows."""
        self.acts.append(["sparse step", [n for n in absent if n < self.tensors], rows])

    @precondition(lambda self: self.world.values(self.switches))
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        """Assign a setting of one group."""
        keyword, value = data.draw(st.sampled_from(self.world.values(self.switches)))
        group = data.draw(st.integers(0, self.groups - 1))
        self.acts.append(["change", group, keyword, value])

    @precondition(lambda self: not needs_base_class(self.world.subject))
    @precondition(lambda self: lr.name not in self.world.subject.fixed and "lr" in offers(self.world.subject)["group"])
    @rule()
    def schedule(self) -> None:
        """Make the step of a scheduler."""
        self.acts.append(["schedule"])

    @precondition(lambda self: self.groups < MOST_GROUPS)
    @rule(shape=st.sampled_from(SHAPES), own=st.booleans())
    def add_group(self, shape: list[int], own: bool) -> None:
        """Add a group of one tensor, with settings of its own or without."""
        subject = self.world.subject
        given = dict(changes(subject, subject.rules[self.switches])) if own else {}
        self.acts.append(["add group", shape, given])
        self.groups += 1
        self.tensors += 1

    @rule(act=st.sampled_from(["save and load", "deepcopy", "pickle", "zero_grad"]))
    def carry(self, act: str) -> None:
        """Let a copy take over, or remove the gradients."""
        self.acts.append([act])

    @precondition(lambda self: len(self.world.paths(self.switches)) > 1)
    @precondition(lambda self: not needs_usual_checkpoint(self.world.subject))
    @rule(data=st.data())
    def other_path(self, data: st.DataObject) -> None:
        """Go on on another path."""
        self.acts.append(["other path", data.draw(st.sampled_from(self.world.paths(self.switches)))])

    def teardown(self) -> None:
        """Hand over what was drawn, with a last step."""
        if self.acts:
            arguments = {"shapes": self.shapes, "acts": [*self.acts, ["step", []]]}
            type(self).end(ClauseCase(self.switches, self.settings, arguments))


def lives(world: World, *, examples: int, acts: int, seed: int) -> list[ClauseCase]:
    """Draw different lives of up to ``acts`` acts, the same for the same seed."""

    def machine(end: Callable[[ClauseCase], None]) -> type[Life]:
        return type("DrawnLife", (Life,), {"world": world, "end": staticmethod(end)})

    return draw_lives(machine, examples, acts, seed)
