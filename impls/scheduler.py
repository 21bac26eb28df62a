"""What an entry of the catalogue of schedulers says: what it claims, and how it is called.

An entry is plain data, as in the catalogue of optimizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLOSED, RECURRENCE = "closed form", "recurrence"
CLAIM = "#"
"""Separates a target from what it claims, in the name of a scheduler that is not in the catalogue."""
TORCH, TIMM, OPTAX = "torch", "timm", "optax"
"""How a scheduler is driven: step(); step(epoch), counted by the caller; a function of the count."""


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
    last: str = ""
    each: tuple[str, str] = ("", "")
    """The keyword that takes the settings of every part, and the entry that every part is."""
    one_base: bool = False
    """Its arguments speak of one learning rate, the optimizer's default: groups of that one are asked."""
    otherwise: str = ""
    """Another way to give its arguments, which says the same: epochs, or a scale_fn."""
    interface: str = TORCH
    library: str = "torch"
    framework: str = "torch"
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it: the identifier without what it claims."""
        return self.identifier.partition(CLAIM)[0]
