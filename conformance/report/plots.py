"""Plots are inline SVG that takes its colours and its font from the page around it.

matplotlib takes seconds to import, so that here alone it is imported, and when something is drawn.
"""

from __future__ import annotations

import math
import re
import warnings
import zlib
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from conformance.report.compact_svg import compact
from conformance.report.totals import power
from conformance.report.wording import SUPERSCRIPTS, anchor, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from conformance.report.matrix import Matrix, Row, Square
    from conformance.report.model import RuleEntry, VariantEntry
    from conformance.report.totals import MutantCounts

_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--quiet)",
    "#030303": "var(--line)",
    "#040404": "var(--plot)",
    "#050505": "var(--pass)",
    "#060606": "var(--fail)",
}
INK, QUIET, LINE, PLOT, KILLED, SURVIVED = _COLOURS

_ON_WHITE = {
    "ink": "#1b1b1b",
    "quiet": "#666666",
    "line": "#bbbbbb",
    "plot": "#3465a4",
    "pass": "#2e7d32",
    "fail": "#c62828",
    "text": "sans-serif",
}
_ON_BLACK = {
    "ink": "#e2e4e7",
    "quiet": "#9aa1aa",
    "line": "#4a5058",
    "plot": "#7fa8d8",
    "pass": "#62c391",
    "fail": "#ff8f84",
}
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stepproof",
    "font.size": 9.0,
    "axes.linewidth": 0.6,
    "axes.titley": 1.0,  # where a title stands otherwise only after all marks were measured
}

# Lengths of the plots, in points.
_NAMES, _COLUMN, _PANEL, _LINE_HEIGHT, _HEAD, _FOOT = 184.0, 158.0, 124.0, 30.0, 20.0, 28.0
_BAR, _BAR_HEIGHT, _BAR_TEXT = 300.0, 18.0, 230.0


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """Give a figure of a size in points, under the settings of the report."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(cast("Any", SETTINGS)):
        yield Figure(figsize=(width / 72, height / 72))


def ratio_plot(matrix: Matrix) -> str:
    """Histograms of observed error over bound: a line per path, a panel per format."""
    rows = [row for group in matrix.groups for row in group.rows if any(map(_bins, row.squares))]
    if not rows:
        return ""
    width = _NAMES + _COLUMN * len(matrix.dtypes)
    height = _HEAD + _FOOT + _LINE_HEIGHT * len(rows)
    with drawing(width, height) as figure:
        for column, dtype in enumerate(matrix.dtypes):
            x = (_NAMES + _COLUMN * column) / width
            figure.text(x, 1 - 11 / height, dtype, color=INK, weight="bold")
        for line, row in enumerate(rows):
            base = _FOOT + _LINE_HEIGHT * (len(rows) - 1 - line)
            _ratio_line(figure, row, base, (width, height), last=line == len(rows) - 1)
        figure.text(0.0, 4 / height, "observed error over bound", color=QUIET)
    title = f"Histograms of observed error over bound for {matrix.rule}, from 0 to 1"
    return svg(figure, anchor("ratios", matrix.rule), title)


def mutant_plot(rule: RuleEntry) -> str:
    """One bar per variant: mutants killed, proven equivalent and survived."""
    variants = [variant for variant in rule.variants if variant.mutants]
    if not variants:
        return ""
    names = _apart(variants)
    width, height = _NAMES + _BAR + _BAR_TEXT, _BAR_HEIGHT * len(variants)
    with drawing(width, height) as figure:
        axes = figure.add_axes((_NAMES / width, 0.0, _BAR / width, 1.0))
        axes.set_axis_off()
        most = max(len(variant.mutants) for variant in variants)
        axes.set(xlim=(0, most), ylim=(len(variants), 0))
        for line, variant in enumerate(variants):
            _mutant_bar(axes, line + 0.5, names[line], power(variant.mutants))
    return svg(figure, anchor("bars", rule.name), f"Mutants of {rule.name}: what became of them")


def _apart(variants: Sequence[VariantEntry]) -> list[str]:
    """Return what tells each of a rule's variants from the others: the options in which they differ."""
    choices = {name: {v.options.get(name) for v in variants} for v in variants for name in v.options}
    return [
        ", ".join(f"{name}={value}" for name, value in variant.options.items() if len(choices[name]) > 1)
        or variant.name
        for variant in variants
    ]


def _ratio_line(figure: Figure, row: Row, base: float, size: tuple[float, float], *, last: bool) -> None:
    width, height = size
    name = _cut(f"{row.implementation} {row.path} · {row.device}")
    figure.text(0.0, (base + 5) / height, name, color=INK, parse_math=False)
    for column, square in enumerate(row.squares):
        counts = _bins(square)
        if square is None or not counts:
            continue
        x = (_NAMES + _COLUMN * column) / width
        box = (x, base / height, _PANEL / width, (_LINE_HEIGHT - 8) / height)
        _panel(figure.add_axes(box), counts, square, last=last)


