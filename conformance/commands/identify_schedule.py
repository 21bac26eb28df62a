"""Says which schedule with which options an unknown scheduler follows, as its curve shows."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.curves import LR
from conformance.recognition.identification.schedule_identity import Claimant, ScheduleIdentity, identify_schedule
from impls.session import Session
from spec import schedules as book
from spec.schedule import Schedule


def schedule_of(target: str, session: Session) -> ScheduleIdentity | None:
    """Return what a target is that is no optimizer and follows a schedule, or nothing."""
    found = curve_of(target, session)
    return found if found is not None and found.fitting else None


def curve_of(target: str, session: Session) -> ScheduleIdentity | None:
    """Return what the curve of a target shows that is no optimizer, or nothing where there is none."""
    answer = session.request({"op": "describe", "target": target, "constructor": {}}).header
    if answer["is_optimizer"]:
        return None
    try:
        return identify_schedule(target, session)
    except NotJudgeableError:
        return None


def departing(schedule: Schedule) -> dict[str, str]:
    """Return the options in which a schedule departs from the first of their values."""
    first = {option.name: option.default for option in book.family(schedule.name).options}
    return {name: value for name, value in schedule.options.items() if value != first[name]}


def called(schedule: Schedule) -> str:
    """Return a schedule's name with those options."""
    options = ", ".join(f"{name}={value}" for name, value in departing(schedule).items())
    return f"{schedule.name} with {options}" if options else schedule.name


def first_line(identity: ScheduleIdentity) -> str:
    """Return the sentence that says what a scheduler is taken for, and what its curve does not decide."""
    best, *others = dict.fromkeys(candidate.schedule for candidate in identity.fitting)
    said = f"{called(best)}, as its curve shows; --schedule and --option claim another"
    if others:
        said += f" (its curve is also that of {' and '.join(called(other) for other in others)})"
    return said


def described_schedule(identity: ScheduleIdentity) -> Iterator[str]:
    """Yield the lines that tell an identity."""
    if not identity.fitting:
        yield f"{identity.target} follows no schedule of the book, as far as its curve shows"
    else:
        best = identity.fitting[0]
        yield f"{identity.target} is {called(best.schedule)}, as its curve shows"
        yield f"  arguments    {', '.join(_arguments(best)) or 'none'}"
        held = ", ".join(f"{name} is always {value:g}" for name, value in best.held.items() if name != "lr")
        if held:
            yield f"  held         {held}"
        yield f"  agrees       in {len(identity.curve.rates)} learning rates, from {LR:g} where the optimizer has it"
        for other in dict.fromkeys(c.schedule for c in identity.fitting[1:] if c.schedule is not best.schedule):
            yield f"  the same as  {called(other)}: this curve does not tell them apart"
        for name, makes in identity.beside.items():
            yield f"  with {name}  {called(makes.schedule) if makes is not None else 'no schedule of the book'}"
    if identity.nearest is not None:
        step, ratio, candidate = identity.nearest
        times = f" ({ratio:.6g} times what it says)" if f"{ratio:.6g}" != "1" else ""
        yield f"  next best    {called(candidate.schedule)} differs first at t={step}{times}"


def _arguments(candidate: Claimant) -> Iterator[str]:
    for name, part in candidate.parts.items():
        yield name if str(part) == name else f"{name} is {part}"
