"""The first trial steps of an unknown target: how it is built, and with which numbers it steps at all."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.recognition.constructor import ASKED_ELSEWHERE, NotJudgeableError, Stated
from conformance.recognition.identification.slots import Constructor, Slot, constructor_of
from conformance.recognition.identification.steps import MATRICES, VECTORS, Course, Question, ask
from conformance.recognition.trial import CALLINGS, INSIDE, asks_for_group
from impls.session import Session, TargetError
from reference.formats import FLOAT64

LAYOUTS = ("dense", "sparse")
FRAMEWORKS = ("torch", "jax")
UNSET = (0.61, 0.43, 0.69)
"""What a setting is given whose default is None."""
NEEDED = 0.37
"""What one is given that cannot stay None."""
FARTHER = {"construct": 1, "step": 2}
"""How far a target came that raised."""
OFF, GUARD, WEIGHT, LARGE = "nothing", "guard", "weight", "large"


@dataclass(frozen=True)
class Opened:
    """A target that makes steps: what its constructor takes, and a question to which it answered.

    ``turned`` are the Booleans that are given since beside their defaults a setting is refused.
    """

    constructor: Constructor
    question: Question
    turned: Mapping[str, bool] = dataclasses.field(default_factory=dict)


def opened(target: str, session: Session, told: Stated) -> Opened:
    """Return how a target makes steps; raises ``NotJudgeableError`` where it makes none."""
    answer = session.request({"op": "describe", "target": target, "constructor": dict(told.arguments)}).header
    raised: list[TargetError] = []
    for framework in FRAMEWORKS[: 1 if answer["is_optimizer"] else 2]:
        defaults = answer["trial"].get("defaults", {})
        read = constructor_of(answer["signature"] or (), defaults, function=framework != "torch")
        constructor, ways = read.without(told.arguments), CALLINGS
        if framework == "torch" and not (constructor.slots or constructor.unset):
            constructor, ways = _in_groups(target, constructor, session, told), INSIDE
        for question in _questions(target, constructor, framework, told, ways):
            if question.calling.get("alone") and not asks_for_group(error.message for error in raised):
                break
            try:
                ask(question, session)
            except TargetError as error:
                raised.append(error)
            else:
                found = _with_unset(question, constructor, session)
                turned = {name: value for name, value in found.constructor.items() if name not in told.arguments}
                return Opened(constructor.without(turned), found, turned)
    farthest = max(raised, key=lambda error: FARTHER.get(error.where, 0), default=None)
    said = f"{farthest.kind}: {farthest.message or farthest.place}" if farthest else "nothing"
    raise NotJudgeableError(
        f"`{target}` makes no trial step: it raised {said}; where it asks for something else, give it with "
        "--argument NAME=VALUE, or with --group NAME=VALUE what every param group must say, or name a function that "
        "takes parameters and settings and returns the optimizer"
    )


def _in_groups(target: str, constructor: Constructor, session: Session, told: Stated) -> Constructor:
    """Return what the groups of a target show whose constructor names no settings."""
    for way in INSIDE:
        calling = {**way, "flags": dict(told.flags)}
        asked = {"op": "describe", "target": target, "constructor": dict(told.arguments), "calling": calling}
        trial = session.request({**asked, "shape": list(MATRICES[0])}).header["trial"]
        if trial.get("ok"):
            rest = {name: value for name, value in trial["options"].items() if name not in told.flags}
            signature = [{"name": name, "kind": "keyword_only", "default": value} for name, value in rest.items()]
            return constructor_of(signature, {}, function=True)
    return constructor


def _with_unset(question: Question, constructor: Constructor, session: Session) -> Question:
    """Return a question with a number for each setting that has none by default and takes one with effect.

    Where every number is refused it is asked again with each Boolean turned.
    """
    known = {slot.name for slot in question.slots}
    unset = (name for name in constructor.unset if name not in known)
    for name, number in zip(unset, itertools.cycle(UNSET)):
        with_it = (*question.slots, Slot(name, None, 0.0, number, unset=True))
        turned = ({flag: not value} for flag, value in constructor.switches.items() if flag not in ASKED_ELSEWHERE)
        for more in ({}, *turned):
            given = dataclasses.replace(question, constructor={**question.constructor, **more})
            before = asked_with(given, session)
            after = asked_with(given, session, slots=with_it)
            if after is not None and (before is None or after.differs(before)):
                question = dataclasses.replace(given, slots=with_it)
            if after is not None:
                break
    return question


def _questions(
    target: str, constructor: Constructor, framework: str, told: Stated, ways: Sequence[Mapping[str, Any]]
) -> Iterator[Question]:
    """Yield ways to ask: every number at work first, then fewer, for matrices and vectors."""
    torch = framework == "torch"
    flags = {"flags": dict(told.flags)} if told.flags else {}
    for way in ways if torch else ways[:1]:
        for layout in LAYOUTS if torch else LAYOUTS[:1]:
            for shapes in (MATRICES, VECTORS):
                for slots in _given(constructor):
                    yield Question(
                        target, slots, dict(told.arguments), shapes, FLOAT64, layout, framework, {**way, **flags}
                    )


def _given(constructor: Constructor) -> Iterator[tuple[Slot, ...]]:
    """Yield numbers for the slots, all but one of those that may be off, and a number for one that cannot stay None."""
    yield from numbers(constructor.slots)
    off = [slot for slot in constructor.slots if slot.sort == OFF]
    for one in off:
        yield tuple(slot.at_default() if slot is one else slot for slot in constructor.slots)
    for one in off:
        yield tuple(slot.at_default() if slot in off and slot is not one else slot for slot in constructor.slots)
    for name in constructor.unset:
        yield (*constructor.slots, Slot(name, None, None, NEEDED))


def numbers(slots: tuple[Slot, ...]) -> Iterator[tuple[Slot, ...]]:
    """Yield numbers for slots: each its own, those that guard alike together, then more and more at their default."""
    kept: tuple[tuple[str, ...], ...] = ((), (LARGE,), (OFF,), (OFF, LARGE), (OFF, LARGE, GUARD))
    chosen = [slots, tuple(_twin(slot, slots) or slot for slot in slots)]
    chosen += [tuple(slot.at_default() if slot.sort in sorts else slot for slot in slots) for sorts in kept[1:]]
    chosen.append(tuple(slot.at_default() for slot in slots))
    yield from dict.fromkeys(chosen)


def _twin(slot: Slot, slots: tuple[Slot, ...]) -> Slot | None:
    """Return a slot with the number of the first that guards a division by the same default."""
    first = next((other for other in slots if other.sort == GUARD and other.default == slot.default), slot)
    return None if first is slot else dataclasses.replace(slot, value=first.value)


def twins(slots: tuple[Slot, ...]) -> frozenset[str]:
    """Return the labels of slots that have the number of another before them."""
    return frozenset(
        slot.label for place, slot in enumerate(slots) if slot.value in {other.value for other in slots[:place]}
    )


def asked_with(question: Question, session: Session, **changed: object) -> Course | None:
    """Ask a question with something changed; returns nothing where the target raises."""
    try:
        return ask(dataclasses.replace(question, **changed), session)  # type: ignore[arg-type]
    except TargetError:
        return None
