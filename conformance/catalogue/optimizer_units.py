"""The units of a run of optimizers: a path of an implementation in one format, with its claims."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.catalogue import selection
from conformance.catalogue.catalogued import FRAMEWORK
from conformance.catalogue.numpy_references import reference_subject
from conformance.engine.claim import Claim, NotRunError, Plan
from conformance.engine.evidence import Exhibit
from conformance.engine.exhibits import ArithmeticEntry
from conformance.engine.ledger import OPTIMIZERS
from conformance.engine.power import Power
from conformance.engine.verdict import Cell, Level
from conformance.optimizers import mutants, profile_search
from conformance.optimizers.subject import WorkerSubject, worker_subject
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.devices import HOST
from impls.session import MEMORY, Session
from reference.formats import FORMATS

CASES_PER_SECOND = 1.1
"""Cases of local agreement per cell and second of budget; fixed, so that a budget fixes the cases."""
ELEMENTS, LARGE = 16384, 65536
"""Elements of a large tensor; more where a case is dear and its elements are not."""
POWER_FORMATS = ("float32", "float64")
TO_START, OF_A_CASE, OF_POWER = 10.0, 0.5, 60.0
"""What a unit costs before its claims, each of its cases, and its mutants; an eighth of a second each on one core."""
ARITHMETIC = "arithmetic"
"""The sort of what is shown of a profile that was found."""


@dataclass(frozen=True)
class OptimizerUnit:
    """A path of an implementation in one format.

    ``steer`` says that further cases are drawn for the mutants that survive the usual ones; ``least`` are
    element-cases of local agreement to decide.
    """

    implementation: Implementation
    path: ExecutionPath
    device: str
    dtype: str
    properties: tuple[str, ...]
    cases: int
    seed: int
    python: str | None = None
    timeout: float = 60.0
    memory: int = MEMORY
    measure_power: bool = True
    steer: bool = False
    least: int = 0
    levels: Mapping[str, Level] = dataclasses.field(default_factory=dict)

    chapter = OPTIMIZERS

    @property
    def label(self) -> str:
        """The implementation, its path and the format."""
        return f"{self.implementation.identifier} {self.path.name} {self.device} {self.dtype}"

    @property
    def library(self) -> str:
        """The package that ships the implementation."""
        return self.implementation.library

    @property
    def cost(self) -> float:
        """About how much it costs, in claims of the contract: it balances shards and decides nothing."""
        cases = TO_START + len(self.properties) + OF_A_CASE * self.cases
        return self.path.cost * cases + OF_POWER * self.measure_power

    @property
    def target(self) -> dict[str, Any]:
        """What a stored failure must say for its subject to be built again."""
        item = self.implementation
        profile = {} if item.declared or not self.path.declared else dict(self.path.profile)
        return {
            "chapter": OPTIMIZERS,
            "implementation": item.identifier,
            "profile": profile,
            "target": item.called,
            "rule": item.rule,
            "options": dict(item.options),
            "told": dict(item.told),
            "python": self.python,
        }

    @property
    def called(self) -> str:
        """Nothing: its stored cases name no target of their own."""
        return ""

    def brief(self, cases: int) -> OptimizerUnit | None:
        """Return it with few cases; nothing where a second worker could be in the way of the first."""
        if self.device != HOST or self.path.cost > 1:
            return None
        return dataclasses.replace(self, cases=cases, measure_power=False, steer=False, least=0)

    def cell(self, claim: str) -> Cell:
        """Return the cell of one property."""
        return Cell(self.implementation.identifier, self.path.name, self.device, self.dtype, claim)

    def subject(self, session: Session) -> WorkerSubject:
        """Return what is judged; raises ``NotRunError`` where torch compiles nothing."""
        if self.path.compiled and (reason := selection.cannot_compile(session)):
            raise NotRunError(f"torch compiles nothing here: {reason}")
        storage = FORMATS[self.dtype]
        if self.implementation.framework == FRAMEWORK:
            return reference_subject(self.implementation, storage, session)
        subject = worker_subject(self.implementation, self.path, self.device, storage, session)
        if subject.found is not None:
            profile_search.find(subject, subject.found, self.seed)
        return subject

    def plan(self, claim: Claim, power: Power) -> Plan:
        """Return how hard a claim is tested."""
        return Plan(
            max(3, round(self.cases * claim.share)),
            ELEMENTS if self.path.cost == 1 else LARGE,
            self.seed,
            power if self.measure_power else None,
            self.steer,
            self.least,
            credit=f"{claim.identifier} in {self.dtype}",
        )

    def power(self) -> Power:
        """Return the power of a unit that has judged nothing."""
        return Power(mutants.of)

    def exhibits(self, subject: WorkerSubject) -> Iterator[Exhibit]:
        """Yield the profile that was found, where nobody declared one."""
        if subject.found is not None:
            spared = {label: tuple(sorted(lines)) for label, lines in subject.found.spared.items()}
            cell = self.cell("")
            entry = ArithmeticEntry(cell.implementation, cell.path, cell.dtype, str(subject.profile), spared)
            yield Exhibit(ARITHMETIC, dataclasses.asdict(entry))


def units(
    implementations: tuple[Implementation, ...],
    *,
    device: str,
    dtypes: tuple[str, ...],
    properties: tuple[str, ...],
    budget: float,
    seed: int,
    python: str | None = None,
    timeout: float = 60.0,
    memory: int = MEMORY,
    asked: tuple[str, ...] = (),
) -> list[OptimizerUnit]:
    """Return the units of a run; ``budget`` is in seconds for each implementation on two cores.

    ``asked`` names the paths; without names it is every path that need not be asked for.
    """
    found = []
    for implementation in implementations:
        paths = selection.chosen(implementation, device, asked)
        cells = sum(len([d for d in dtypes if d in p.dtypes]) for p in paths)
        cases = max(4, round(CASES_PER_SECOND * budget * 12 / max(cells, 1)))
        for path in paths:
            unit = OptimizerUnit(
                implementation, path, device, "", (), max(1, cases // path.cost), seed, python, timeout, memory
            )
            found += _formats(unit, dtypes, properties, first=path == paths[0])
    return found


def _formats(
    unit: OptimizerUnit, dtypes: tuple[str, ...], properties: tuple[str, ...], *, first: bool
) -> list[OptimizerUnit]:
    """Return a path's units, one for each format; the first path of an implementation measures power."""
    path = unit.path
    judged = tuple(name for name in properties if path.judges(name))
    timeout = max(unit.timeout, selection.DEAREST_TIMEOUT) if path.compiled else unit.timeout
    found = []
    for dtype in (dtype for dtype in dtypes if dtype in path.dtypes and judged):
        power = dtype in POWER_FORMATS and first and path.cost == 1
        power = power or not set(dtypes) & set(POWER_FORMATS)
        steer = power and dtype == _finest(dtypes, path)
        found.append(
            dataclasses.replace(unit, dtype=dtype, properties=judged, timeout=timeout, measure_power=power, steer=steer)
        )
    return found


def _finest(dtypes: tuple[str, ...], path: ExecutionPath) -> str:
    """Return the format of a run in which a path tells the most mutants from the rule."""
    judged = [dtype for dtype in dtypes if dtype in path.dtypes]
    return max(judged, key=lambda dtype: FORMATS[dtype].precision)