def _panel(axes: Axes, counts: Sequence[int], square: Square, *, last: bool) -> None:
    edges = [place / len(counts) for place in range(len(counts) + 1)]
    axes.stairs(counts, edges, fill=True, color=PLOT, linewidth=0)
    axes.set(xlim=(0, 1), ylim=(0, 1.05 * max(counts)))
    quiet(axes, "left")
    axes.set_yticks([])
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"] if last else ["", "", ""])
    largest = [r.figures.largest_ratio for r in square.results]
    known = [value for value in largest if value is not None]
    if known:
        axes.text(0.97, 0.62, f"≤ {ratio(max(known))}", transform=axes.transAxes, ha="right", color=QUIET)


def _mutant_bar(axes: Axes, middle: float, name: str, strength: MutantCounts) -> None:
    start = 0
    for count, colour in (
        (strength.survived, SURVIVED),
        (strength.killed, KILLED),
        (strength.spared + strength.equivalent, LINE),
    ):
        axes.barh(middle, count, height=0.5, left=start, color=colour, linewidth=0)
        start += count
    counts = f"{strength.killed} killed · {strength.equivalent} equivalent"
    survived = f"{strength.survived} survived"
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    axes.annotate(_cut(name), (0, middle), (-_NAMES, 0), color=INK, parse_math=False, **place)
    axes.annotate(counts, (1, middle), (84, 0), color=QUIET, **place)
    emphasis = SURVIVED if strength.survived else QUIET
    axes.annotate(survived, (1, middle), (14, 0), color=emphasis, **place)


def _bins(square: Square | None) -> tuple[int, ...]:
    """The histograms of a square's cells, added in the widest bins that all of them share."""
    held = [r.figures.ratio_histogram for r in square.results] if square else []
    held = [histogram for histogram in held if any(histogram)]
    if not held:
        return ()
    number = math.gcd(*(len(histogram) for histogram in held))
    sums = [0] * number
    for histogram in held:
        for place, count in enumerate(histogram):
            sums[place * number // len(histogram)] += count
    return tuple(sums)


def _cut(name: str) -> str:
    return name if len(name) <= 34 else f"{name[:33]}…"


def decade(value: float, _: float = 0.0) -> str:
    """Return a power of ten as it is written at an axis."""
    return f"10{str(round(math.log10(value))).translate(SUPERSCRIPTS)}"


def finite(values: Iterable[float | None]) -> list[float]:
    """Return the values of a line, which is broken where it has no finite number."""
    return [value if value is not None and math.isfinite(value) else math.nan for value in values]


def dressed(axes: Axes, title: str, x_label: str = "") -> None:
    """Give axes their title, and the lines and colours of the report."""
    axes.set_title(title, loc="left", color=QUIET, fontsize=8, parse_math=False)
    axes.set_xlabel(x_label, color=QUIET, fontsize=8, labelpad=1)
    quiet(axes)
    axes.tick_params(which="minor", length=0)


def quiet(axes: Axes, *hidden: str) -> None:
    """Draw no ground and no frame but the axes themselves, ``hidden`` ones left out, in a quiet colour."""
    gone = ["top", "right", *hidden]
    axes.patch.set_visible(False)
    axes.spines[gone].set_visible(False)
    axes.spines[[side for side in ("left", "bottom") if side not in gone]].set_color(LINE)
    axes.tick_params(length=2, width=0.6, color=LINE, labelcolor=QUIET, labelsize=8)


def legend(axes: Axes, **place: Any) -> None:
    """Name the lines of axes."""
    named = axes.legend(frameon=False, fontsize=8, labelcolor=INK, **place)
    for text in named.get_texts():
        text.set_parse_math(False)


def svg(figure: Figure, prefix: str, title: str) -> str:
    """A figure as an element of the page: no prolog, no style sheet, names of its own."""
    import matplotlib as mpl

    figure.patch.set_visible(False)
    stream = StringIO()
    with mpl.rc_context(cast("Any", SETTINGS)), warnings.catch_warnings():
        # Letters are those of the reader's fonts: matplotlib only measures them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r"font-family: [^;\"]*", "font-family: inherit", text)
    text = re.sub(r"(font: (?:[a-z]+ )*[0-9.]+px) [^;\"]*", r"\1 var(--text)", text)
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    text = compact(text, f"s{zlib.crc32(prefix.encode()):x}-")
    name = re.sub(r"[<>&\"]", "·", title)
    return text.replace("<svg", f'<svg role="img" aria-label="{name}"', 1).strip()


def standalone(element: str) -> str:
    """Return an element of the page as a file of its own, with colours for a light ground."""
    for name, colour in _ON_WHITE.items():
        element = element.replace(f"var(--{name})", colour)
    return _named(element)


def on_both_grounds(element: str) -> str:
    """Return an element of the page as a file of its own, whose colours follow those of the reader's pages."""
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in colours.items()) for colours in (_ON_WHITE, _ON_BLACK)
    )
    style = f"<style>svg{{{light}font-family:sans-serif}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    begin, end, rest = element.partition(">")
    return _named(f"{begin}{end}{style}{rest}")


def _named(element: str) -> str:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return element.replace("<svg", f"<svg {names}", 1).replace(' href="#', ' xlink:href="#') + "\n"
