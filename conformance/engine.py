"""The engine: judges every cell of a plan with one function and tells listeners what happens."""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

import numpy as np

from conformance import scope
from conformance.agreement import Outside, Tally
from conformance.claims import BY_IDENTIFIER, CLAIMS, Claim
from conformance.deviations import judge_deviation
from conformance.findings import reducer
from conformance.installation import version
from conformance.ledger import load, recorded
from conformance.own_references import FRAMEWORK, reference_subject
from conformance.power import Power
from conformance.properties import Judged, Plan, nothing
from conformance.steering import Steering
from conformance.subject import WorkerSubject, worker_subject
from conformance.verdict import Cell, CellResult, Figures, Verdict, of_values_outside
from impls.catalogue import ExecutionPath, Implementation
from impls.session import Session, WorkerFailure
from reference.formats import FORMATS

CASES_PER_SECOND = 1.1
"""Cases of local agreement per cell and second of budget; fixed, so that a budget fixes the cases."""
ELEMENTS, LARGE = 16384, 65536
"""Elements of a large tensor; more where a case is dear and its elements are not."""
STEERED = frozenset({"agreement/local"})
"""Properties of which further cases are drawn: for survivors in the finest format, large ones on request."""
POWER_FORMATS = ("float32", "float64")


@dataclass(frozen=True)
class Unit:
    """What one process judges in one go: a path of an implementation in one format."""

    implementation: Implementation
    path: ExecutionPath
    device: str
    dtype: str
    properties: tuple[str, ...]
    cases: int
    seed: int
    python: str | None = None
    timeout: float = 60.0
    measure_power: bool = True
    steer: bool = False
    """Whether further cases are drawn for the mutants that survived the usual ones."""
    least: int = 0
    """Element-cases of local agreement to decide; none are asked for beyond the cases."""

    def cell(self, claim: str) -> Cell:
        """Return the cell of one property."""
        return Cell(self.implementation.identifier, self.path.name, self.device, self.dtype, claim)


