"""The kind of weight decay that steps show whatever else they do: where its share in them comes in."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from conformance.recognition.identification.candidates import NONE
from conformance.recognition.identification.opening import asked_with
from conformance.recognition.identification.slots import SWITCHED_ON, Slot
from conformance.recognition.identification.steps import LATER, Course, Question, ask
from impls.session import Session, TargetError
from reference.formats import FLOAT64, Array

COUPLED, DECOUPLED, PROXIMAL = "coupled", "decoupled", "proximal"
HALF = 2.0 ** -(FLOAT64.precision // 2)


def decay_shown(question: Question, decay: Slot, rate: Slot | None, session: Session) -> str:
    """Return the kind of decay that a setting has, ``none`` where it changes no step, and nothing where none shows.

    Coupled decay makes the steps that gradients with the decay in them make without it.  Any other leaves no trace
    in the states: once it is set to 0 on the way, steps are those without it.
    """
    at_work = dataclasses.replace(decay, value=decay.value or SWITCHED_ON[0])
    off = dataclasses.replace(decay, value=0.0)
    on = asked_with(question, session, slots=_with(question, at_work))
    without = asked_with(question, session, slots=_with(question, off))
    if on is None or without is None:
        return ""
    if not on.differs(without):
        return NONE
    if _follows_gradients(on, off, at_work.value, session):
        return COUPLED
    left = asked_with(on.question, session, changes=(off,))
    if left is None or not left.differs(on) or not _moves_alike(left, without):
        return ""
    return PROXIMAL if rate is not None and _divides(on, without, rate.value * at_work.value) else DECOUPLED


def _with(question: Question, slot: Slot) -> tuple[Slot, ...]:
    return tuple(slot if other.label == slot.label else other for other in question.slots)


def _follows_gradients(on: Course, off: Slot, weight: float, session: Session) -> bool:
    """Tell whether gradients with ``weight`` times the parameter in them make the same steps without decay."""
    gradients = tuple(
        tuple(gradient + weight * before for gradient, before in zip(given, came, strict=False))
        for given, came in zip(on.given, on.came, strict=True)
    )
    storage = on.question.storage.dtype
    stored = tuple(tuple(each.astype(storage) for each in given) for given in gradients)
    try:
        other = ask(dataclasses.replace(on.question, slots=_with(on.question, off)), session, stored)
    except TargetError:
        return False
    return not on.differs(other)


def _moves_alike(left: Course, without: Course) -> bool:
    """Tell whether two courses move by the same from the step on before which a setting is changed."""
    pairs = zip(left.came, without.came, strict=True)
    return all(_alike(_moves(one), _moves(other)) for one, other in pairs)


def _moves(course: Sequence[Array]) -> list[Array]:
    return [after - before for before, after in itertools.pairwise(course)][LATER - 1 :]


def _alike(some: Sequence[Array], others: Sequence[Array]) -> bool:
    """Tell whether arrays agree in half of their digits, in relation to the largest of each."""
    with np.errstate(all="ignore"):
        sizes = [float(np.max(np.abs(one))) for one in some]
        return all(
            bool(np.max(np.abs(one - other)) <= HALF * size)
            for one, other, size in zip(some, others, sizes, strict=True)
        )


def _divides(on: Course, without: Course, share: float) -> bool:
    """Tell whether the first step with decay is that without, divided by 1 + ``share``."""
    first = ([course[1] for course in each.came] for each in (on, without))
    mine, other = first
    return _alike([(1.0 + share) * each for each in mine], other)
