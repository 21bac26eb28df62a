"""Compositions: the order of building, one within another, and parts that a composition refuses."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st

from conformance.engine.evidence import Tally
from conformance.schedulers import strategies
from conformance.schedulers.cases import ScheduleCase, SchedulerNode
from conformance.schedulers.learning_rate import in_force, plan
from conformance.schedulers.property import SchedulerProperty
from conformance.schedulers.strategies import Draw
from conformance.schedulers.subject import CLEAR, NAN, RATE, SchedulerSubject, WrongReading, raised, same
from impls.catalogue.scheduler_entries import OPTAX, Scheduler
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.session import TargetError
from spec import schedules as book

UNLIKE = (("torch.ConstantLR", "constant"), ("torch.CosineAnnealingWarmRestarts", "cosine_restarts"))
"""Schedulers and their schedules, of which the first begins with a factor and the second with none."""


def building_order(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """Build the parts in another order: nothing changes, but for rounding where the parts multiply each other."""
    if case.node.entry.schedule == "chain":
        return in_force(subject, case, tally)
    actions = plan(case)
    plain = dataclasses.replace(case, order=())
    first, other = subject.outcome(plain, actions), subject.outcome(case, actions)
    if isinstance(first, TargetError) or isinstance(other, TargetError):
        tally.leave_open()
        return None
    tally.element_cases += len(first["used"])
    return same(case, actions, tally, RATE, other["used"], first["used"], "the same as built in the listed order")


def unlike_starts(entry: Scheduler) -> tuple[ScheduleCase, ...]:
    """Return a sequence of which each part, when it is built, leaves a learning rate of its own."""
    if entry.schedule != "sequence":
        return ()
    parts = tuple(
        SchedulerNode(part, settings=({h.keyword: h.default for h in book.build(schedule).hyperparameters},))
        for part, schedule in UNLIKE
    )
    return (ScheduleCase(SchedulerNode(entry.identifier, parts=parts, milestones=(3,)), (1.0,), steps=8, order=(1, 0)),)


@st.composite
def ending_in(draw: Draw, entry: Scheduler, chosen: Callable[[Scheduler], bool]) -> ScheduleCase:
    """Draw a composition whose last part is one of the chosen schedulers."""
    case: ScheduleCase = draw(strategies.compositions(entry, parts=nestable()))
    last = draw(st.sampled_from([s for s in SCHEDULERS if chosen(s)]))
    part = strategies.node(draw, last, len(case.base), case.steps + 8)
    if entry.schedule == "chain":
        part = dataclasses.replace(part, settings=tuple({**values, "eta_min": 0.0} for values in part.settings))
    steps = case.steps
    if ends := part.schedule.ends:
        steps = min(steps, case.node.milestones[-1] + int(part.settings[0][ends]))
    node = dataclasses.replace(case.node, parts=(*case.node.parts[:-1], part))
    return dataclasses.replace(case, node=node, order=(), optimizer="SGD", steps=max(1, steps))


def refused(subject: SchedulerSubject, case: ScheduleCase, tally: Tally) -> WrongReading | None:
    """A composition that takes no metrics refuses a part that needs them, with a clear error."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    tally.element_cases += 1
    tally.values += 1
    if isinstance(answer, TargetError) and answer.kind in CLEAR:
        return None
    tally.outside += 1
    expected = "a ValueError that says that it is not supported"
    if isinstance(answer, TargetError):
        return raised(case, actions, answer, expected)
    return WrongReading(case, actions, "no error", math.nan, NAN, expected)


def nestable() -> tuple[Scheduler, ...]:
    """Return the parts of a composition within another one."""
    return tuple(s for s in strategies.chainable() if s.schedule != "given")


@st.composite
def nested(draw: Draw, entry: Scheduler, inner: str, place: int) -> ScheduleCase:
    """Draw a sequence of which one part is itself a sequence or a chain."""
    case: ScheduleCase = draw(strategies.compositions(entry, parts=nestable()))
    held = next(s for s in SCHEDULERS if s.schedule == inner)
    inside = draw(strategies.compositions(held, parts=nestable()))
    groups = len(case.base)
    parts = [_for_groups(part, groups) for part in inside.node.parts]
    within = SchedulerNode(held.identifier, parts=tuple(parts), milestones=inside.node.milestones)
    whole = [*case.node.parts]
    whole[place] = within
    return dataclasses.replace(case, node=dataclasses.replace(case.node, parts=tuple(whole)), order=())


def _for_groups(part: SchedulerNode, groups: int) -> SchedulerNode:
    return dataclasses.replace(part, settings=(part.settings[0],) * groups)


def only_for(*names: str) -> Callable[[Scheduler], bool]:
    """Return what tells whether a scheduler is one of some compositions, with steps of its own."""

    def of_sort(entry: Scheduler) -> bool:
        return entry.schedule in names and entry.interface != OPTAX

    return of_sort


def is_called(identifier: str) -> Callable[[Scheduler], bool]:
    """Return what tells whether a scheduler is the one of that name."""
    return lambda entry: entry.identifier == identifier


SEQUENCE, CHAIN, EITHER = only_for("sequence"), only_for("chain"), only_for("sequence", "chain")
IN_SEQUENCE, IN_CHAIN = ("torch.optim.lr_scheduler." + name for name in ("SequentialLR", "ChainedScheduler"))
PLACES = {"first": "that starts with a {}", "later": "in which a {} follows"}


def _within(inner: str, place: str) -> SchedulerProperty:
    """Return the property of a sequence that holds another composition first or later."""
    sentence = f"A sequence {PLACES[place].format(inner)} composes."
    strategy = partial(nested, inner=inner, place=[*PLACES].index(place))
    return SchedulerProperty(f"compose/{inner}-{place}", sentence, IN_SEQUENCE, in_force, strategy, of_sort=SEQUENCE)


PROPERTIES = (
    SchedulerProperty(
        "compose/order",
        "The order in which parts are built does not change a composition.",
        IN_SEQUENCE,
        building_order,
        of_sort=EITHER,
        first=unlike_starts,
    ),
    *(_within(inner, place) for inner in ("sequence", "chain") for place in PLACES),
    SchedulerProperty(
        "compose/multiplicative-later",
        "A product that follows in a sequence starts from the groups' own lr, as every other schedule.",
        IN_SEQUENCE,
        in_force,
        partial(ending_in, chosen=is_called("torch.MultiplicativeLR")),
        of_sort=SEQUENCE,
    ),
    SchedulerProperty(
        "compose/cycle-later",
        "A cycle that follows in a sequence leaves the schedules before it their lr.",
        IN_SEQUENCE,
        in_force,
        partial(ending_in, chosen=strategies.takes_over),
        of_sort=SEQUENCE,
    ),
    SchedulerProperty(
        "compose/cosine-in-chain",
        "A cosine to 0 in a chain multiplies, before its end and after it.",
        IN_CHAIN,
        in_force,
        partial(ending_in, chosen=is_called("torch.CosineAnnealingLR")),
        of_sort=CHAIN,
    ),
    SchedulerProperty(
        "compose/plateau",
        "A composition refuses a scheduler that needs metrics with a clear error.",
        IN_SEQUENCE,
        refused,
        partial(ending_in, chosen=is_called("torch.ReduceLROnPlateau")),
        of_sort=EITHER,
    ),
)
