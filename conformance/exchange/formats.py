"""The formats by their names, and the one way in which they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from conformance.exchange import annotations as workflow_commands
from conformance.exchange import badge, ctrf, history, in_toto, job_summary, junit, sarif
from conformance.exchange.occasion import Occasion, SourcePlace
from conformance.exchange.trend import plotted
from conformance.report.gates import weighed
from conformance.report.model import Report
from conformance.report.safety import made_safe
from conformance.report.writing import SUMMARY, write_text


@dataclass(frozen=True)
class ExchangeFormat:
    """A format: who reads it, its files in the output folder, and what writes them there.

    ``write`` returns the text that is to be printed; of all formats but annotations there is none.
    """

    readers: str
    files: tuple[str, ...]
    write: Callable[[Report, Occasion, Path], str]


@dataclass(frozen=True)
class WrittenFile:
    """The files that were written, and what is to be printed on stdout as it is."""

    paths: tuple[Path, ...]
    printed: str


def write_formats(
    report: Report,
    names: Iterable[str],
    output: Path,
    *,
    date: datetime,
    root: Path | None = None,
    sources: Mapping[str, SourcePlace] = MappingProxyType({}),
    job_page: Path | None = None,
) -> WrittenFile:
    """Write a report in the formats that are named into its folder, each file in one move.

    Paths are told from ``root``, as a rule that of the repository (where none is given, the folder one is in);
    ``sources`` are the files of what was judged.  ``job_page`` is the file to which a step adds its summary.  Raises
    ``KeyError`` for a name that is not in ``FORMATS``, and ``OSError`` for a file that cannot be written.
    """
    chosen = {name: FORMATS[name] for name in names}
    occasion = Occasion(date, (root or Path.cwd()).resolve(), sources)
    report = weighed(made_safe(report))
    printed = "".join([form.write(report, occasion, output) for form in chosen.values()])
    if job_page is not None and "job-summary" in chosen:
        job_summary.append(job_page, report)
    return WrittenFile(tuple(output / name for form in chosen.values() for name in form.files), printed)


def _badge(report: Report, _: Occasion, output: Path) -> str:
    write_text(output / badge.SVG, badge.svg(report))
    write_text(output / badge.ENDPOINT, badge.endpoint(report))
    return ""


def _history(report: Report, occasion: Occasion, output: Path) -> str:
    history.append(output / history.HISTORY, history.entry(report, occasion))
    write_text(output / history.TREND, plotted(history.read(output / history.HISTORY)))
    return ""


def _printed(report: Report, occasion: Occasion, _: Path) -> str:
    return workflow_commands.render(report, occasion)


def _file(readers: str, name: str, render: Callable[[Report, Occasion], str]) -> ExchangeFormat:
    def write(report: Report, occasion: Occasion, output: Path) -> str:
        write_text(output / name, render(report, occasion))
        return ""

    return ExchangeFormat(readers, (name,), write)


FORMATS: Mapping[str, ExchangeFormat] = {
    "annotations": ExchangeFormat("GitHub Actions, from what a step prints", (), _printed),
    "badge": ExchangeFormat("pages that show a badge, and services that draw one", (badge.SVG, badge.ENDPOINT), _badge),
    "ctrf": _file("tools that read the Common Test Report ExchangeFormat", "ctrf.json", ctrf.render),
    "history": ExchangeFormat("you, from run to run", (history.HISTORY, history.TREND), _history),
    "in-toto": _file("policy engines, once it is signed", "in-toto.json", in_toto.render),
    "job-summary": _file("the page of a GitHub job", SUMMARY, lambda report, _: job_summary.render(report)),
    "junit": _file("GitLab, Jenkins, Azure and most other CI systems", "junit.xml", junit.render),
    "sarif": _file("GitHub code scanning, and editors", "stepproof.sarif", sarif.render),
}
