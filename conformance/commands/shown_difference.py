"""What is otherwise than in a run before, on the console."""

from __future__ import annotations

from rich.console import Console

from conformance.commands.plain_text import plain
from conformance.report.baseline_section import sentence, told
from conformance.report.difference import BaselineStatus, Difference
from conformance.report.model import Report

SHOWN = 8
"""So many lines of each sort are printed; of more their number."""


def show_baseline(console: Console, report: Report) -> None:
    """Print what a report says of its baseline, where it was held against one."""
    held = report.baseline
    if held is None or held.status is not BaselineStatus.COMPARED:
        return
    console.print(f"\n[bold]against the baseline {plain(held.file)}[/]")
    show_difference(console, held.difference)
    if held.known:
        count = sum(held.known.values())
        console.print(f"  [dim]known to the baseline, and not counted again: {count:,}[/]")


def show_difference(console: Console, difference: Difference) -> None:
    """Print all that is otherwise, what is worse first."""
    sorts = told(difference)
    for sort in sorts:
        sign = "[bold red]✗[/]" if sort.worse else "[dim]•[/]"
        console.print(f"{sign} {plain(sort.head)}")
        for line in sort.lines[:SHOWN]:
            console.print(f"    {plain(line)}")
        if len(sort.lines) > SHOWN:
            console.print(f"    … and {len(sort.lines) - SHOWN:,} more")
    if not sorts:
        console.print("[green]✓[/] nothing is otherwise")
    console.print(f"  [dim]{plain(sentence(difference))}[/]")
