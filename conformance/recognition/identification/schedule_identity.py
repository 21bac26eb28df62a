"""Identifies a scheduler by its curve: its schedule with its options, and the part of each argument."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.curves import (
    FACTORS,
    LR,
    METRIC_OF_TIMM,
    METRICS,
    MILESTONES,
    SCALES,
    RateCurve,
    ScheduleArgument,
    asked,
    opened,
)
from impls.catalogue.torch_schedulers import SCHEDULERS
from impls.libraries import OTHER_SCHEDULERS
from impls.session import Session
from reference.schedules import references
from reference.undefined import Undefined, valued
from spec import schedules as book
from spec.schedule import Schedule, Setting

COMPOSED = frozenset({"chain", "sequence"})
TOLD_THE_EPOCH = "timm"
RATE, SCALE, SAME_AS_UP = "lr", "gamma", {"step_size_down": "step_size_up"}
MOST, MOST_CURVES = 2000, 60
MOMENTA = frozenset({"base_momentum", "max_momentum"})


@dataclass(frozen=True, eq=False)
class Part:
    """What an argument is: a setting, the sum of one with another, or its share of another."""

    keyword: str
    how: str = ""
    other: str = ""

    def value(self, given: float, known: Mapping[str, float]) -> float:
        """Return the setting, from what the argument is given and the settings that are known.

        Raises ``Undefined`` where the one that it is told with is not among them.
        """
        if self.how and self.other not in known:
            raise Undefined(f"{self} has no value without {self.other}")
        if self.how == "sum":
            return given - known[self.other]
        return given * known[self.other] if self.how == "share" else given

    def __str__(self) -> str:
        return {"sum": f"{self.other} + {self.keyword}", "share": f"{self.keyword} over {self.other}"}.get(
            self.how, self.keyword
        )


@dataclass(frozen=True, eq=False)
class Claimant:
    """A schedule, the part of each argument that has one, and the settings that are held."""

    schedule: Schedule
    parts: Mapping[str, Part]
    held: Mapping[str, float]

    def settings(self, arguments: Sequence[ScheduleArgument]) -> dict[str, float]:
        """Return every setting for arguments; raises ``Undefined`` where one is missing or is not legal."""
        known = dict(self.held)
        order = sorted(arguments, key=lambda a: a.name in self.parts and bool(self.parts[a.name].how))
        for argument in order:
            part = self.parts.get(argument.name)
            if part is not None and isinstance(argument.value, int | float):
                known[part.keyword] = part.value(argument.value, known)
        for name, same in SAME_AS_UP.items():
            if same in known and name not in known:
                known[name] = known[same]
        for item in self.schedule.hyperparameters:
            if item.keyword in known and known[item.keyword] not in item.domain:
                raise Undefined(f"{item.keyword}={known[item.keyword]!r} is not in {item.domain}")
        return known

    def rates(self, curve: RateCurve) -> list[float]:
        """Return the learning rates of the reference, as many as it has; none without one."""
        if self.schedule.name not in references():
            return []
        given = {"milestones": MILESTONES, "factors": SCALES if self.schedule.name != "given" else FACTORS}
        reference, options = valued(references()[self.schedule.name]), self.schedule.options
        times = range(len(curve.rates))
        try:
            settings = self.settings(curve.arguments)
            if curve.over_metrics:
                return reference(options, settings, given, METRICS)
            if self.schedule.ends:  # beyond them it has no value
                times = range(min(len(times), int(settings[self.schedule.ends])))
            return reference(options, settings, given, times)
        except Undefined:
            return []


@dataclass(frozen=True)
class ScheduleIdentity:
    """What the curve of a target shows: the candidates that explain it, the best first.

    ``beside`` are arguments with what each makes of it when it is given too; nothing where no schedule of
    the book does that.  ``nearest`` is the best of all others with the first step at which it differs.
    """

    target: str
    curve: RateCurve
    fitting: tuple[Claimant, ...]
    nearest: tuple[int, float, Claimant] | None
    beside: Mapping[str, Claimant | None] = dataclasses.field(default_factory=dict)


def identify_schedule(target: str, session: Session) -> ScheduleIdentity:
    """Tell which schedule a target follows; raises ``NotJudgeableError`` where it follows none that can be asked."""
    signature = session.request({"op": "signature", "target": target}).header["parameters"]
    best: ScheduleIdentity | None = None
    still: ScheduleIdentity | None = None
    moved = False
    for curve in _telling(itertools.islice(opened(target, signature, session), MOST_CURVES)):
        found = _explained(curve, session)
        if found.fitting and _heeds_metrics(curve, session):
            continue
        moved = moved or not curve.flat
        if found.fitting and curve.flat and any(item.get("default", ...) in (None, ...) for item in signature[1:]):
            still = still or found  # what is None, or another number, may make more of it
        elif found.fitting:
            return dataclasses.replace(found, beside=dict(_beside(found, session)))
        if best is None or (found.nearest and (best.nearest is None or found.nearest[0] > best.nearest[0])):
            best = found
    if still is not None and not moved:
        return dataclasses.replace(still, beside=dict(_beside(still, session)))
    if best is None:
        raise NotJudgeableError(f"`{target}` follows no schedule with numbers, milestones or a function for arguments")
    return best


def _telling(curves: Iterator[RateCurve]) -> Iterator[RateCurve]:
    """Yield the curves that show something, and not that a scheduler waits for a metric or has nothing left to do."""
    for curve in curves:
        at_work = any(a.default is not None and a.value != a.default for a in curve.arguments)
        waits = curve.flat and (at_work or curve.interface == TOLD_THE_EPOCH)
        if not (waits or curve.vanishes or curve.explodes):
            yield curve


def _heeds_metrics(curve: RateCurve, session: Session) -> bool:
    """Tell whether a scheduler that is told the epoch goes elsewhere with a metric beside it."""
    if curve.interface != TOLD_THE_EPOCH:
        return False
    measured = asked(dataclasses.replace(curve, interface=METRIC_OF_TIMM), session)
    return measured is not None and measured.differs(curve)


def _beside(found: ScheduleIdentity, session: Session) -> Iterator[tuple[str, Claimant | None]]:
    """Yield each argument that is at its default, with what it makes of the schedule."""
    for argument in found.curve.arguments:
        if argument.default is None or argument.value != argument.default or argument.unset:
            continue
        value = _other(argument)
        arguments = tuple(dataclasses.replace(a, value=value) if a is argument else a for a in found.curve.arguments)
        curve = asked(dataclasses.replace(found.curve, arguments=arguments), session)
        if curve is not None and curve.differs(found.curve):
            mine = _explained(curve, session)
            yield argument.name, mine.fitting[0] if mine.fitting else None


def _other(argument: ScheduleArgument) -> float:
    default = argument.default or 0.0
    if isinstance(default, int):
        return 3 if default == 0 else default + 1
    return 0.0625 if default == 0 else 0.83 * default


def _explained(curve: RateCurve, session: Session) -> ScheduleIdentity:
    """Return the candidates that agree with a curve from the first value to the last."""
    active = [argument for argument in curve.arguments if _matters(argument, curve, session)]
    whole: list[Claimant] = []
    nearest: tuple[int, float, Claimant] | None = None
    for schedule in _variants(over_metrics=curve.over_metrics):
        for candidate in itertools.islice(_claimants(schedule, active, curve), MOST):
            rates = candidate.rates(curve)
            pairs = zip(curve.rates, rates, curve.limits, strict=False)
            first = next((n for n, (a, b, most) in enumerate(pairs) if not abs(a - b) <= most), len(rates))
            if first >= len(rates) and len(rates) >= len(curve.rates) - bool(schedule.ends):
                whole.append(candidate)
            elif rates and (nearest is None or first > nearest[0]):
                ratio = curve.rates[first] / rates[first] if first < len(rates) and rates[first] else math.nan
                nearest = (first, ratio, candidate)
    whole.sort(key=preference)
    return ScheduleIdentity(curve.target, curve, tuple(whole), nearest)


def preference(one: Claimant) -> tuple[int, ...]:
    """Return what orders candidates of one curve: the least is held or derived, the most people mean it."""
    derived = sum(bool(part.how) for part in one.parts.values())
    return (len(one.held), derived, -_claimed(one.schedule.name))


@functools.cache
def _claimed(name: str) -> int:
    return sum(1 for item in (*SCHEDULERS, *OTHER_SCHEDULERS) if item.schedule == name)


def _matters(argument: ScheduleArgument, curve: RateCurve, session: Session) -> bool:
    """Tell whether an argument changes the curve; what has no other value is taken to do so."""
    if not isinstance(argument.value, int | float):
        return False
    if argument.default is None or argument.unset:
        other: float = argument.value + 2 if argument.length else 0.9 * argument.value
    elif argument.value == argument.default:
        return False
    else:
        other = argument.default
    arguments = tuple(dataclasses.replace(a, value=other) if a is argument else a for a in curve.arguments)
    came = asked(dataclasses.replace(curve, arguments=arguments), session)
    return came is None or curve.differs(came)


@functools.cache
def _variants(*, over_metrics: bool) -> tuple[Schedule, ...]:
    found = []
    for name, family in book.families().items():
        if name not in COMPOSED:
            found += [one for one in family.variants() if one.follows_metrics == over_metrics]
    return tuple(found)


def _claimants(schedule: Schedule, active: Sequence[ScheduleArgument], curve: RateCurve) -> Iterator[Claimant]:
    """Yield every way in which the active arguments have parts in a schedule."""
    lists = [a for a in curve.arguments if not isinstance(a.value, int | float | str)]
    if bool(schedule.given) != bool(lists):
        return
    items = [item for item in schedule.hyperparameters if item.keyword not in MOMENTA]
    optimizer_has_it = curve.interface != "optax"
    open_items = [item for item in items if not (optimizer_has_it and item.keyword == RATE)]
    for parts in _assigned(tuple(active), open_items):
        keywords = {part.keyword for part in parts.values()}
        left = [item for item in open_items if item.keyword not in keywords]
        lengths = (item for item in left if _is_length(item) and item.keyword not in SAME_AS_UP and item.default > 1)
        if not curve.over_metrics and any(lengths):
            continue
        held = {item.keyword: item.default for item in left if item.keyword not in SAME_AS_UP}
        momenta = {item.keyword: item.default for item in schedule.hyperparameters if item.keyword in MOMENTA}
        own = {RATE: LR} if optimizer_has_it and any(item.keyword == RATE for item in items) else {}
        scales = {SCALE: SCALES[0]} if SCALE in held and any(_has_scales(argument) for argument in lists) else {}
        yield Claimant(schedule, parts, {**own, **held, **momenta, **scales})


def _has_scales(argument: ScheduleArgument) -> bool:
    """Tell whether milestones have scales beside them."""
    return isinstance(argument.value, list) and isinstance(argument.value[0], list)


def _assigned(arguments: tuple[ScheduleArgument, ...], items: Sequence[Setting]) -> Iterator[dict[str, Part]]:
    """Yield parts for arguments, no setting twice."""
    if not arguments:
        yield {}
        return
    first, *others = arguments
    for part in _parts(first, items):
        left = [item for item in items if item.keyword != part.keyword]
        for rest in _assigned(tuple(others), left):
            yield {first.name: part, **rest}


def _parts(argument: ScheduleArgument, items: Sequence[Setting]) -> Iterator[Part]:
    lengths = [item.keyword for item in items if _is_length(item)]
    named = [item for item in items if item.keyword == argument.name]
    for item in named or items:
        if argument.length == _is_length(item) or argument.default is None or argument.unset:
            yield Part(item.keyword)
    if named:
        return
    if argument.length:
        yield from (Part(own, "sum", other) for own in lengths for other in ("warmup", "decay") if own != other)
    else:
        yield from (Part(item.keyword, "share", RATE) for item in items if item.keyword == "eta_min")


def _is_length(item: Setting) -> bool:
    return isinstance(item.default, int)
