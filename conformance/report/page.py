"""The report as one HTML page: no script, no network, no web font; the scripts of findings stand beside it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from conformance.report import formula_markup, gates, totals, wording
from conformance.report.baseline_section import sentence, told
from conformance.report.cards import cards, reasons, standings
from conformance.report.compact_svg import with_classes
from conformance.report.coverage_plot import coverage_plot
from conformance.report.covered import not_verified
from conformance.report.curves import curve_plot
from conformance.report.finding_files import script_path
from conformance.report.gathered import gathered
from conformance.report.loss_curves import search_plot, training_plot
from conformance.report.matrix import matrices
from conformance.report.plots import mutant_plot, ratio_plot
from conformance.report.rule_curves import experiment_plot, step_plot
from conformance.report.training_figures import search_figures, training_figures, training_heading

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.report.model import MutantEntry, ProofEntry, Report, RuleEntry, VariantEntry
from conformance.engine.exhibits import AssignmentEntry, TrainingEntry

T = TypeVar("T")


def render_page(report: Report) -> str:
    """The report in one HTML file; equal reports make equal pages, times left out."""
    tables = matrices(report)
    found = cards(report)
    described = {rule.name for rule in report.rules}
    page = (
        environment()
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
            since=told(report.baseline.difference) if report.baseline else (),
            compared=sentence(report.baseline.difference) if report.baseline else "",
            tables=tables,
            stray_tables=[table for table in tables if table.rule not in described],
            table_of={table.rule: table for table in tables},
            sentences={entry.identifier: entry.sentence for entry in report.properties},
            cards=found,
            standings=standings(report),
            reasons=reasons(report),
            claims={entry.identifier: entry for entry in report.implementations},
        )
    )
    return with_classes(page)


def environment() -> Environment:
    """Return what renders the templates of the report, and others that use their macros."""
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
        gathered=gathered,
        sides=_sides,
        power=totals.power,
        script=lambda finding: script_path(finding.identifier),
        ratio_plot=_markup(ratio_plot),
        mutant_plot=_markup(mutant_plot),
        coverage_plot=lambda rule, errors: _trusted(coverage_plot(rule, errors)),
        step_plot=_markup(step_plot),
        experiment_plot=_markup(experiment_plot),
        curve_plot=_markup(curve_plot),
        training_plot=_markup(training_plot),
        search_plot=_markup(search_plot),
        training_heading=training_heading,
        training_rows=_training_rows,
        search_figures=search_figures,
        unproven_first=_unproven_first,
        settled_here=_settled_here,
    )
    environment.globals.update(
        anchor=wording.anchor,
        share=wording.share,
        counted=wording.counted,
        meanings=wording.verdict_meanings(),
        is_link=_is_link,
        of_status=_of_status,
        not_verified=not_verified,
        totals=totals,
    )
    return environment


_TEMPLATES = ("page.html.jinja", "page.macros.jinja", "page.rule.jinja", "page.training.jinja")


def _resource(name: str) -> str:
    return files("conformance.report").joinpath(name).read_text(encoding="utf-8")


def _trusted(text: str) -> Markup:
    return Markup(text)  # noqa: S704 -- our own style sheet and plots, and formulas as we write them


def _markup(plot: Callable[[T], str]) -> Callable[[T], Markup]:
    """A plot is SVG of our own drawing."""
    return lambda entry: _trusted(plot(entry))


def _formula(markup: str, text: str) -> Markup:
    """A formula is MathML that we write anew, or else its text."""
    found = formula_markup.formula(markup)
    return _in_words(text) if found is None else _trusted(str(found))


def _sides(line: AssignmentEntry) -> tuple[Markup, Markup]:
    """A line of a program is cut before its equals sign, so that lines align at it."""
    found = formula_markup.formula(line.mathml)
    if found is None:
        return _in_words(line.text), Markup()
    left, right = formula_markup.sides(found)
    return _trusted(str(left)), _trusted(str(right or ""))


def _in_words(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)


def _training_rows(entry: TrainingEntry) -> list[dict[str, str]]:
    return [training_figures(entry, run) for run in entry.runs]


def _is_link(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _of_status(mutants: tuple[MutantEntry, ...], *, survived: bool) -> list[MutantEntry]:
    settled = {"killed", "equivalent"}
    return [mutant for mutant in mutants if (mutant.status not in settled) is survived]


def _settled_here(variant: VariantEntry, rule: RuleEntry) -> list[MutantEntry]:
    """Return the mutants killed or proven equivalent whose formulas no variant above has settled."""
    before = set[str]()
    for other in rule.variants[: rule.variants.index(variant)]:
        before |= {mutant.text for mutant in _of_status(other.mutants, survived=False)}
    return [mutant for mutant in _of_status(variant.mutants, survived=False) if mutant.text not in before]


def _unproven_first(rule: RuleEntry) -> list[ProofEntry]:
    return sorted(rule.proofs, key=totals.is_proven)
