"""The curve of an unknown scheduler: the learning rates of many steps, with chosen arguments."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from impls.session import Session, TargetError

METRIC, METRIC_OF_TIMM = "metrics", "metrics of timm"
LR = 0.75
"""The learning rate of the optimizer under a scheduler."""
LONGEST = 48
LENGTHS = (LONGEST, 30, 20, 12, 6)
"""So many steps are read, fewer where a schedule is over before."""
MILESTONES = (4, 9, 17)
COUNTS, SHARES, SMALL = (7, 3, 5, 17), (0.41, 0.83, 0.59), (0.0625, 0.0125, 0.03125)
LEAST = 0.01
"""Defaults below this are thresholds, and are given a small number."""
SCALES = (0.5, 0.5, 0.5)
FACTORS = tuple(1.0 / (1.0 + t) + t % 5 / 8 for t in range(LONGEST + 1))
METRICS = (
    *(1.0, 0.75, 0.74, 0.745),
    *(0.9,) * 9,
    *(0.5, 0.495, 0.4875),
    *(0.5,) * 10,
    *(-0.5, -0.495, -0.505, -0.52),
    *(-0.52,) * 16,
    *(-2.0, -1.0, -2.0, -3.0),
)
NUMBERS = (
    (5, 23, 31, 11, 41, 17),
    (23, 5, 31, 11, 41, 17),
    (31, 23, 5, 11, 41, 17),
    (0.3, 0.2, 0.6, 0.4, 0.7, 0.5),
    (0.2, 19, 0.6, 13, 0.7, 5),
    (0.2, 0.6, 5, 13, 0.7, 19),
    (3, 4, 7, 2, 6, 5),
)
"""What is given for arguments without a default first: lengths in several orders, rates, both."""
MIXED = ((5, 13, 19, 31), (0.2, 0.6, 0.3, 0.7))
"""The lengths and the rates of every other mixture of both."""
PAIRS = [list(pair) for pair in zip(MILESTONES, SCALES, strict=True)]
OTHERS: tuple[Any, ...] = (list(MILESTONES), PAIRS, FACTORS, "linear", "cosine")
"""What is given where no number will do: milestones, milestones with scales, factors of t as a function, words."""


@dataclass(frozen=True)
class ScheduleArgument:
    """One argument of a scheduler: its keyword, its default (None where it must be given) and what it is given."""

    name: str
    default: float | None
    value: Any
    unset: bool = False

    @property
    def length(self) -> bool:
        """Tell whether it is given a whole number."""
        return isinstance(self.value, int)

    def at_default(self) -> ScheduleArgument:
        """Return it with its default, where it has one."""
        return self if self.default is None else dataclasses.replace(self, value=self.default)


@dataclass(frozen=True)
class RateCurve:
    """The learning rates that came of arguments, one for each step or metric from the start."""

    target: str
    interface: str
    arguments: tuple[ScheduleArgument, ...]
    rates: tuple[float, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def over_metrics(self) -> bool:
        """Tell whether it follows metrics."""
        return self.interface.startswith(METRIC)

    @property
    def half(self) -> float:
        """One unit in the middle digit of the format in which its rates are computed."""
        return float(2.0 ** -(24 // 2 if self.interface == "optax" else 53 // 2))

    @functools.cached_property
    def limits(self) -> tuple[float, ...]:
        """How far each rate may be off: half of the digits of it and of those beside it."""
        sizes = [abs(rate) for rate in self.rates]
        beside = zip([0.0, *sizes], sizes, [*sizes[1:], 0.0], strict=False)
        return tuple(self.half * max(near) for near in beside)

    @property
    def vanishes(self) -> bool:
        """Tell whether nothing is left of it after six steps: it shows no more than that."""
        return bool(self.rates) and max(map(abs, self.rates[6:]), default=1.0) < self.half * abs(self.rates[0])

    @property
    def flat(self) -> bool:
        """Tell whether it is one rate for ever."""
        return len(set(self.rates)) == 1

    @property
    def explodes(self) -> bool:
        """Tell whether it goes beyond all numbers, beside which everything is near."""
        return not all(map(math.isfinite, self.rates))

    def differs(self, other: RateCurve) -> bool:
        """Tell whether another curve goes elsewhere as far as both go, in half of its digits."""
        limit = self.half * max(1e-30, *map(abs, self.rates))
        return any(not abs(a - b) <= limit for a, b in zip(self.rates, other.rates, strict=False))


def asked(curve: RateCurve, session: Session) -> RateCurve | None:
    """Return the curve with its learning rates; nothing where the scheduler raises on every length."""
    for steps in LENGTHS[:1] if curve.over_metrics else LENGTHS:
        try:
            answer = session.request(_header(curve, steps)).header
        except TargetError as error:
            if error.place == "construct" or error.where == "construct":
                return None
            continue
        return dataclasses.replace(curve, rates=tuple(float(reading[0]) for reading in answer["used"]))
    return None


def _header(curve: RateCurve, steps: int) -> dict[str, Any]:
    actions: list[list[Any]] = [["run", steps - 1], ["read"]]
    if curve.over_metrics:
        actions = [["read"], ["metrics", list(METRICS)]]
    given = {a.name: a.value for a in curve.arguments if not (a.unset and a.value == a.default)}
    tables = {name: [list(value)] for name, value in given.items() if isinstance(value, tuple)}
    keywords = {**curve.more, **{name: value for name, value in given.items() if name not in tables}}
    interface = "timm" if curve.interface in {"timm", METRIC_OF_TIMM} else "torch"
    node = {"target": curve.target, "interface": interface, "keywords": keywords, "tables": tables}
    if curve.interface == "optax":
        return {"op": "schedule_optax", "schedules": [node], "actions": actions, "compiled": False}
    optimizer = {
        "target": "torch.optim:SGD",
        "constructor": {"momentum": 0.9, "lr": LR},
        "groups": [{"lr": LR}],
        "probe": True,
        "lr_dtype": None,
        "shared_lr": None,
    }
    return {"op": "schedule", "optimizer": optimizer, "scheduler": node, "actions": actions}


def opened(target: str, signature: Sequence[Mapping[str, Any]], session: Session) -> Iterator[RateCurve]:
    """Yield curves with as many arguments at work as a target takes: every one, then those that it needs."""
    for interface in ("torch", "timm", METRIC, METRIC_OF_TIMM, "optax"):
        named = [item for item in signature if not item["kind"].startswith("var_")]
        named = named if interface == "optax" else named[1:]
        needed = [item["name"] for item in named if "default" not in item]
        offered = tuple(_offered(named))
        usual, mixed = _given(len(needed)), _mixtures(len(needed))
        first = [(must, _at_work(offered)) for must in _must(needed, usual)]
        plain = tuple(argument.at_default() for argument in offered)
        for must, ways in (*first, *((must, (plain,)) for must in _must(needed, mixed))):
            for optional in ways:
                came = asked(RateCurve(target, interface, (*must, *optional)), session)
                if came is not None:
                    yield came
        for must in _must(needed, _given(len(needed))):
            yield from _with_one_more(named, must, offered, interface, target, session)


def _must(needed: Sequence[str], given: Iterator[tuple[Any, ...]]) -> Iterator[tuple[ScheduleArgument, ...]]:
    """Yield the arguments that must be given, with values."""
    for values in given:
        yield tuple(ScheduleArgument(name, None, value) for name, value in zip(needed, values, strict=True))


def _with_one_more(
    named: Sequence[Mapping[str, Any]],
    must: tuple[ScheduleArgument, ...],
    offered: tuple[ScheduleArgument, ...],
    interface: str,
    target: str,
    session: Session,
) -> Iterator[RateCurve]:
    """Yield curves with a length, a rate or milestones for one argument that is None by default."""
    milestones = (PAIRS,) if interface == "optax" else ()
    for item in named:
        if "default" in item and item["default"] is None:
            for number in (29, 0.03125, *milestones):
                more = ScheduleArgument(item["name"], -1.0, number, unset=True)
                for optional in _at_work(offered):
                    came = asked(RateCurve(target, interface, (*must, more, *optional)), session)
                    if came is not None:
                        yield came


def _at_work(offered: tuple[ScheduleArgument, ...]) -> Iterator[tuple[ScheduleArgument, ...]]:
    """Yield arguments of which ever fewer have another number than their default."""
    yield from dict.fromkeys(
        (
            offered,
            tuple(a.at_default() if a.default in {0, 1} and a.length else a for a in offered),
            tuple(a.at_default() if a.default == 0 and not a.length else a for a in offered),
            tuple(a.at_default() for a in offered),
        )
    )


def _given(count: int) -> Iterator[tuple[Any, ...]]:
    if count == 0:
        yield ()
        return
    yield from dict.fromkeys(tuple(itertools.islice(itertools.cycle(values), count)) for values in NUMBERS)
    for other in OTHERS:
        yield from ((other, *values[: count - 1]) for values in NUMBERS[:1])
        if count > 1:
            yield from ((*values[: count - 1], other) for values in NUMBERS[:1])


def _mixtures(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield every mixture of lengths and rates, of so many numbers."""
    for kinds in itertools.product(MIXED, repeat=count) if 1 < count <= len(MIXED[0]) else ():
        numbers = {kind: iter(kind) for kind in MIXED}
        yield tuple(next(numbers[kind]) for kind in kinds)


def _offered(named: Sequence[Mapping[str, Any]]) -> Iterator[ScheduleArgument]:
    """Yield the arguments with a number for a default, each with another number that it may be."""
    lengths, shares, small = (itertools.cycle(numbers) for numbers in (COUNTS, SHARES, SMALL))
    for item in named:
        default = item.get("default")
        if isinstance(default, bool) or not isinstance(default, int | float) or default == -1:
            continue
        if isinstance(default, int):
            value: Any = 2 if default in {0, 1} else next(lengths)
        elif 0 <= default < LEAST:
            value = next(small)
        else:
            value = next(shares) if 0 < default <= 1 else 0.75 * default
        yield ScheduleArgument(item["name"], default, value)
