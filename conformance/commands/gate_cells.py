"""The cells of a gate one by one, for a test runner: each is judged by itself, in the process that asks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from typing import Any

from conformance import claims
from conformance.catalogue.optimizer_units import OptimizerUnit
from conformance.commands.gate_parts import Workers, gathered
from conformance.commands.limits import bytes_of
from conformance.commands.project import surroundings
from conformance.commands.run_part import Unit
from conformance.configuration.reading import Located
from conformance.engine.judging import Judged
from conformance.engine.verdict import CellResult
from impls.session import Session


@dataclass(frozen=True)
class GateCell:
    """One property of one target on one path in one format, and the configuration that asks for it."""

    found: Located
    unit: Unit
    claim: str

    def __str__(self) -> str:
        return f"{self.unit.label}: {self.claim}"

    @property
    def words(self) -> tuple[str, ...]:
        """What it can be selected by: target, path, device, format, chapter and property."""
        cell = self.unit.cell(self.claim)
        return cell.implementation, cell.path, cell.device, cell.dtype, self.claim.partition("/")[0], self.claim

    def judged(self) -> CellResult | None:
        """Judge it; nothing where the property is not about such a thing."""
        with chdir(self.found.file.parent), surroundings(self.found.settings):
            events = claims.judge(dataclasses.replace(self.unit, properties=(self.claim,)))
            return next((event.result for event in events if isinstance(event, Judged)), None)


class _Remembering(OptimizerUnit):
    """A unit whose subject is made once in a worker: the profile that is found is that of all its cells."""

    def subject(self, session: Session) -> Any:
        return session.remember(("subject", self.label), lambda: super(_Remembering, self).subject(session))


def cells(found: Located) -> Iterator[GateCell]:
    """Yield every cell of a configuration; raises what ``gathered`` does, and ``LookupError`` for what has none."""
    with chdir(found.file.parent), surroundings(found.settings):
        workers = Workers(found.settings.timeout, bytes_of(found.settings.memory))
        with workers.stack:
            made = gathered(found.settings, workers, lambda _: None)
    if made.unjudged:
        raise LookupError("; ".join(made.unjudged))
    for unit in (unit for part in made.parts for unit in part.units()):
        yield from (GateCell(found, _remembering(unit), name) for name in unit.properties)


def _remembering(unit: Unit) -> Unit:
    """Return a unit that measures no power: a test has no place for it."""
    if not isinstance(unit, OptimizerUnit):
        return dataclasses.replace(unit, draw=False)
    fields = {field.name: getattr(unit, field.name) for field in dataclasses.fields(unit)}
    return _Remembering(**{**fields, "measure_power": False, "steer": False})
