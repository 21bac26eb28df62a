"""Judges what a program made of a folder of cases: ``stepproof judge FOLDER``."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from conformance.commands import exchanging, judging
from conformance.commands.console import Progress
from conformance.commands.run_part import RunPart
from conformance.commands.usage_errors import UsageError
from conformance.distance.case_folder import FORMAT, INDEX, CaseFolder, CaseIndex, index_of, known_in
from conformance.distance.cases import CLAIMS, PROGRAM, CasesJudge, CasesUnit, ProgramSession, unit_of
from conformance.distance.manifest import MOST_SECONDS, AnswersError
from conformance.engine import runs
from conformance.engine.safe_text import safe_text
from conformance.engine.stream import Stream
from conformance.report.assembly import environment_of
from conformance.report.occupation import occupied
from conformance.report.writing import prepare
from impls.devices import DEVICES, FLOATS


def run(given: argparse.Namespace, console: Console) -> int:
    """Judge the results in a folder of cases; returns the exit status.

    Raises ``AnswersError`` for what no folder of cases has.
    """
    if len(given.answers) > 1 or given.follow_up is not None or given.baseline is not None:
        raise UsageError("a folder of cases is judged alone, without --follow-up and --baseline; leave them out")
    folder, start = given.answers[0].absolute(), time.perf_counter()
    index = index_of(folder)
    unit = _unit(folder, index)
    with tempfile.TemporaryDirectory(prefix="stepproof-") as notes:
        complaints = Path(notes) / "complaints"
        cases = CaseFolder(folder, index.dtype, complaints, known_in(folder, index))
        unit = dataclasses.replace(unit, folder=cases)
        part = RunPart((unit.implementation,), (), index.budget, index.seed, dtypes=(index.dtype,))
        part = dataclasses.replace(part, properties=unit.properties)
        order = judging.Order(
            (part,),
            shlex.join(["stepproof", *sys.argv[1:]]),
            given.output,
            strict=given.strict,
            formats=tuple(given.format),
            opens=lambda _: ProgramSession(),
        )
        prepare(order.output, beside=exchanging.files_of(order.formats))
        with occupied(order.output):
            versions = {**environment_of(""), PROGRAM: f"{index.cases} cases"}
            del versions["torch"]
            with Stream(order.output, order.identity([unit], versions)) as stream, Progress(console, [unit], {}) as bar:
                outcome = runs.run([unit], CasesJudge(), [stream, bar], 1)
            _refuse(complaints)
            seconds = time.perf_counter() - start
            not_run = order.not_run({None: tuple(DEVICES)})
            return judging.conclude(judging.Concluded(order, [unit], outcome, versions, not_run, seconds), console)[1]


def _unit(folder: Path, index: CaseIndex) -> CasesUnit:
    """Return what a folder of cases asked for; raises ``AnswersError`` for what cannot be."""
    where = folder / INDEX
    if index.format != FORMAT or index.stepproof != version("stepproof"):
        raise AnswersError(f"`{where}` is of stepproof {safe_text(index.stepproof, 40)}, and this is another release")
    known = index.dtype in FLOATS and 0 < index.budget <= MOST_SECONDS and set(index.properties) <= set(CLAIMS)
    if not known or not 0 <= index.seed < 1 << 63:
        raise AnswersError(f"`{where}` names a format, a budget, a seed or a property that cannot be")
    try:
        return unit_of(index.rule, index.options, index.dtype, index.properties, index.budget, index.seed)
    except (LookupError, ValueError, TypeError) as error:
        raise AnswersError(f"`{where}` names no rule of the book: {safe_text(str(error), 200)}") from None


def _refuse(complaints: Path) -> None:
    if complaints.exists():
        said = list(dict.fromkeys(complaints.read_text().splitlines()))
        more = f" ({len(said) - 1} more like it)" if len(said) > 1 else ""
        raise AnswersError(f"{said[0]}{more}")
