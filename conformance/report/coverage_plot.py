"""The coverage of a formula as a plot: for each part on which share of the element-cases an error of it was seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conformance.report.covered import together
from conformance.report.model import PartStatus
from conformance.report.plots import INK, LINE, PLOT, QUIET, SURVIVED, drawing, svg
from conformance.report.wording import anchor, error_size, exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from conformance.report.model import PartEntry, PartInFormat, RuleEntry

# Lengths of the plot, in points.
_NAMES, _COLUMN, _PANEL, _ROW, _HEAD, _FOOT = 216.0, 250.0, 110.0, 15.0, 20.0, 30.0
_LONGEST = 44


def coverage_plot(rule: RuleEntry, errors: Sequence[float]) -> str:
    """Return a line for each part of a rule's formulas, with a panel and the counts for each format."""
    parts = together(rule)
    dtypes = sorted({held.dtype for part in parts for held in part.formats})
    if not dtypes:
        return ""
    width, height = _NAMES + _COLUMN * len(dtypes), _HEAD + _FOOT + _ROW * len(parts)
    bits = [-math.log2(error) for error in errors]
    panels: dict[str, Axes] = {}
    with drawing(width, height) as figure:
        for column, dtype in enumerate(dtypes):
            x = (_NAMES + _COLUMN * column) / width
            panels[dtype] = figure.add_axes((x, 0.0, _PANEL / width, 1.0))
            panels[dtype].set(xlim=(bits[0], bits[-1]), ylim=(0.0, height))
            panels[dtype].set_axis_off()
            figure.text(x, 1 - 11 / height, dtype, color=INK, weight="bold")
            figure.text(x, 4 / height, "relative error, from 1/2 down to 2⁻⁴⁸", color=QUIET)
        for line, part in enumerate(parts):
            base = _FOOT + _ROW * (len(parts) - 1 - line)
            alone = part.status is PartStatus.NOT_VERIFIED
            figure.text(0.0, (base + 3) / height, _named(part), color=SURVIVED if alone else INK, parse_math=False)
            for held in part.formats:
                x = (_NAMES + _COLUMN * dtypes.index(held.dtype)) / width
                _shares(panels[held.dtype], held, bits, base)
                place = (x + (_PANEL + 6) / width, (base + 3) / height)
                figure.text(*place, _told(held), color=SURVIVED if alone else QUIET)
    return svg(figure, anchor("coverage", rule.name), f"What the cases showed of each part of {rule.name}")


def _shares(axes: Axes, held: PartInFormat, bits: Sequence[float], base: float) -> None:
    shares = [count / held.looked_at if held.looked_at else 0.0 for count in held.caught]
    axes.fill_between(bits, [base + share * (_ROW - 3) for share in shares], base, color=PLOT, linewidth=0)
    axes.plot((bits[0], bits[-1]), (base, base), color=LINE, linewidth=0.6)


def _named(part: PartEntry) -> str:
    name = f"{part.line}: {part.name}" if part.line else part.name
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _told(held: PartInFormat) -> str:
    if held.smallest is None:
        return f"on none of {exact(held.looked_at)}"
    return f"{exact(held.mattered)} of {exact(held.looked_at)}, to {error_size(held.smallest)}"
