"""Writes docs/index.md and docs/ecosystem.md from reports: ``python -m conformance.commands.ecosystem_page FILE ...``.

Each FILE is the ``report.json`` of a run; one run may be of several libraries.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.ledger import FOLDER, load
from conformance.engine.safe_text import safe_text
from conformance.engine.verdict import Level, Shown, Verdict
from conformance.optimizers.properties import COUNTING
from conformance.report.model import SCHEMA_NAME, SCHEMA_VERSION
from conformance.report.wording import SYMBOLS, anchor, counted, worst
from conformance.report.writing import write_text

TABLE, DETAILS = Path("docs/index.md"), Path("docs/ecosystem.md")
FORMULA = "formula"
SCHEDULERS = ("step()", "count")
"""The paths of schedulers: by their steps, or by a count."""
COLUMNS = (FORMULA, "contract, must", "contract, should")
_CLAUSES = frozenset(BY_IDENTIFIER) | {item.identifier for item in COUNTING}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#])")
Report: TypeAlias = Mapping[str, Any]
"""A report as its JSON has it."""

HEAD = """# The conformance of the ecosystem

stepproof judges deep-learning optimizers and learning-rate schedules by their formulas. The formula of an update rule
is written once, in SymPy; from it come the proofs, the enclosures of everything that a legal evaluation may return, and
the cases. There is no tuned tolerance: a value is inside what the formula and the declared arithmetic allow, or it is a
finding with its smallest case and a script that shows it. This table says how the optimizers and schedulers that people
train with stand.

Each row is a class, over all paths, formats and properties that were judged. *Formula* is agreement with its rule or
schedule; the [contract](contract.md) is what it keeps besides, through its whole life: what
[must and what should](explanations/levels.md) hold. *Power* is how many wrong formulas made from the right one
[the same cases told from it](explanations/power.md). A class links to what deviates.

✓ cells that pass · ✗ fail what must hold, and are new · △ fail what only should hold, and are new · ◆ deviate as the
ledger knows · ? undecided · ! ended in an error · ○ not run · – do not apply

[Faults found in the wild](faults/index.md) tells the worst of what was found and what it costs.
To judge your own optimizer, begin with [the tutorial](tutorial.md).

This page is written from the reports of `tox run -e ecosystem`.
"""
DETAILS_HEAD = """# What deviates, class by class

