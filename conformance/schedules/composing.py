"""Compositions: the order of building, one within another, and parts that a composition refuses."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st

from conformance.schedules import strategies
from conformance.schedules.cases import Case, Node
from conformance.schedules.properties import COMPOSED, RATE, Property, in_force, plan
from conformance.schedules.strategies import Draw
from conformance.schedules.subject import CLEAR, Failure, Subject, Tally, same, stopped
from impls.scheduler import OPTAX, Scheduler
from impls.schedulers import SCHEDULERS
from impls.session import TargetError
from spec import schedules as book

NAN = (math.nan, math.nan)
UNLIKE = (("torch.ConstantLR", "constant"), ("torch.CosineAnnealingWarmRestarts", "cosine_restarts"))
"""Schedulers and their schedules, of which the first begins with a factor and the second with none."""


def building_order(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """Build the parts in another order: nothing changes."""
    actions = plan(case)
    plain = dataclasses.replace(case, order=())
    first, other = subject.outcome(plain, actions), subject.outcome(case, actions)
    if isinstance(first, TargetError) or isinstance(other, TargetError):
        return None
    tally.readings += len(first["used"])
    return same(
        case, actions, tally, RATE, other["used"], first["used"], "the same as built in the listed order"
    )


def unlike_starts(entry: Scheduler) -> tuple[Case, ...]:
    """Return a sequence of which each part, when it is built, leaves a learning rate of its own."""
    if entry.schedule != "sequence":
        return ()
    parts = tuple(
        Node(part, settings=({h.keyword: h.default for h in book.build(schedule).hyperparameters},))
        for part, schedule in UNLIKE
    )
    return (Case(Node(entry.identifier, parts=parts, milestones=(3,)), (1.0,), steps=8, order=(1, 0)),)


@st.composite
def ending_in(draw: Draw, entry: Scheduler, names: frozenset[str]) -> Case:
    """Draw a composition whose last part is one of the named schedulers."""
    case: Case = draw(strategies.compositions(entry, parts=NESTED))
    last = draw(st.sampled_from([s for s in SCHEDULERS if s.identifier in names]))
    part = strategies.node(draw, last, len(case.base), case.steps + 8)
    if entry.schedule == "chain":
        part = dataclasses.replace(
            part, settings=tuple({**values, "eta_min": 0.0} for values in part.settings)
        )
    steps = case.steps
    if last.last:
        steps = min(steps, case.node.milestones[-1] + int(part.settings[0][last.last]))
    node = dataclasses.replace(case.node, parts=(*case.node.parts[:-1], part))
    return dataclasses.replace(case, node=node, order=(), optimizer="SGD", steps=max(1, steps))


def refused(subject: Subject, case: Case, tally: Tally) -> Failure | None:
    """A composition that takes no metrics refuses a part that needs them, with a clear error."""
    actions = plan(case)
    answer = subject.outcome(case, actions)
    tally.readings += 1
    tally.values += 1
    if isinstance(answer, TargetError) and answer.kind in CLEAR:
        return None
    tally.outside += 1
    expected = "a ValueError that says that it is not supported"
    if isinstance(answer, TargetError):
        return stopped(case, actions, answer, expected)
    return Failure(case, actions, RATE, answer["used"][0][0], NAN, expected)


NESTED = tuple(s for s in strategies.CHAINABLE if s.schedule != "given")


@st.composite
def nested(draw: Draw, entry: Scheduler, inner: str, place: int) -> Case:
    """Draw a sequence of which one part is itself a sequence or a chain."""
    case: Case = draw(strategies.compositions(entry, parts=NESTED))
    held = next(s for s in SCHEDULERS if s.schedule == inner)
    inside = draw(strategies.compositions(held, parts=NESTED))
    groups = len(case.base)
    parts = [_for_groups(part, groups) for part in inside.node.parts]
    within = Node(held.identifier, parts=tuple(parts), milestones=inside.node.milestones)
    whole = [*case.node.parts]
    whole[place] = within
    return dataclasses.replace(case, node=dataclasses.replace(case.node, parts=tuple(whole)), order=())


def _for_groups(part: Node, groups: int) -> Node:
    return dataclasses.replace(part, settings=(part.settings[0],) * groups)


def only_for(*names: str) -> Callable[[Scheduler], str]:
    """Return what says that a property asks of some schedules alone."""

    def applies(entry: Scheduler) -> str:
        asked = entry.schedule in names and entry.interface != OPTAX
        return "" if asked else f"it is no {' or '.join(names)} of torch"

    return applies


def _not_plain(entry: Scheduler) -> str:
    asked = entry.schedule in COMPOSED and entry.interface != OPTAX
    return "" if asked else "it is no composition of schedulers"


SEQUENCE, CHAIN = only_for("sequence"), only_for("chain")
IN_SEQUENCE, IN_CHAIN = ("torch.optim.lr_scheduler." + name for name in ("SequentialLR", "ChainedScheduler"))
PLACES = {"first": "that starts with a {}", "later": "in which a {} follows"}


def _within(inner: str, place: str) -> Property:
    """Return the property of a sequence that holds another composition first or later."""
    sentence = f"A sequence {PLACES[place].format(inner)} composes."
    strategy = partial(nested, inner=inner, place=[*PLACES].index(place))
    return Property(f"compose/{inner}-{place}", sentence, IN_SEQUENCE, in_force, strategy, SEQUENCE)


COMPOSING = (
    Property("compose/order", "The order in which parts are built does not change a composition.",
             IN_SEQUENCE, building_order, applies=_not_plain, first=unlike_starts),
    *(_within(inner, place) for inner in ("sequence", "chain") for place in PLACES),
    Property("compose/multiplicative-later",
             "A product that follows in a sequence starts from the groups' own lr, as every other schedule.",
             IN_SEQUENCE, in_force, partial(ending_in, names=frozenset({"torch.MultiplicativeLR"})),
             SEQUENCE),
    Property("compose/cycle-later",
             "A cycle that follows in a sequence leaves the schedules before it their lr.",
             IN_SEQUENCE, in_force, partial(ending_in, names=strategies.TAKES_OVER), SEQUENCE),
    Property("compose/cosine-in-chain", "A cosine to 0 in a chain multiplies, before its end and after it.",
             IN_CHAIN, in_force, partial(ending_in, names=frozenset({"torch.CosineAnnealingLR"})), CHAIN),
    Property("compose/plateau", "A composition refuses a scheduler that needs metrics with a clear error.",
             IN_SEQUENCE, refused, partial(ending_in, names=frozenset({"torch.ReduceLROnPlateau"})),
             only_for("sequence", "chain")),
)  # fmt: skip
