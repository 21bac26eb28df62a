"""What an entry of the catalogue of schedulers says: what it claims, and how it is called.

An entry is plain data, as in the catalogue of optimizers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

CLOSED, RECURRENCE = "closed form", "recurrence"
COMPOSITIONS = frozenset({"sequence", "chain"})
CLAIM = "#"
"""Separates a target from what it claims, in the name of a scheduler that is not in the catalogue."""
TORCH, TIMM, OPTAX, NUMPY = "torch", "timm", "optax", "numpy"
"""How a scheduler is driven: step(); step(epoch), counted by the caller; a function of the optimizer's
count; a plain function of t, in the process of the judge."""
DAMPENING, RATE, MULTIPLIER = "dampening", "rate", "multiplier"
"""And: by a context manager around another schedule's step; a plain function of t that is the learning rate, or
a factor on the optimizer's."""
FUNCTIONS = frozenset({RATE, MULTIPLIER})
PATHS = {OPTAX: "count", NUMPY: "numpy", DAMPENING: "dampening()", RATE: "function", MULTIPLIER: "function"}


@dataclass(frozen=True)
class PartList:
    """One argument that takes the settings of every part of a sequence: its keyword, and the entry of the parts."""

    keyword: str
    entry: str


@dataclass(frozen=True)
class Scheduler:
    """Code that claims a schedule.

    ``options`` are the schedule's options it always has; ``switches`` maps an option to its
    constructor keyword and the value for each choice.  ``computes`` is the arithmetic that it
    declares for stepping: the closed form, another form of it by name, or the recurrence;
    ``at_epoch`` what it declares for an epoch that it is given.
    ``keywords`` maps the schedule's keywords to its own, where they differ: none where it takes a sum
    or a ratio of several, by its own keyword in ``sums`` and ``ratios``.  ``fixed`` are settings that
    it cannot be given, ``constructor`` its own that choose the schedule.
    ``lists`` and ``tables`` name keywords that take milestones and functions of t.
    ``profile`` declares its arithmetic where that is not the host's: the format of ``scalar``s, the
    error of ``functions`` in units in the last place, quotients by ``reciprocal``, ``flush``.
    """

    identifier: str
    target: str
    schedule: str
    computes: str = CLOSED
    options: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    constructor: Mapping[str, Any] = field(default_factory=dict)
    at_epoch: str = CLOSED
    by_epoch: bool = True
    fractional: bool = False
    momentum: bool = False
    lists: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    chainable: bool = False
    part_list: PartList | None = None
    """Where one argument takes the settings of all parts, which are schedulers of one entry."""
    single_base_lr: bool = False
    """Whether it takes one learning rate for all groups: cases give every group the same one."""
    single_settings: bool = False
    """Whether it takes its settings once for all groups: cases give every group the same ones."""
    otherwise: str = ""
    """Another way to give its arguments, which says the same: epochs, or a scale_fn."""
    interface: str = TORCH
    library: str = "torch"
    framework: str = "torch"
    profile: Mapping[str, Any] = field(default_factory=dict)
    any_form: bool = False
    """It declares no arithmetic: whatever form of the formula explains a run is legal."""
    metric: str = ""
    """What its step calls a metric, where that is not the only argument."""
    lacks: tuple[str, ...] = ()
    """Parts of the interface of torch's schedulers that it does not have, as `get_last_lr`."""
    takes_optimizer: bool = True
    of_step: str = ""
    """The argument that is the step, where the target is itself the function of it."""
    wraps: Mapping[str, str] = field(default_factory=dict)
    """Arguments that take a scheduler, and the schedule of the book that this has."""
    accepted: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The ranges of settings within which it is judged, where its constructor refuses others."""

    @property
    def path(self) -> str:
        """How it is driven: by its own step, by the optimizer's count, or called with t."""
        return PATHS.get(self.interface, "step()")

    @property
    def dtype(self) -> str:
        """The format of its learning rates."""
        return "float32" if self.interface == OPTAX else "float64"

    @property
    def distinct(self) -> bool:
        """Tell whether its milestones are the keys of a table: no two of them are equal."""
        return self.interface == OPTAX or bool(self.lists and self.tables)

    def choices(self) -> Iterator[dict[str, str]]:
        """Yield the choices of its switches that are judged one by one: all that it can be given.

        A reference has every option of the book: the first value of each, and each other one alone.
        """
        names = list(self.switches)
        every = [list(self.switches[name][1]) for name in names]
        first = {name: values[0] for name, values in zip(names, every, strict=True)}
        if self.interface == NUMPY:
            yield first
            for name, values in zip(names, every, strict=True):
                yield from ({**first, name: value} for value in values[1:])
        else:
            yield from (dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*every))

    def variants(self) -> Iterator[Scheduler]:
        """Yield it once for each choice of its switches, with that choice alone."""
        for chosen in self.choices():
            switches = {
                name: (keyword, {chosen[name]: values[chosen[name]]})
                for name, (keyword, values) in self.switches.items()
            }
            yield replace(self, switches=switches)

    @property
    def composed(self) -> bool:
        """Tell whether it is made of other schedulers."""
        return self.schedule in COMPOSITIONS

    @property
    def name(self) -> str:
        """What people call it: the identifier without what it claims."""
        return self.identifier.partition(CLAIM)[0]