For each class of [the table](index.md) the known deviations that show in its cells, and what is new.
"""


class ReportError(ValueError):
    """A file is no report, or one of another version than this."""


def read(path: Path) -> Report:
    """Return a report; raises ``ReportError`` for a file that is none or of another schema version."""
    try:
        whole: Report = msgspec.json.decode(path.read_bytes())
        found = whole["schema"], whole["schema_version"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise ReportError(f"`{path}` is no report.json of stepproof ({error}); give that of a run") from None
    if found != (SCHEMA_NAME, SCHEMA_VERSION):
        raise ReportError(
            f"`{path}` has {found[0]} version {found[1]}, and {SCHEMA_NAME} version {SCHEMA_VERSION} is read; "
            "judge anew with this release"
        )
    return whole


def table(reports: Sequence[Report]) -> str:
    """Return the page of the table: for each library with its version the rows of its classes."""
    parts = [HEAD]
    for report in reports:
        for framework in dict.fromkeys(entry["framework"] for entry in report["implementations"]):
            classes = [entry for entry in report["implementations"] if entry["framework"] == framework]
            rows = "\n".join(_row(report, entry) for entry in classes)
            parts.append(
                f"## {_plain(framework)}{_kind(report, framework)}\n\n{_run(report, framework)}\n\n"
                f"| class | claims | {' | '.join(COLUMNS)} | known deviations | power |\n"
                f"| --- | --- | {'--- | ' * len(COLUMNS)}---: | --- |\n{rows}\n"
            )
    return "\n".join(parts)


def details(reports: Sequence[Report]) -> str:
    """Return the page behind the table: of each class its known deviations and what is new."""
    parts = [DETAILS_HEAD]
    libraries = {entry.identifier: file.stem for file in sorted(FOLDER.glob("*.toml")) for entry in load(file)}
    for report in reports:
        for entry in report["implementations"]:
            lines = [*_known(report, entry, libraries), *_new(report, entry)]
            named = f"{entry['identifier']}, {entry['framework']}"
            heading = f"## {_plain(named)} {{ #{_place(entry)} }}"
            parts.append(f"{heading}\n\n{chr(10).join(lines) or 'Nothing deviates in what was judged.'}\n")
    return "\n".join(parts)


def _kind(report: Report, framework: str) -> str:
    """Return what a heading says of a run of schedulers alone, which have neither rule nor profile."""
    paths = {result["cell"]["path"] for result in _results(report, framework)}
    return ", learning-rate schedules" if paths and paths <= set(SCHEDULERS) else ""


def _run(report: Report, framework: str) -> str:
    """Return how hard it was tested, and what the run says as a whole."""
    cells = list(_results(report, framework))
    formats = ", ".join(dict.fromkeys(result["cell"]["dtype"] for result in cells))
    values = sum(result["figures"].get("values", 0) for result in cells)
    unmet = [
        f"{gate['observed']:,} {gate['counts']}"
        for gate in report["gate_outcomes"]
        if gate["enforced"] and gate["status"] == "not met"
    ]
    because = f" ({_plain('; '.join(unmet))})" if unmet else ""
    return (
        f"{len(cells):,} cells in {formats}, {values:,} values compared, budget {report['budget']} seconds a class, "
        f"seed {report['seed']}. The run as a whole: {_plain(report['outcome'])}{because}."
    )


def _results(report: Report, framework: str) -> Iterator[Mapping[str, Any]]:
    names = {entry["identifier"] for entry in report["implementations"] if entry["framework"] == framework}
    yield from (result for result in report["results"] if result["cell"]["implementation"] in names)


def _row(report: Report, entry: Mapping[str, Any]) -> str:
    name = entry["identifier"]
    cells = [result for result in report["results"] if result["cell"]["implementation"] == name]
    columns = {column: Counter[Shown]() for column in COLUMNS}
    for result in cells:
        columns[_column(result)][_shown(result)] += 1
    deviations = len({known for result in cells for known in _deviations(result)})
    written = (
        f"[{_plain(name)}](ecosystem.md#{_place(entry)})",
        _plain(entry["claims"]),
        *map(_tally, columns.values()),
    )
    return f"| {' | '.join(written)} | {deviations or ''} | {_power(report, entry['rule'])} |"


def _column(result: Mapping[str, Any]) -> str:
    if result["cell"]["property"] not in _CLAUSES:
        return COLUMNS[0]
    return COLUMNS[2] if result.get("level") == Level.SHOULD else COLUMNS[1]


def _shown(result: Mapping[str, Any]) -> Shown:
    verdict = Verdict(result["verdict"])
    return Level.SHOULD if verdict is Verdict.FAIL and result.get("level") == Level.SHOULD else verdict


def _tally(found: Counter[Shown]) -> str:
    """Return the signs of the verdicts that occur with their counts, worst first; what does not apply only alone."""
    applied: dict[Shown, int] = {
        name: found[name] for name in SYMBOLS if found[name] and name is not Verdict.NOT_APPLICABLE
    }
    if not applied:
        return SYMBOLS[Verdict.NOT_APPLICABLE]
    kind = str(worst(applied)).replace(" ", "-")
    counts = " ".join(f"{SYMBOLS[name]}&#8239;{count:,}" for name, count in applied.items())
    return f'<span class="{kind}">{counts}</span>'


def _power(report: Report, rule: str) -> str:
    """Return how many mutants of a rule's formulas were killed, of how many that are not proven equal to it."""
    of_it = [each for each in report["rules"] if each["name"] == rule]
    mutants = [each["mutants"][place] for each in of_it for variant in each["variants"] for place in variant["mutants"]]
    wrong = [mutant for mutant in mutants if mutant["status"] != "equivalent"]
    killed = sum(mutant["status"] == "killed" for mutant in wrong)
    return f"{killed:,}&#8239;/&#8239;{len(wrong):,}" if wrong else ""


def _known(report: Report, entry: Mapping[str, Any], libraries: Mapping[str, str]) -> Iterator[str]:
    name = entry["identifier"]
    shown = Counter(
        known
        for result in report["results"]
        if result["cell"]["implementation"] == name
        for known in _deviations(result)
    )
    for known, cells in shown.items():
        page = libraries.get(known)
        linked = f"[{known}](reference/deviations/{page}.md#{known})" if page else _plain(known)
        yield f"- ◆ {linked}, {counted(cells, 'cell')}"


def _new(report: Report, entry: Mapping[str, Any]) -> Iterator[str]:
    for cause in report["causes"]:
        if cause["implementation"] == entry["identifier"]:
            sign = SYMBOLS[Verdict.FAIL if cause["level"] == Level.MUST else Level.SHOULD]
            cells = counted(len(cause["explains"]), "cell")
            yield f"- {sign} **{_plain(cause['title'])}**, {cells}. {_plain(cause['diagnosis'])}"


def _deviations(result: Mapping[str, Any]) -> list[str]:
    return [result["deviation"], *result.get("further", ())] if result.get("deviation") else []


def _place(entry: Mapping[str, Any]) -> str:
    """Return the anchor of a class on the page of details, of which another version has another."""
    return anchor("of", f"{entry['identifier']} {entry['framework']}").lower()


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it stands, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(safe_text(text).split()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both pages from the reports that are named; returns the exit status."""
    paths = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    if not paths:
        sys.stderr.write("ecosystem_page: no report is given; name the report.json of each run\n")
        return 2
    try:
        reports = [read(path) for path in paths]
    except ReportError as error:
        sys.stderr.write(f"ecosystem_page: {error}\n")
        return 2
    write_text(TABLE, table(reports))
    write_text(DETAILS, details(reports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
