"""A schedule's curve in a terminal, and as an SVG file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from conformance.engine.exhibits import CurveEntry, JointEntry
from conformance.report.curves import curve_plot
from conformance.report.plots import finite, standalone
from conformance.schedulers.curves import times_of
from reference.balls.error_model import EXACT
from reference.balls.metric_machine import learning_rates
from reference.balls.schedule import ScheduleSettings, closed_form
from spec.schedule import Schedule

WIDTH, HEIGHT = 66, 15
BLOCKS = " ▁▂▃▄▅▆▇█"
STOPPED_AT = 30
"""A schedule over metrics is drawn on a metric that improves until this share, in percent, and then not."""


def points(schedule: Schedule, values: Mapping[str, float], steps: int, milestones: Sequence[int]) -> list[float]:
    """Return the learning rate at the steps 0, 1, ..., by the formula without rounding."""
    settings = ScheduleSettings(schedule, values, {"n": lambda t: sum(m <= t for m in milestones)}, EXACT)
    if schedule.machine:
        last = steps * STOPPED_AT // 100
        metrics = [1.0 / (1 + min(step, last)) for step in range(steps)]
        return [float(numbers[0].ball.mid()) for numbers in learning_rates(settings, metrics)]
    return [float(number.ball.mid()) for number in closed_form(settings, range(steps + 1))]


def milestones_of(schedule: Schedule) -> tuple[int, ...]:
    """Return the milestones at which a schedule that has some is looked at."""
    return (30, 80) if any(item.kind == "milestones" for item in schedule.given) else ()


def has_curve(schedule: Schedule) -> bool:
    """Tell whether a schedule has a curve of its own: nothing but milestones is given to it."""
    return all(item.kind == "milestones" for item in schedule.given)


def whole_length(schedule: Schedule, values: Mapping[str, float], milestones: Sequence[int]) -> int:
    """Return the steps in which a schedule runs through, at least 100 and at most 100,000."""
    lengths = [int(values[h.keyword]) for h in schedule.hyperparameters if h.symbol.is_integer]
    whole = sum(lengths) if schedule.name != "cosine" else lengths[0]
    return min(100_000, max([*milestones, whole, 100]))


def curve(schedule: Schedule, values: Mapping[str, float], steps: int, milestones: Sequence[int]) -> CurveEntry:
    """Return the curve of a schedule with its joints, by the formula without rounding."""
    place = ScheduleSettings(schedule, values, {}, EXACT).place()
    joints = [
        JointEntry(joint.name, at, joint.restart)
        for joint in schedule.joints
        for at in times_of(joint, place, steps + 1)
    ]
    joints += [JointEntry("milestone", float(m), restart=False) for m in milestones]
    rates = points(schedule, values, steps, milestones)
    return CurveEntry(schedule.label, tuple(rates), (), (), tuple(joints), "")


def in_terminal(console: Console, drawn: CurveEntry) -> None:
    """Print a curve in block characters, its joints marked under it."""
    rates, joints = finite(drawn.schedule), drawn.joints
    columns = min(WIDTH, len(rates))
    chosen = [rates[round(i * (len(rates) - 1) / max(1, columns - 1))] for i in range(columns)]
    top = max(chosen) or 1.0
    for row in range(HEIGHT, 0, -1):
        cells = (BLOCKS[max(0, min(8, round((rate / top * HEIGHT - row + 1) * 8)))] for rate in chosen)
        label = f"{top * row / HEIGHT:9.3g}" if row in {HEIGHT, HEIGHT // 2 + 1, 1} else " " * 9
        console.print(f"{label} │{''.join(cells)}", markup=False, no_wrap=True, crop=False)
    marks = [" "] * columns
    for joint in joints:
        marks[min(columns - 1, round(joint.time * (columns - 1) / max(1, len(rates) - 1)))] = "┬"
    console.print(f"{0:9.3g} └{''.join('─' if m == ' ' else m for m in marks)}", markup=False, no_wrap=True)
    console.print(f"{'':10} 0{'t':^{max(1, columns - 8)}}{len(rates) - 1:>6}", markup=False)
    for joint in joints[:6]:
        console.print(f"{'':10} ┬ {joint.name} at t = {joint.time:g}", markup=False)


def as_svg(path: Path, drawn: CurveEntry) -> None:
    """Write the curve as an SVG file, drawn as in the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(standalone(curve_plot(drawn)))
