"""Draws a schedule: ``stepproof plot``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from conformance.commands import listing, plot_curves
from conformance.commands.usage_errors import UsageError, nearest
from spec.schedule import Schedule


def draw(console: Console, name: str, options: Mapping[str, str], settings: Sequence[str], svg: Path | None) -> None:
    """Draw a schedule in the terminal, and as an SVG file where one is named.

    Raises ``UsageError`` for a schedule or a setting that there is not.
    """
    given = _numbers(settings)
    if "warmup" in given and name in {"cosine", "linear", "constant"}:
        options, name = {**options, "into": name}, "warmup"
    schedule = listing.schedule(name, options)
    values, milestones = _settings(schedule, given)
    steps = int(given.get("steps", plot_curves.whole_length(schedule, values, milestones)))
    if not plot_curves.has_curve(schedule):
        raise UsageError(f"{name} is made of what it is given, and has no curve of its own; plot a part of it")
    drawn = plot_curves.curve(schedule, values, steps, milestones)
    console.print(f"{schedule.label}: {', '.join(f'{k} = {v:g}' for k, v in values.items())}", markup=False)
    plot_curves.in_terminal(console, drawn)
    if svg:
        plot_curves.as_svg(svg, drawn)
        console.print(f"wrote {os.path.relpath(svg)}")


def _numbers(given: Sequence[str]) -> dict[str, float | str]:
    """Read `--T 100 --warmup 10` and `--T=100`; raises ``UsageError`` for what is none."""
    items = [part for item in given for part in item.split("=", 1)]
    if len(items) % 2 or not all(name.startswith("--") for name in items[::2]):
        raise UsageError(f"settings come in pairs, as in --T 100 --warmup 10; given: {' '.join(given)}")
    return {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(items[::2], items[1::2], strict=True)
    }


def _settings(schedule: Schedule, given: Mapping[str, float | str]) -> tuple[dict[str, float], tuple[int, ...]]:
    values = {h.keyword: h.default for h in schedule.hyperparameters}
    domains = {h.keyword: h for h in schedule.hyperparameters}
    milestones = plot_curves.milestones_of(schedule)
    lengths = [h.keyword for h in schedule.hyperparameters if str(h.symbol) == "T"]
    for name, text in given.items():
        keyword = lengths[0] if name == "T" and lengths else name
        try:
            if keyword == "milestones" and milestones:
                milestones = tuple(int(part) for part in str(text).split(","))
                continue
            value = float(text)
        except ValueError:
            raise UsageError(f"--{name} {text} is no number; give one") from None
        if keyword == "steps":
            continue
        if keyword not in values:
            raise nearest(f"setting of {schedule.name}", name, [*values, "T", "steps"])
        h = domains[keyword]
        if value not in h.domain or (h.symbol.is_integer and value != int(value)):
            whole = "a whole number in " if h.symbol.is_integer else ""
            raise UsageError(f"--{name} {text} is not in {whole}{h.domain}; give one that is")
        values[keyword] = value
    return values, milestones
