"""A run in figures: what was tested, what was proven and how far the suite can be trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.engine.verdict import CellResult, Level, Shown, Verdict
from conformance.report.wording import SEVERITY, counted, exact, listed, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.report.model import MutantEntry, ProofEntry, Report, RuleEntry


@dataclass(frozen=True)
class Tested:
    """How much was compared, over any set of cells."""

    verdicts: Counter[Shown]
    cases: int
    element_cases: int
    values: int
    outside: int
    undecided: int

    @property
    def cells(self) -> int:
        """Each result is one cell."""
        return self.verdicts.total()

    @property
    def verdict(self) -> Shown:
        """The worst verdict names the whole."""
        return worst(self.verdicts)

    @property
    def tally(self) -> tuple[tuple[Shown, int], ...]:
        """The verdicts that occur, worst first, each with its count."""
        return tuple((name, self.verdicts[name]) for name in SEVERITY if self.verdicts[name])


@dataclass(frozen=True)
class MutantCounts:
    """How many wrong formulas the suite noticed."""

    killed: int
    equivalent: int
    spared: int
    survived: int

    @property
    def total(self) -> int:
        """Every mutant is counted, whatever became of it."""
        return self.killed + self.equivalent + self.spared + self.survived


@dataclass(frozen=True)
class Proven:
    """How many claims and legal forms SymPy proved."""

    claims: int
    claims_total: int
    forms: int
    forms_total: int


def tested(results: Iterable[CellResult]) -> Tested:
    """The figures of many cells add up."""
    results = tuple(results)
    figures = [result.figures for result in results]
    return Tested(
        verdicts=Counter(result.shown for result in results),
        cases=sum(figure.cases for figure in figures),
        element_cases=sum(figure.element_cases for figure in figures),
        values=sum(figure.values for figure in figures),
        outside=sum(figure.outside for figure in figures),
        undecided=sum(figure.undecided for figure in figures),
    )


def power(mutants: Iterable[MutantEntry]) -> MutantCounts:
    """A mutant that is neither killed nor proven equivalent has survived, unless a profile found lets it live."""
    status = Counter(mutant.status for mutant in mutants)
    killed, equivalent, spared = status["killed"], status["equivalent"], status["spared"]
    return MutantCounts(killed, equivalent, spared, status.total() - killed - equivalent - spared)


def mutants_of(rules: Iterable[RuleEntry]) -> tuple[MutantEntry, ...]:
    """The mutants of all variants, in the order of the report."""
    return tuple(mutant for rule in rules for variant in rule.variants for mutant in variant.mutants)


def proven(rules: Iterable[RuleEntry]) -> Proven:
    """A claim counts as proven only where its status says exactly that."""
    rules = tuple(rules)
    proofs = [proof for rule in rules for proof in rule.proofs]
    forms = [
        form
        for rule in rules
        for variant in rule.variants
        for assignment in variant.program
        for form in assignment.forms
    ]
    return Proven(
        claims=sum(is_proven(proof) for proof in proofs),
        claims_total=len(proofs),
        forms=sum(form.proven for form in forms),
        forms_total=len(forms),
    )


def is_proven(proof: ProofEntry) -> bool:
    """Only the word ``proven`` means proven."""
    return proof.status == "proven"


_PREDICATES: dict[Shown, tuple[str, str]] = {
    Verdict.FAIL: ("fails", "fail"),
    Level.SHOULD: ("fails what only should hold", "fail what only should hold"),
    Verdict.ERROR: ("ended in an error", "ended in an error"),
    Verdict.OURS: ("ended in an error of stepproof", "ended in an error of stepproof"),
    Verdict.UNDECIDED: ("is undecided", "are undecided"),
    Verdict.NOT_RUN: ("was not run", "were not run"),
    Verdict.DEVIATION: ("is a known deviation", "are known deviations"),
    Verdict.PASS: ("passes", "pass"),
    Verdict.NOT_APPLICABLE: ("is not applicable", "are not applicable"),
}


def verdict_sentence(report: Report) -> str:
    """One sentence accounts for every cell, the worst first."""
    figures = tested(report.results)
    if not figures.cells:
        return "The report holds no cell."
    parts = [f"{exact(count)} {_PREDICATES[verdict][count != 1]}" for verdict, count in figures.tally]
    if len(parts) == 1 and figures.cells > 1:
        return f"All {exact(figures.cells)} cells {_PREDICATES[figures.verdict][1]}."
    return f"Of {counted(figures.cells, 'cell')}, {listed(parts)}."
