"""Lists and shows the book: its rules and schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from conformance.catalogue.catalogued import entries
from conformance.commands.usage_errors import UsageError, nearest
from conformance.schedulers.entries import entries as scheduler_entries
from conformance.schedulers.formula_lines import lines
from spec import rendering
from spec import rules as rule_book
from spec import schedules as schedule_book
from spec.book import Book
from spec.family import Family, Formula
from spec.rule import Hyperparameter, UpdateRule
from spec.schedule import Schedule

HYPERPARAMETER = ("symbol", "keyword", "default", "domain", "meaning")


@dataclass(frozen=True)
class Line:
    """A line of a formula, and the text and name of each other form of it."""

    text: str
    name: str
    forms: list[tuple[str, str]]


def table_of(headings: Iterable[str], title: str = "") -> Table:
    """Return an empty table with headings, the first of which is never folded."""
    table = Table(box=None, header_style="bold", title=title or None, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=place == 0)
    return table


def rule(name: str, options: Mapping[str, str]) -> UpdateRule:
    """Return a rule of the book; raises ``UsageError`` for what it does not have."""
    return _built("rule", rule_book.BOOK, name, options)


def schedule(name: str, options: Mapping[str, str]) -> Schedule:
    """Return a schedule of the book; raises ``UsageError`` for what it does not have."""
    return _built("schedule", schedule_book.BOOK, name, options)


def _built(what: str, book: Book[Formula], name: str, options: Mapping[str, str]) -> Formula:
    if name not in book:
        raise nearest(what, name, book.names())
    try:
        return book.build(name, options)
    except ValueError as error:
        raise UsageError(str(error)) from None


def show(console: Console, name: str, options: Mapping[str, str]) -> None:
    """Print a rule's or a schedule's formula, hyperparameters and options."""
    if name in schedule_book.BOOK.family_names():
        scheduled = schedule(name, options)
        program = [
            Line(line.text, line.name, [(form.text, form.name) for form in line.forms])
            for line in lines(scheduled, frozenset())
        ]
        _show(console, schedule_book.family(name), scheduled, program)
    elif name in rule_book.BOOK:
        shown = rule(name, options)
        program = [
            Line(
                rendering.line_text(shown, line),
                line.name,
                [(rendering.form_text(shown, line, form), form.name) for form in line.forms],
            )
            for line in shown.program
        ]
        _show(console, rule_book.family(name), shown, program)
    else:
        raise nearest("rule or schedule", name, [*rule_book.names(), *schedule_book.BOOK.family_names()])


def _show(console: Console, family: Family[Any], shown: UpdateRule | Schedule, program: Iterable[Line]) -> None:
    console.print(f"[bold]{family.title}[/]: {shown.label}", highlight=False)
    console.print(f"{family.citation}\n", highlight=False)
    for line in program:
        console.print(f"  {line.text:58} [dim]{line.name}[/]", highlight=False)
        for text, name in line.forms:
            console.print(f"      or {text}  [dim]{name}[/]", highlight=False)
    _show_settings(console, shown.hyperparameters)
    options = table_of(("--option", "stands for"), "\noptions")
    for option in family.options:
        for value, meaning in option.values.items():
            mark = "*" if shown.options[option.name] == value else " "
            options.add_row(f"{mark} {option.name}={value}", meaning)
    console.print(options)


def _show_settings(console: Console, settings: Iterable[Hyperparameter]) -> None:
    table = table_of(HYPERPARAMETER, "\nhyperparameters")
    for item in settings:
        table.add_row(
            rendering.symbol_text(item.symbol),
            item.keyword.replace("[", r"\["),
            f"{item.default:g}",
            str(item.domain).replace("[", r"\["),
            item.meaning,
        )
    console.print(table)


def list_rules(console: Console) -> None:
    """Print every rule with its citation, options and who implements it."""
    table = table_of(("rule", "citation", "options", "implementations"))
    for name, (family, meant) in rule_book.names().items():
        owners = ", ".join(i.identifier for i in entries() if i.rule == name)
        options = ", ".join(f"{k}={v}" for k, v in meant.items())
        options = options or ", ".join(option.name for option in family.options)
        table.add_row(name, f"{family.citation.authors} ({family.citation.year})", options, owners)
    console.print(table)


def list_schedules(console: Console) -> None:
    """Print every schedule with its citation, options and who implements it."""
    table = table_of(("schedule", "citation", "options", "implementations"))
    for name, family in schedule_book.families().items():
        owners = ", ".join(s.identifier for s in scheduler_entries() if s.schedule == name)
        citation = f"{family.citation.authors} ({family.citation.year})"
        table.add_row(name, citation, ", ".join(option.name for option in family.options), owners)
    console.print(table)
