"""A page for each rule and schedule: formula, options, settings, legal forms, proofs and curves.

What a page calls proven SymPy proved while the page was written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from conformance.catalogue.catalogued import entries
from conformance.commands import plot_curves
from conformance.engine.exhibits import AssignmentEntry, CurveEntry
from conformance.report.model import RuleEntry, VariantEntry
from conformance.report.page import environment
from conformance.report.rule_section import entry_of, line_entry, unjudged
from conformance.schedulers.entries import entries as scheduler_entries
from conformance.schedulers.formula_lines import lines
from reference.schedules import references
from spec import rules as rule_book
from spec import schedules as schedule_book
from spec.family import Family
from spec.proofs import proofs
from spec.rule import UpdateRule
from spec.schedule import Schedule

RULES, SCHEDULES = "reference/rules", "reference/schedules"


@dataclasses.dataclass(frozen=True)
class Change:
    """What a value of an option changes: the lines that are another's, and those that there are no more."""

    option: str
    value: str
    together_with: str
    program: tuple[AssignmentEntry, ...]
    gone: tuple[str, ...]


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every page: two lists, and one page for each formula."""
    yield f"{RULES}/index.md", _list("rule", rule_book.BOOK.families())
    for name, rule in rule_book.BOOK.families().items():
        yield f"{RULES}/{name}.md", rule_page(rule)
    yield f"{SCHEDULES}/index.md", _list("schedule", schedule_book.families())
    for name, schedule in schedule_book.families().items():
        yield f"{SCHEDULES}/{name}.md", schedule_page(schedule)


def rule_page(family: Family[UpdateRule]) -> str:
    """Return the page of a rule, with its options at their first values and what the others change."""

    def program(rule: UpdateRule) -> dict[str, str]:
        return {line.name: str(line) for line in rule.program}

    changes = []
    plain = family.build()
    for option, value, chosen in _others(family):
        rule = family.build(**chosen)
        before, after = program(plain), program(rule)
        changed = tuple(line_entry(rule, line) for line in rule.program if before.get(line.name) != after[line.name])
        changes.append(_change(family, (option, value), chosen, changed, before.keys() - after.keys()))
    owners = [entry.identifier for entry in entries() if rule_book.family(entry.rule) is family]
    return _page(family, unjudged(family), changes, owners, ())


def schedule_page(family: Family[Schedule]) -> str:
    """Return the page of a schedule, with a curve for each choice that changes it."""
    proven = frozenset(proof.claim.identifier for proof in proofs(family) if proof.proven)
    plain = family.build()
    program = lines(plain, proven)
    states = plain.machine.states if plain.machine else ()
    shown = VariantEntry(plain.label, dict(plain.options), program, ())
    entry = entry_of(family, plain.hyperparameters, states, [shown])
    reference = f"reference/schedules/{family.name}.py" if family.name in references() else ""
    changes, curves = [], [_curve(plain)]
    for option, value, chosen in _others(family):
        schedule = family.build(**chosen)
        after = lines(schedule, proven)
        texts = {line.name: line.text for line in program}
        changed = tuple(line for line in after if texts.get(line.name) != line.text)
        changes.append(_change(family, (option, value), chosen, changed, texts.keys() - {line.name for line in after}))
        curves.append(_curve(schedule))
    owners = [item.identifier for item in scheduler_entries() if item.schedule == family.name]
    return _page(family, dataclasses.replace(entry, reference=reference), changes, owners, _apart(curves))


def _others(family: Family[Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield each value of an option that is not the first, with the choice nearest to the first values."""
    choices = family.choices()
    first = choices[0]
    for option in family.options:
        for value in option.values:
            with_it = [choice for choice in choices if choice[option.name] == value]
            if value != option.default and with_it:
                nearest = min(with_it, key=lambda choice: sum(first[name] != choice[name] for name in first))
                yield option.name, value, nearest


def _change(
    family: Family[Any],
    named: tuple[str, str],
    chosen: Mapping[str, str],
    program: tuple[AssignmentEntry, ...],
    gone: Any,
) -> Change:
    defaults = {option.name: option.default for option in family.options}
    beside = [f"{name}={value}" for name, value in chosen.items() if name != named[0] and value != defaults[name]]
    return Change(*named, ", ".join(beside), program, tuple(sorted(gone)))


def _curve(schedule: Schedule) -> CurveEntry | None:
    if not plot_curves.has_curve(schedule):
        return None
    values = {h.keyword: h.default if h.shown is None else h.shown for h in schedule.hyperparameters}
    milestones = plot_curves.milestones_of(schedule)
    steps = plot_curves.whole_length(schedule, values, milestones)
    return plot_curves.curve(schedule, values, steps, milestones)


def _apart(curves: list[CurveEntry | None]) -> tuple[CurveEntry, ...]:
    """Return the curves, each once: an option may change what a schedule does beyond what is drawn."""
    found: dict[tuple[float | None, ...], CurveEntry] = {}
    for curve in curves:
        if curve is not None:
            found.setdefault(curve.schedule, curve)
    return tuple(found.values())


def _page(
    family: Family[Any], entry: RuleEntry, changes: list[Change], owners: list[str], curves: tuple[CurveEntry, ...]
) -> str:
    template = files("documentation").joinpath("formula.md.jinja").read_text(encoding="utf-8")
    return (
        environment()
        .from_string(template)
        .render(
            entry=dataclasses.replace(entry, curves=curves),
            changes=changes,
            owners=owners,
            aliases={name: ", ".join(f"{k}={v}" for k, v in meant.items()) for name, meant in family.aliases.items()},
            sympy=version("sympy"),
        )
    )


def _list(what: str, families: Mapping[str, Family[Any]]) -> str:
    rows = [
        f"| [{family.title}]({name}.md) | `{name}` | {family.citation.authors} ({family.citation.year})"
        f" | {', '.join(f'`{option.name}`' for option in family.options)} |"
        for name, family in families.items()
    ]
    table = "\n".join((f"| {what} | name | stated by | options |", "| --- | --- | --- | --- |", *rows))
    said = f"Each page is written from the formula in `spec/{what}s/` when this site is built."
    return f"# {what.title()}s\n\n{said}\n\n{table}\n"
