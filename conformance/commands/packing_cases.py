"""Writes a folder of cases that any program can step: ``stepproof pack RULE --cases``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.console import Console

from conformance.commands import listing
from conformance.commands.exit_status import CONFORMS
from conformance.commands.plain_text import plain
from conformance.commands.usage_errors import UsageError, among, pairs
from conformance.distance.case_folder import CASE, FORMAT, INDEX, CaseFolder, CaseIndex
from conformance.distance.cases import CLAIMS, CasesJudge, unit_of
from conformance.engine import runs
from conformance.engine.verdict import Verdict
from impls.devices import FLOATS
from spec import rendering
from spec import rules as book

USUAL_FORMAT = "float32"


def run(given: argparse.Namespace, console: Console) -> int:
    """Write the cases of a rule; returns the exit status.

    Raises ``UsageError`` for what is no rule, several formats, or a folder that is there.
    """
    options, output = pairs(given.option), given.output or Path("cases")
    listing.rule(given.target, options)
    dtypes = among("format", given.dtype, FLOATS) if given.dtype else (USUAL_FORMAT,)
    if len(dtypes) > 1:
        raise UsageError(f"a folder of cases has one format, and {' and '.join(dtypes)} are given; make one for each")
    asked = among("property", given.property, CLAIMS) if given.property else ()
    if output.exists():
        raise UsageError(f"--output {output} is there; give a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.absolute().parent, prefix=".cases-") as folder:
        found = Path(folder) / output.name
        found.mkdir()
        unit = unit_of(given.target, options, dtypes[0], asked, given.budget, given.seed)
        noting = CaseFolder(found, dtypes[0], Path(folder) / "complaints")
        outcome = runs.run([dataclasses.replace(unit, folder=noting, noting=True)], CasesJudge(), [], 1)
        if outcome.cut_short:
            return outcome.status
        broken = [r for r in outcome.results[0].results if r.verdict is Verdict.OURS]
        for result in broken:
            console.print(f"not planned: {plain(str(result.cell))}: {plain(result.reason)}", soft_wrap=True)
        index = _index(given, options, dtypes[0], asked, len(list(found.glob(f"*/{CASE}"))))
        (found / INDEX).write_text(json.dumps(msgspec.to_builtins(index), indent=1) + "\n")
        found.rename(output)
    size, name = sum(path.stat().st_size for path in output.rglob("*")) / 1e6, plain(str(output))
    console.print(
        f"wrote {name}, {size:,.1f} MB: {index.cases:,} cases of {plain(index.rule)} in {index.dtype}; "
        f"have a program step them, then: stepproof judge {name}",
        soft_wrap=True,
    )
    return CONFORMS


def _index(
    given: argparse.Namespace, options: dict[str, str], dtype: str, properties: tuple[str, ...], cases: int
) -> CaseIndex:
    rule = book.build(given.target, options)
    return CaseIndex(
        FORMAT,
        version("stepproof"),
        given.target,
        options,
        dtype,
        properties,
        given.budget,
        given.seed,
        tuple(rendering.line_text(rule, line) for line in rule.program),
        {h.symbol.name: f"{h.keyword}: {h.meaning}" for h in rule.hyperparameters},
        {s.symbol.name: f"{s.keyword}: {s.meaning}" for s in rule.states},
        cases,
    )
