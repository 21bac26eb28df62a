"""The report as one self-contained HTML page: no script, no network, no web font."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from conformance.report import gates, mathml, totals, wording
from conformance.report.curves import curve_plot
from conformance.report.matrix import matrices
from conformance.report.plots import mutant_plot, ratio_plot
from conformance.report.rule_curves import experiment_plot, step_plot
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from conformance.report.matrix import Matrix
    from conformance.report.model import (
        CurveEntry,
        DeviationEntry,
        ExperimentEntry,
        MutantEntry,
        ProofEntry,
        Report,
        RuleEntry,
    )
    from conformance.verdict import Cell, CellResult, Finding


@dataclass(frozen=True)
class Card:
    """A finding together with the cell that shows it."""

    finding: Finding
    result: CellResult


@dataclass(frozen=True)
class Standing:
    """A deviation of the ledger together with the cells that it explains."""

    entry: DeviationEntry
    cards: tuple[Card, ...]
    cells: tuple[Cell, ...]

    @property
    def shown(self) -> tuple[Card, ...]:
        """The shortest script of each property: one case says what a deviation is."""
        shortest: dict[str, Card] = {}
        for card in sorted(self.cards, key=lambda card: len(card.finding.script)):
            shortest.setdefault(card.finding.cell.property, card)
        return tuple(card for card in self.cards if card in shortest.values())

    @property
    def named(self) -> tuple[Card, ...]:
        """Every other finding, whose case and script lie in the report's folder of failures."""
        shown = self.shown
        return tuple(card for card in self.cards if card not in shown)


@dataclass(frozen=True)
class Reason:
    """The cells that ended in one verdict for one reason."""

    verdict: Verdict
    reason: str
    cells: tuple[Cell, ...]


def render_page(report: Report, section: str = "") -> str:
    """The whole report in one HTML file; equal reports make equal pages, times left out."""
    tables = matrices(report)
    found = cards(report)
    described = {rule.name for rule in report.rules}
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            style=_trusted(_resource("page.css")),
            headline=gates.headline(report),
            sentence=totals.verdict_sentence(report),
            overall=gates.overall(report),
            tested=totals.tested(report.results),
            power=totals.power(totals.mutants_of(report.rules)),
            proven=totals.proven(report.rules),
            warnings=gates.warnings(report),
            tables=tables,
            stray_tables=[table for table in tables if table.rule not in described],
            table_of={table.rule: table for table in tables},
            sentences={entry.identifier: entry.sentence for entry in report.properties},
            cards=found,
            standings=standings(report),
            reasons=reasons(report),
            section=_trusted(section),
            claims={entry.identifier: entry for entry in report.implementations},
        )
    )


def cards(report: Report) -> tuple[Card, ...]:
    """The findings that no deviation of the report explains, in the order of the cells."""
    return tuple(
        Card(finding, result)
        for result in report.results
        if not _is_explained(result, report)
        for finding in result.findings
    )


def standings(report: Report) -> tuple[Standing, ...]:
    """Each deviation of the ledger stands with its cells and findings."""
    explained = [result for result in report.results if _is_explained(result, report)]
    return tuple(_standing(entry, explained) for entry in report.deviations)


def _standing(entry: DeviationEntry, explained: list[CellResult]) -> Standing:
    mine = [result for result in explained if result.deviation == entry.identifier]
    found = tuple(Card(finding, result) for result in mine for finding in result.findings)
    return Standing(entry, found, tuple(result.cell for result in mine))


def reasons(report: Report) -> tuple[Reason, ...]:
    """Every cell that neither passes nor has a finding, gathered by verdict and reason."""
    gathered: dict[tuple[Verdict, str], list[Cell]] = {}
    for result in report.results:
        if result.verdict is Verdict.PASS or result.findings or _is_explained(result, report):
            continue
        gathered.setdefault((result.verdict, result.reason), []).append(result.cell)
    rank = {verdict: place for place, verdict in enumerate(wording.SEVERITY)}
    ordered = sorted(gathered.items(), key=lambda item: rank[item[0][0]])
    return tuple(Reason(verdict, reason, tuple(cells)) for (verdict, reason), cells in ordered)


def _is_explained(result: CellResult, report: Report) -> bool:
    known = {entry.identifier for entry in report.deviations}
    return result.verdict is Verdict.DEVIATION and result.deviation in known


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=DictLoader({name: _resource(name) for name in _TEMPLATES}),
    )
    environment.filters.update(
        exact=wording.exact,
        compact=wording.compact,
        ratio=wording.ratio,
        kind=wording.verdict_class,
        sign=wording.SYMBOLS.__getitem__,
        rows=wording.case_rows,
        formula=_formula,
        sides=_sides,
        power=totals.power,
        ratio_plot=_ratio_plot,
        mutant_plot=_mutant_plot,
        step_plot=_step_plot,
        experiment_plot=_experiment_plot,
        curve_plot=_curve_plot,
        unproven_first=_unproven_first,
    )
    environment.globals.update(
        anchor=wording.anchor,
        share=wording.share,
        counted=wording.counted,
        meanings=wording.verdict_meanings(),
        is_link=_is_link,
        of_status=_of_status,
        totals=totals,
    )
    return environment


_TEMPLATES = ("page.html.jinja", "page.macros.jinja", "page.rule.jinja")


def _resource(name: str) -> str:
    return files("conformance.report").joinpath(name).read_text(encoding="utf-8")


def _trusted(text: str) -> Markup:
    return Markup(text)  # noqa: S704 -- our own style sheet, plots and re-written MathML alone


def _formula(markup: str, text: str = "") -> Markup:
    return _trusted(mathml.formula(markup, text))


def _sides(markup: str, text: str = "") -> tuple[Markup, Markup]:
    left, right = mathml.sides(markup, text)
    return _trusted(left), _trusted(right)


def _ratio_plot(matrix: Matrix) -> Markup:
    return _trusted(ratio_plot(matrix))


def _step_plot(rule: RuleEntry) -> Markup:
    return _trusted(step_plot(rule))


def _experiment_plot(entry: ExperimentEntry) -> Markup:
    return _trusted(experiment_plot(entry))


def _mutant_plot(rule: RuleEntry) -> Markup:
    return _trusted(mutant_plot(rule))


def _curve_plot(curve: CurveEntry) -> Markup:
    return _trusted(curve_plot(curve))


def _is_link(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _of_status(mutants: tuple[MutantEntry, ...], *, survived: bool) -> list[MutantEntry]:
    settled = {"killed", "equivalent"}
    return [mutant for mutant in mutants if (mutant.status not in settled) is survived]


def _unproven_first(rule: RuleEntry) -> list[ProofEntry]:
    return sorted(rule.proofs, key=totals.is_proven)
