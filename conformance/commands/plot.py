"""Draws a schedule: ``stepproof plot``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from conformance.commands import listing, plot_curves
from conformance.commands.usage_errors import UsageError, nearest
from conformance.engine.exhibits import JointEntry
from conformance.schedulers.curves import times_of
from reference.balls.error_model import EXACT
from reference.balls.schedule import ScheduleSettings
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
    lengths = [int(values[h.keyword]) for h in schedule.hyperparameters if h.symbol.is_integer]
    whole = sum(lengths) if schedule.name != "cosine" else lengths[0]
    steps = int(given.get("steps", min(100_000, max([*milestones, whole, 100]))))
    if any(item.kind != "milestones" for item in schedule.given):
        raise UsageError(f"{name} is made of what it is given, and has no curve of its own; plot a part of it")
    rates = plot_curves.points(schedule, values, steps, milestones)
    place = ScheduleSettings(schedule, values, {}, EXACT).place()
    joints = [
        JointEntry(joint.name, at, joint.restart)
        for joint in schedule.joints
        for at in times_of(joint, place, steps + 1)
    ]
    joints += [JointEntry("milestone", float(m), restart=False) for m in milestones]
    console.print(f"{schedule.label}: {', '.join(f'{k} = {v:g}' for k, v in values.items())}", markup=False)
    plot_curves.in_terminal(console, rates, joints)
    if svg:
        plot_curves.as_svg(svg, schedule.label, rates, joints)
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
    milestones: tuple[int, ...] = (30, 80) if any(g.kind == "milestones" for g in schedule.given) else ()
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
