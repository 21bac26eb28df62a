"""What is otherwise in a run than in the record of one before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from conformance.baseline.record import COUNTED, CauseRecord, CellRecord, RunRecord
from conformance.engine.verdict import Cell, Level, Verdict
from conformance.report.difference import CauseChange, CellChange, Difference, PowerChange
from conformance.report.wording import counted, exact

RAN = frozenset({Verdict.PASS, Verdict.DEVIATION, Verdict.FAIL})
"""The verdicts of cells that were judged to an end."""
HELD = frozenset({Verdict.PASS, Verdict.DEVIATION})
SAME = {"errors": Verdict.ERROR, "own-errors": Verdict.OURS, "undecided": Verdict.UNDECIDED}
"""Gates that count cells of one verdict."""
ABSENT = "is not there"


def incomparable(before: RunRecord, now: RunRecord) -> list[str]:
    """Return why two records cannot be compared, each reason in words; scopes are another question."""
    found = []
    for what, one, other in (
        ("suite version", before.suite_version, now.suite_version),
        ("seed", before.seed, now.seed),
    ):
        if one != other:
            found.append(f"the {what} was {one} and is {other}")
    both = [name for part in now.scope for name in part.implementations if _knows(before, name)]
    changed = {(before.budget_of(name), now.budget_of(name)) for name in both}
    found += [f"the budget was {one:g} and is {other:g}" for one, other in sorted(changed) if one != other]
    return found


def _knows(record: RunRecord, implementation: str) -> bool:
    return any(implementation in part.implementations for part in record.scope)


def other_scope(before: RunRecord, now: RunRecord) -> list[str]:
    """Return in which the scopes of two records differ, each part in words."""
    found = []
    for what in ("implementations", "device", "dtypes", "properties", "paths"):
        one, other = _asked(before, what), _asked(now, what)
        if one != other:
            sides = (("only in the first", one - other), ("only in the second", other - one))
            said = "; ".join(f"{side}: {', '.join(sorted(names)[:6])}" for side, names in sides if names)
            found.append(f"{what} ({said})")
    return found


def _asked(record: RunRecord, what: str) -> set[str]:
    values = [getattr(part, what) for part in record.scope]
    return {name for value in values for name in ([value] if isinstance(value, str) else value or ["all"])}


def compare(before: RunRecord, now: RunRecord, ledger: Collection[str] | None = None) -> Difference:
    """Return what is otherwise now, in the cells that were asked for.

    ``ledger`` names the deviations that still stand in the ledger: one that was taken out vanished as announced.
    Without it every one that vanished counts.
    """
    cells = [held for cell, held in before.cells.items() if now.covers(cell)]
    if now.cut_short:
        cells = [held for held in cells if held.cell in now.cells]
    unjudged = len(before.cells) - len(cells)
    pairs = [(held, now.cells.get(held.cell)) for held in sorted(cells, key=lambda held: held.cell)]
    both = [(one, other) for one, other in pairs if other is not None]
    whole = not unjudged and not now.cut_short
    new, changed, gone = _causes(before, now, {held.cell for held in cells}, narrowed=bool(unjudged))
    return Difference(
        new_causes=new,
        changed_causes=changed,
        gone_causes=gone,
        newly_failing=tuple(_newly_failing(before, now)),
        stopped=tuple(_stopped(pairs)),
        power_lost=tuple(_power_lost(before, now)) if whole else (),
        coverage_lost=tuple(_coverage_lost(both)),
        vanished=tuple(_vanished(both, ledger)),
        ratios=tuple(_ratios(both)),
        otherwise=tuple(_otherwise(both)),
        repaired=tuple(
            CellChange(one.cell, _said(one), _said(other))
            for one, other in both
            if one.verdict is Verdict.FAIL and other.verdict in HELD
        ),
        power_compared=whole,
        compared=len(both),
        unjudged=unjudged,
        environment=_environment(before.environment, now.environment),
    )


def _said(held: CellRecord | None) -> str:
    """Return a verdict, with its level where that is no must."""
    if held is None:
        return ABSENT
    should = held.verdict is Verdict.FAIL and held.level is Level.SHOULD
    return f"{held.verdict}{' of what only should hold' if should else ''}"


def _grave(held: CellRecord | None) -> int:
    """Return 2 for a cell that fails what must hold, 1 for one that fails what only should, 0 for others."""
    if held is None or held.verdict is not Verdict.FAIL:
        return 0
    return 2 if held.level is Level.MUST else 1


def _newly_failing(before: RunRecord, now: RunRecord) -> Iterator[CellChange]:
    for cell, held in sorted(now.cells.items()):
        one = before.cells.get(cell)
        if _grave(held) > _grave(one):
            yield CellChange(cell, _said(one), _said(held), held.level)


def _stopped(pairs: list[tuple[CellRecord, CellRecord | None]]) -> Iterator[CellChange]:
    for one, other in pairs:
        if one.verdict in RAN and (other is None or other.verdict not in RAN):
            yield CellChange(one.cell, _said(one), _said(other))


def _coverage_lost(both: list[tuple[CellRecord, CellRecord]]) -> Iterator[CellChange]:
    """Yield cells that hold as before, with fewer cases: one that came to be known was announced by its entry."""
    for one, other in both:
        alike = one.verdict is other.verdict and one.verdict in HELD and one.deviations == other.deviations
        if alike and (other.cases < one.cases or other.element_cases < one.element_cases):
            yield CellChange(one.cell, _tested(one), _tested(other))


def _tested(held: CellRecord) -> str:
    return f"{counted(held.cases, 'case')}, {counted(held.element_cases, 'element-case')}"


def _vanished(both: list[tuple[CellRecord, CellRecord]], ledger: Collection[str] | None) -> Iterator[str]:
    judged = [(one, other) for one, other in both if other.verdict in RAN]
    shown = {name for _, other in judged for name in other.deviations}
    for name in sorted({name for one, _ in judged for name in one.deviations} - shown):
        if ledger is None or name in ledger:
            yield name


def _ratios(both: list[tuple[CellRecord, CellRecord]]) -> Iterator[CellChange]:
    """Yield cells whose same cases come nearer to an end of their enclosures."""
    for one, other in both:
        held = one.verdict in HELD and other.verdict in HELD and one.digest == other.digest
        if held and one.ratio is not None and other.ratio is not None and other.ratio > one.ratio:
            yield CellChange(one.cell, f"{one.ratio:.6f}", f"{other.ratio:.6f}")


def _otherwise(both: list[tuple[CellRecord, CellRecord]]) -> Iterator[CellChange]:
    for one, other in both:
        if one.verdict is other.verdict is Verdict.FAIL and one.digest == other.digest and one.outside != other.outside:
            yield CellChange(one.cell, f"{exact(one.outside)} outside", f"{exact(other.outside)} outside")


def _power_lost(before: RunRecord, now: RunRecord) -> Iterator[PowerChange]:
    for name, held in sorted(now.power.items()):
        one = before.power.get(name)
        if one is not None:
            alive = {*one.survived, *one.spared}
            yield from (PowerChange(name, mutant, "survives") for mutant in held.survived if mutant not in alive)
            yield from (
                PowerChange(name, mutant, "lives by the profile found") for mutant in held.spared if mutant not in alive
            )


def _causes(
    before: RunRecord, now: RunRecord, asked: Collection[Cell], *, narrowed: bool
) -> tuple[tuple[CauseChange, ...], tuple[CauseChange, ...], tuple[CauseChange, ...]]:
    """Return the causes that are new, those that explain other cells, and those that are gone.

    What a cause is called may depend on all cells that it explains: where fewer were asked for, one that explains no
    cell that held before is told as changed, and one whose cells still fail is not told as gone.
    """
    was, held = _explained(before), _explained(now)
    same = {
        name for name, cause in now.causes.items() if name in before.causes and cause.is_called_as(before.causes[name])
    }
    new: list[CauseChange] = []
    changed: list[CauseChange] = []
    gone: list[CauseChange] = []
    for name, cause in now.causes.items():
        cells = held.get(name, set())
        change = _change(cause, was.get(name, set()) & set(asked), cells)
        if name not in same:
            renamed = narrowed and all(_grave(before.cells.get(cell)) for cell in cells)
            (changed if renamed else new).append(change)
        elif cells != was.get(name, set()) & set(asked):
            changed.append(change)
    for name, cause in before.causes.items() if not now.cut_short else ():
        cells = was.get(name, set()) & set(asked)
        still = narrowed and any(_grave(now.cells.get(cell)) for cell in cells)
        if name not in same and cells and not still:
            gone.append(_change(replace(cause, case=""), cells, set()))
    return tuple(new), tuple(changed), tuple(gone)


def _explained(record: RunRecord) -> dict[str, set[Cell]]:
    found: dict[str, set[Cell]] = {}
    for cell, held in record.cells.items():
        for name in held.causes:
            found.setdefault(name, set()).add(cell)
    return found


def _change(cause: CauseRecord, before: Collection[Cell], now: Collection[Cell]) -> CauseChange:
    return CauseChange(
        cause.fingerprint, cause.implementation, cause.title, cause.level, len(before), len(now), cause.case
    )


def _environment(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    names = sorted(before.keys() | now.keys())
    pairs = ((name, before.get(name, "absent"), now.get(name, "absent")) for name in names)
    return {name: f"{one} → {other}" for name, one, other in pairs if one != other}


def known(before: RunRecord, now: RunRecord) -> dict[str, int]:
    """Return for each gate how much of what it counts now the record before has too."""
    pairs = [(held, before.cells.get(cell)) for cell, held in now.cells.items()]
    found = {
        "findings": sum(_grave(held) == 2 and _grave(one) == 2 for held, one in pairs),
        "should": sum(_grave(held) == 1 and _grave(one) >= 1 for held, one in pairs),
        "mutants": sum(_alive(held.survived, before, name) for name, held in now.power.items()),
        "deviations": len({*before.stale} & {*now.stale}),
    }
    for name, verdict in SAME.items():
        found[name] = sum(held.verdict is verdict and one is not None and one.verdict is verdict for held, one in pairs)
    for name in COUNTED:
        found[name] = min(before.observed.get(name, 0), now.observed.get(name, 0))
    return {name: count for name, count in found.items() if count}


def _alive(survived: tuple[str, ...], before: RunRecord, variant: str) -> int:
    one = before.power.get(variant)
    return 0 if one is None else sum((Counter(survived) & Counter(one.survived)).values())
