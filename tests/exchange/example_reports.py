"""Small reports: one that conforms, one with two causes, and one in which code under test says what it likes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from conformance.engine.evidence import RAISED
from conformance.engine.verdict import Cause, Cell, CellResult, Figures, Finding, Level, Verdict
from conformance.exchange.formats import WrittenFile, write_formats
from conformance.exchange.occasion import Occasion, SourcePlace
from conformance.report import model
from conformance.report.gates import weighed

DATE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ROOT = Path("/project")
MINE = "mypkg.changed:MyAdamW"
PLACE = "/project/mypkg/changed.py:15 in step"
OCCASION = Occasion(DATE, ROOT)

HOSTILE = {
    "quotes and the end of CDATA": "\"'`]]><![CDATA[",
    "mark-up of a page": "</testcase><script>alert(1)</script>&lt;",
    "a command of a workflow": "\n::error file=a::b\r\n::set-output name=x::y%0A::error::z",
    "lines": "first\nsecond\r\nthird\u2028fourth",
    "escape sequences": "\x1b[31mred\x1b[2J\x07\x9b2J",
    "NUL and a lone surrogate": "a\x00b\udc80c\ufffe",
    "a name of 100 kB": "n" * 100_000,
    "a table and code of Markdown": "| a | `b` | <br> | ![x](http://e.x/y) [l](http://e.x) #1 @you ~~s~~",
    "a link of SARIF, and an argument": "[here](http://e.x) {0} {{",
    "a place elsewhere": "../../etc/passwd:3 in step",
    "a scheme": "javascript:alert(1):3 in step",
    "percents and commas": "100%, a:b %25",
}


def cell(property_: str = "agreement/local", dtype: str = "float32", implementation: str = MINE) -> Cell:
    """Return a cell of one implementation."""
    return Cell(implementation, "default", "cpu", dtype, property_)


def finding(place: Cell, identifier: str = "0123456789", **changed: object) -> Finding:
    """Return a value outside its interval."""
    found = Finding(
        identifier,
        place,
        "One step from any legal state returns what a legal evaluation of the formula can return.",
        "θ",
        "update",
        "θ_t = θ̃_t − η·m̂_t/d_t",
        "<math></math>",
        {"hyperparameters": {"eta": "1"}, "before": {"g": "1"}, "steps": 1, "stored": {"seed": 3}, "kind": "rule"},
        ("-0.5", "-0.25"),
        ("-0x1.0p-1", "-0x1.0p-2"),
        "-0.75",
        "-0x1.8p-1",
        "1 width beyond its end",
        "confirmed by balls",
        "",
        "print('shown')\n",
        f"stepproof replay failures/{identifier}.json",
    )
    return dataclasses.replace(found, **changed)  # type: ignore[arg-type]


def failing(place: Cell, level: Level = Level.MUST, **changed: object) -> CellResult:
    """Return a cell that fails with one finding."""
    found = finding(place, **{"level": level, **changed})
    return CellResult(place, Verdict.FAIL, "1 value is outside", Figures(1, 9, 9, 1), "", (found,), level=level)


def report(results: Iterable[CellResult], causes: tuple[Cause, ...] = ()) -> model.Report:
    """Return a report of results."""
    results = tuple(results)
    item = model.ImplementationEntry(MINE, MINE, "adam", "adamw", "torch 2.13.0", {})
    claimed = dict.fromkeys(result.cell.property for result in results)
    properties = tuple(model.PropertyEntry(name, f"It holds that {name}.", "a paper") for name in claimed)
    mutants = tuple(model.MutantEntry(name, name, "θ_t", "") for name in ("killed", "killed", "equivalent"))
    rule = model.RuleEntry(
        "adam", "Adam", "a citation", (), (), (), (model.VariantEntry("adam()", {}, (), mutants),), ()
    )
    times = {"total": 7.5, **{str(place): 0.25 for place in range(len(results))}}
    environment = {"torch": "2.13.0", "platform": "linux x86_64"}
    whole = model.Report("0.1.0", "stepproof check x", 3, 2, environment, (rule,), properties, (item,), results, ())
    return weighed(dataclasses.replace(whole, causes=causes, times=times, cases_hash="c0ffee"))


def conforming() -> model.Report:
    """Return a report of a run that conforms."""
    return report(
        [
            CellResult(cell(), Verdict.PASS, "", Figures(1, 100, 300, largest_ratio=0.5)),
            CellResult(cell("sparse/rows"), Verdict.NOT_APPLICABLE, "it takes no sparse gradient"),
        ]
    )


def red() -> model.Report:
    """Return a report with a cause of two cells that must hold, one that only should, and every other verdict."""
    wrong = [failing(cell()), failing(cell("agreement/trajectory"), identifier="1111111111")]
    accepts = failing(
        cell("hyperparameters/refused"),
        Level.SHOULD,
        identifier="2222222222",
        assignment="",
        quantity="lr=nan at construction",
        value="accepted",
    )
    deviation = model.DeviationEntry("an-entry", MINE, "", "It does otherwise.", "", "", "in force")
    others = [
        CellResult(cell("a/passes"), Verdict.PASS, "", Figures(1, 100, 300, largest_ratio=0.5)),
        CellResult(cell("a/deviates"), Verdict.DEVIATION, "as known", deviation="an-entry"),
        CellResult(cell("a/undecided"), Verdict.UNDECIDED, "no element-case could be decided"),
        CellResult(cell("a/error"), Verdict.ERROR, "the worker was killed by SIGKILL"),
        CellResult(cell("a/ours"), Verdict.OURS, "KeyError in a line of stepproof"),
        CellResult(cell("a/no"), Verdict.NOT_APPLICABLE, "it keeps no step count"),
        CellResult(cell("a/not-run"), Verdict.NOT_RUN, "no device"),
    ]
    title = "lr=nan at construction: accepted"
    careless = Cause(MINE, title, Level.SHOULD, "A value is refused.", "", "2222222222", (accepts.cell,))
    cells = tuple(result.cell for result in wrong)
    changed = Cause(MINE, "this is adam(epsilon=inside)", Level.MUST, "it holds 27 runs", PLACE, "0123456789", cells)
    whole = report([*wrong, accepts, *others], (careless, changed))
    return weighed(dataclasses.replace(whole, deviations=(deviation,), not_run=("not run: no CUDA device",)))


def hostile(text: str) -> model.Report:
    """Return a report in which everything that code under test can say is ``text``."""
    place, other = Cell(text, text, "cpu", "float32", text), Cell(text, text, "cpu", "float64", text)
    found = finding(
        place,
        sentence=text,
        quantity=text,
        assignment=text,
        formula_text=text,
        case={"hyperparameters": {text: text}, "stored": {}},
        legal=(text, text),
        value=text,
        value_hex=text,
        distance=text,
        confirmed=text,
        explanation=text,
        replay=text,
    )
    raised = finding(other, "1111111111", quantity=RAISED, assignment="", value=text, legal=("no exception",) * 2)
    results = (
        CellResult(place, Verdict.FAIL, text, Figures(1, 1, 1, 1), text, (found,)),
        CellResult(other, Verdict.FAIL, text, Figures(1, 1, 1, 1), text, (raised,)),
        CellResult(Cell(text, "x", "cpu", "float32", text), Verdict.DEVIATION, text, deviation="an-entry"),
        CellResult(Cell(text, "y", "cpu", "float32", text), Verdict.ERROR, text),
    )
    causes = (
        Cause(text, text, Level.MUST, text, text, "0123456789", (place,)),
        Cause(text, text, Level.SHOULD, text, f"{text}.py:7 in step", "1111111111", (other,)),
    )
    item = model.ImplementationEntry(text, text, text, text, text, {text: text})
    deviation = model.DeviationEntry("an-entry", text, text, text, text, text, "in force")
    whole = report(results, causes)
    return weighed(
        dataclasses.replace(
            whole,
            implementations=(item,),
            deviations=(deviation,),
            properties=(model.PropertyEntry(text, text, text),),
            not_run=(text,),
            command=text,
            suite_version=text,
            environment={text: text, "torch": text},
        )
    )


def written(
    whole: model.Report, folder: Path, *names: str, sources: dict[str, SourcePlace] | None = None
) -> WrittenFile:
    """Write formats of a report on a fixed date, its paths told from ``/project``."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_formats(whole, names, folder, date=DATE, root=ROOT, sources=sources or {})


def read(whole: model.Report, folder: Path, name: str) -> str:
    """Return the text of a format's first file."""
    return written(whole, folder, name).paths[0].read_text()


def parsed(whole: model.Report, folder: Path, name: str) -> dict[str, object]:
    """Return the document of a format that is JSON."""
    document: dict[str, object] = json.loads(read(whole, folder, name))
    return document