@dataclass
class UnitResult:
    """The results of a unit, and what it killed: rule label to mutant to cell."""

    results: list[CellResult]
    killed: dict[str, dict[str, str]] = field(default_factory=dict)


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
    asked: tuple[str, ...] = (),
) -> list[Unit]:
    """Return the units of a run; ``budget`` is in seconds for each implementation on two cores.

    ``asked`` names the paths; without names it is every path that need not be asked for.
    """
    found = []
    for implementation in implementations:
        paths = scope.chosen(implementation, device, asked)
        cells = sum(len([d for d in dtypes if d in p.dtypes]) for p in paths)
        cases = max(4, round(CASES_PER_SECOND * budget * 12 / max(cells, 1)))
        for path in paths:
            unit = Unit(
                implementation, path, device, "", (), max(1, cases // path.cost), seed, python, timeout
            )
            found += _formats(unit, dtypes, properties, first=path == paths[0])
    return found


def _formats(unit: Unit, dtypes: tuple[str, ...], properties: tuple[str, ...], *, first: bool) -> list[Unit]:
    """Return a path's units, one for each format; the first path of an implementation measures power."""
    path = unit.path
    judged = tuple(name for name in properties if path.judges(name))
    timeout = max(unit.timeout, scope.DEAREST_TIMEOUT) if path.compiled else unit.timeout
    found = []
    for dtype in (dtype for dtype in dtypes if dtype in path.dtypes and judged):
        power = dtype in POWER_FORMATS and first and path.cost == 1
        power = power or not set(dtypes) & set(POWER_FORMATS)
        steer = power and dtype == _finest(dtypes, path)
        found.append(
            dataclasses.replace(
                unit, dtype=dtype, properties=judged, timeout=timeout, measure_power=power, steer=steer
            )
        )
    return found


def _finest(dtypes: tuple[str, ...], path: ExecutionPath) -> str:
    """Return the format of a run in which a path tells the most mutants from the rule."""
    judged = [dtype for dtype in dtypes if dtype in path.dtypes]
    return max(judged, key=lambda dtype: FORMATS[dtype].precision)


_SESSIONS: dict[tuple[str | None, float], Session] = {}


def _session(unit: Unit) -> Session:
    key = (unit.python, unit.timeout)
    if key not in _SESSIONS:
        _SESSIONS[key] = Session(unit.python, timeout=unit.timeout)
    return _SESSIONS[key]


def judge_unit(unit: Unit) -> UnitResult:
    """Judge every property of a unit in this process, in one session."""
    session = _session(unit)
    try:
        framework = version(unit.implementation, session)
    except WorkerFailure as failure:
        reason = failure.sentence
        return UnitResult([CellResult(unit.cell(name), Verdict.ERROR, reason) for name in unit.properties])
    if unit.path.compiled and (reason := scope.cannot_compile(session)):
        reason = f"torch compiles nothing here: {reason}"
        return UnitResult([CellResult(unit.cell(name), Verdict.NOT_RUN, reason) for name in unit.properties])
    subject = subject_of(unit, session)
    power = Power()
    results = [_contained(unit, subject, BY_IDENTIFIER[name], framework, power) for name in unit.properties]
    return UnitResult(results, power.killed)


def _contained(unit: Unit, subject: WorkerSubject, claim: Claim, framework: str, power: Power) -> CellResult:
    """Judge one cell; an exception of the judge's own is an error of this cell alone."""
    try:
        return judge_cell(unit, subject, claim, framework, power)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cells are judged
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        return CellResult(unit.cell(claim.identifier), Verdict.ERROR, f"an error of stepproof's own: {what}")


def subject_of(unit: Unit, session: Session) -> WorkerSubject:
    """Return what a unit judges, reached through ``session``."""
    storage = FORMATS[unit.dtype]
    if unit.implementation.framework == FRAMEWORK:
        return reference_subject(unit.implementation, storage, session)
    return worker_subject(unit.implementation, unit.path, unit.device, storage, session)


def judge_cell(unit: Unit, subject: WorkerSubject, claim: Claim, framework: str, power: Power) -> CellResult:
    """Judge one cell: the ledger's case first, then the property under the profile that applies."""
    start = time.perf_counter()
    cell = unit.cell(claim.identifier)
    why_not = claim.applies(subject)
    if why_not:
        return CellResult(cell, Verdict.NOT_APPLICABLE, why_not, profile=str(subject.profile))
    entries = [entry for entry in load() if entry.matches(cell, framework)]
    if not entries:
        result = _judge(unit, subject, claim, cell, power)
    else:
        result = judge_deviation(
            subject,
            claim,
            cell,
            entries,
            lambda wider, known: _judge(unit, wider, claim, cell, power, known),
            strict=recorded(unit.implementation.library, framework),
        )
    return dataclasses.replace(
        result, seconds=time.perf_counter() - start, profile=result.profile or str(subject.profile)
    )


def _plan(unit: Unit, claim: Claim) -> Plan:
    share = getattr(claim, "share", 1.0)
    elements = ELEMENTS if unit.path.cost == 1 else LARGE
    return Plan(max(3, round(unit.cases * share)), elements, unit.seed)


def _judge(
    unit: Unit,
    subject: WorkerSubject,
    claim: Claim,
    cell: Cell,
    power: Power,
    known: Callable[[Outside], bool] = nothing,
) -> CellResult:
    plan = dataclasses.replace(_plan(unit, claim), explained=known)
    if claim.identifier in STEERED:
        plan.least = unit.least
    if unit.measure_power:
        name = f"{cell.property} in {cell.dtype}"
        plan.samples = lambda samples: power.add(samples, subject.storage, name)
        if unit.steer and claim.identifier in STEERED:
            plan.steering = Steering(power)
    judged = claim.judge(subject, plan)
    figures = figures_of(judged.tally)
    if judged.tally.failures:
        findings = reducer(subject, claim, cell, known=known).findings(judged.tally.failures)
        return CellResult(cell, *of_values_outside(findings, figures), figures, findings=findings)
    if judged.exploration.stopped is not None:
        return CellResult(cell, Verdict.ERROR, stop_reason(judged, subject), figures)
    if figures.element_cases == figures.undecided:
        reason = "no element-case could be decided" if figures.cases else "no case was judged"
        return CellResult(cell, Verdict.UNDECIDED, reason, figures)
    return CellResult(cell, Verdict.PASS, "", figures)


def stop_reason(judged: Judged, subject: WorkerSubject) -> str:
    """Return what stopped the worker and the case at which it did."""
    stop, case = judged.exploration.stopped, judged.exploration.case
    what = stop.fact if isinstance(stop, WorkerFailure) else str(stop)
    if case is None:
        return what
    settings = [
        ", ".join(f"{name}={value:.9g}" for name, value in group.hyperparameters.items())
        + "; counts "
        + ", ".join(str(t.count) for t in group.tensors)
        + "; shapes "
        + ", ".join(str(t.shape) for t in group.tensors)
        for group in case.groups
    ]
    switches = ", ".join(case.switches) or "no switches"
    return f"{what}; at the case with {switches}, {case.steps} step(s), groups: {' | '.join(settings)}"


def figures_of(tally: Tally) -> Figures:
    """Return the figures of a tally."""
    drawn = np.concatenate(tally.ratios) if tally.ratios else np.zeros(0)
    return Figures(
        tally.cases,
        tally.element_cases,
        tally.values,
        tally.outside,
        tally.undecided,
        int(drawn.size),
        round(float(np.median(drawn)), 6) if drawn.size else None,
        round(float(drawn.max()), 6) if drawn.size else None,
        tuple(int(count) for count in tally.histogram),
    )


Listener = Callable[[Unit, UnitResult], None]


def run(work: list[Unit], listeners: list[Listener], jobs: int) -> list[UnitResult]:
    """Judge all units, ``jobs`` at a time, and return their results in the order of ``work``."""
    done: dict[int, UnitResult] = {}
    for index, result in _completed(work, jobs):
        done[index] = result
        for listener in listeners:
            listener(work[index], result)
    return [done[index] for index in sorted(done)]


def _completed(work: list[Unit], jobs: int) -> Iterator[tuple[int, UnitResult]]:
    if jobs <= 1:
        yield from ((index, judge_unit(unit)) for index, unit in enumerate(work))
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        # The units that take longest come first, so that none of them is alone at the end.
        order = sorted(range(len(work)), key=lambda index: not work[index].steer)
        futures: dict[Future[UnitResult], int] = {
            pool.submit(judge_unit, work[index]): index for index in order
        }
        for future in as_completed(futures):
            yield futures[future], future.result()


ALL_PROPERTIES = tuple(item.identifier for item in CLAIMS)
