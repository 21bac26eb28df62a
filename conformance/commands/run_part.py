"""A part of a run: what is judged under the same interpreter, on one device, in the same formats, equally hard."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance import claims
from conformance.catalogue import optimizer_units, scheduler_units, selection
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.catalogue.scheduler_units import SchedulerUnit
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.verdict import Level
from conformance.report.difference import ScopeEntry
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import DEVICES, FLOATS, HOST
from impls.session import MEMORY

Unit = OptimizerUnit | SchedulerUnit


@dataclass(frozen=True)
class RunPart:
    """Implementations and schedulers, and how they are judged.

    ``properties`` names claims of either chapter, where not all are asked for, and ``paths`` execution
    paths.  ``levels`` are those that somebody chose for claims.
    """

    implementations: tuple[Implementation, ...]
    schedulers: tuple[Scheduler, ...]
    budget: float
    seed: int
    device: str = HOST
    dtypes: tuple[str, ...] = FLOATS
    properties: tuple[str, ...] = ()
    python: str | None = None
    timeout: float = 60.0
    memory: int = MEMORY
    paths: tuple[str, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)

    @property
    def judged(self) -> tuple[Implementation | Scheduler, ...]:
        """All that is judged."""
        return (*self.implementations, *self.schedulers)

    @property
    def scope(self) -> ScopeEntry:
        """What it asks for, as a report says it."""
        names = sorted({*(i.identifier for i in self.implementations), *(s.name for s in self.schedulers)})
        return ScopeEntry(tuple(names), self.device, self.dtypes, self.properties, self.paths, self.budget)

    def asked(self, chapter: str) -> tuple[str, ...]:
        """Return the claims of a chapter that are asked for."""
        every = claims.identifiers(chapter)
        return tuple(name for name in every if name in self.properties) if self.properties else every

    def units(self) -> list[Unit]:
        """Return the units of the part."""
        common: dict[str, Any] = {
            "budget": self.budget,
            "seed": self.seed,
            "python": self.python,
            "timeout": self.timeout,
            "memory": self.memory,
        }
        found: list[Unit] = list(
            optimizer_units.units(
                self.implementations,
                device=self.device,
                dtypes=self.dtypes,
                properties=self.asked(OPTIMIZERS),
                asked=self.paths,
                **common,
            )
        )
        asked = self.asked(SCHEDULERS)
        units = scheduler_units.units(self.schedulers, properties=asked, **common) if asked else []
        found += [unit for unit in units if not self._left_out(unit)]
        return [replace(unit, levels=self.levels) for unit in found] if self.levels else found

    def _left_out(self, unit: SchedulerUnit) -> str:
        """Return why a scheduler is not judged, or nothing."""
        cell = unit.cell("")
        if self.device != cell.device:
            return f"a schedule is computed on the host: it has no part on {self.device}"
        if cell.dtype not in self.dtypes:
            return f"its learning rates are {cell.dtype}: ask for it with --dtype {cell.dtype}"
        return f"its path is {cell.path}" if self.paths and cell.path not in self.paths else ""

    def not_run(self, present: Collection[str]) -> tuple[str, ...]:
        """Return a sentence for all that is left out, where the devices ``present`` are there."""
        devices = (d.absent for name, d in DEVICES.items() if self.implementations and name not in present)
        paths = selection.left_out(self.implementations, self.device, self.paths, self.asked(OPTIMIZERS))
        units = scheduler_units.units(self.schedulers, properties=(), budget=self.budget, seed=self.seed)
        refused = (f"not run: {i.identifier} refuses {why}" for i in self.implementations for why in i.refusals)
        schedulers = [f"not run: {u.label}: {why}" for u in units if (why := self._left_out(u))]
        held = DEVICES[self.device].dtypes
        formats = (f"not run: {name}: no such format on {self.device}" for name in self.dtypes if name not in held)
        return (*devices, *formats, *paths, *refused, *self._untried(), *schedulers)

    def _untried(self) -> Iterator[str]:
        """Yield a sentence for each optimizer with other keywords, parts that it compiles, or a process group."""
        for item in self.implementations:
            if item.compiles:
                parts = ", ".join(item.compiles)
                yield f"not run: {item.identifier} as compiled: what it gives to torch.compile ran as written: {parts}"
            if item.calling.get("alone"):
                why = "it asks for a process group, and has one of this process"
                yield f"not run: {item.identifier} among others: {why}"
            if item.untried:
                count = f"{len(item.untried)} keyword{'s' * (len(item.untried) > 1)} of its constructor"
                names = ", ".join(item.untried)
                yield f"not run: {item.identifier}: {count} with other values than their defaults: {names}"
