"""Packs a run into one file that travels: ``stepproof pack TARGET --device D --output kit.pyz``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance.catalogue.catalogued import FRAMEWORK
from conformance.catalogue.installed import Installation
from conformance.commands import judging, packing_cases
from conformance.commands.check_and_report import run_part, say_to
from conformance.commands.exit_status import CONFORMS
from conformance.commands.ledger_layers import layer
from conformance.commands.limits import bytes_of, limit
from conformance.commands.plain_text import plain
from conformance.commands.project import project
from conformance.commands.run_arguments import add_how_hard, add_what
from conformance.commands.run_part import RunPart, Unit
from conformance.commands.target_arguments import add_claim
from conformance.commands.target_lookup import Asked, found
from conformance.commands.usage_errors import UsageError, pairs
from conformance.commands.user_statements import said_by
from conformance.distance import manifest
from conformance.distance.kit import pack
from conformance.distance.manifest import Manifest, Scope
from conformance.distance.planning import Planning, part_of
from conformance.engine import runs
from impls.catalogue.scheduler_entries import NUMPY
from impls.kit.program import minutes
from impls.session import Session

SUFFIX = ".pyz"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the target, how hard and where it is asked, and the file."""
    add_claim(parser)
    add_how_hard(parser, budget=25.0)
    add_what(parser)
    parser.add_argument(
        "--rehearse",
        action="store_true",
        help="judge it here too, on the host: what a finding needs that shows here is asked in the same kit",
    )
    parser.add_argument(
        "--cases",
        action="store_true",
        help="TARGET is a rule: write a folder of cases, in one format, which any program can step",
    )
    parser.add_argument("--output", type=Path, help="the kit (default kit.pyz), or the folder of cases (default cases)")


def run(given: argparse.Namespace, console: Console) -> int:
    """Pack the questions of a run; returns the exit status.

    Raises ``UsageError`` for what cannot be asked elsewhere, and ``OSError`` where the kit cannot be written.
    """
    limit(given)
    if given.cases:
        return packing_cases.run(given, console)
    given.output = given.output or Path("kit.pyz")
    if given.output.suffix != SUFFIX:
        raise UsageError(f"--output {given.output} is no kit; give a name that ends with {SUFFIX}")
    with project(), Session(given.python, timeout=given.timeout, memory=bytes_of(given.memory)) as session:
        layer(given.ledger)
        runs.preload()
        asked = Asked(given.target, given.rule or "", given.schedule or "", pairs(given.option), said_by(given))
        part = run_part(given, _packable(found(asked, session, say_to(console))))
        session.close()
        work = part.units()
        if not work:
            raise UsageError("; ".join(part.not_run(())) or f"nothing of {given.target} is judged there")
        with tempfile.TemporaryDirectory(dir=given.output.absolute().parent, prefix=".kit-") as folder:
            outcome = planned(work, Planning(Path(folder), given.rehearse), given.jobs or judging.cores(), console)
            if outcome.cut_short:
                return outcome.status
            made = pack([Path(folder) / part_of(u.label) for u in work], scope_of(part), given.target, given.output)
    tell(made, given.output, console)
    return CONFORMS


def planned(work: Sequence[Unit], planning: Planning, jobs: int, console: Console) -> runs.RunOutcome:
    """Write the questions of every unit, and say which cells could not be planned."""
    with console.status(f"planning {len(work)} units"):
        outcome = runs.run(work, planning, [], jobs)
    for result in (result for unit in outcome.results for result in unit.results):
        console.print(f"not planned: {plain(str(result.cell))}: {plain(result.reason)}", soft_wrap=True)
    return outcome


def _packable(chosen: Installation) -> Installation:
    """Return what is chosen; raises ``UsageError`` for a reference, which the judge computes itself."""
    own = [item.identifier for item in chosen.implementations if item.framework == FRAMEWORK]
    own += [item.name for item in chosen.schedulers if item.interface == NUMPY]
    if own:
        raise UsageError(f"{own[0]} is a reference, which the judge itself computes; use `stepproof check {own[0]}`")
    return chosen


def scope_of(part: RunPart) -> Scope:
    """Return a part of a run as its kit says it."""
    optimizers = [item for item in part.implementations if item.declared]
    schedulers = [item for item in part.schedulers if not item.any_form]
    return Scope(
        tuple(item.identifier for item in optimizers),
        tuple(item.identifier for item in schedulers),
        tuple(manifest.plain(item) for item in part.implementations if item not in optimizers),
        tuple(manifest.plain(item) for item in part.schedulers if item not in schedulers),
        part.device,
        part.dtypes,
        part.properties,
        part.paths,
        part.budget,
        part.seed,
        part.timeout,
        part.memory,
    )


def tell(made: Manifest, path: Path, console: Console, before: Sequence[str] = ()) -> None:
    """Say how large a kit is, how long it takes, and what to do with it; ``before`` are answers that it adds to."""
    size = path.stat().st_size / 1e6
    console.print(
        f"wrote {plain(str(path))}, {size:,.1f} MB: {made.questions:,} questions about {plain(made.asked)} on "
        f"{made.device}; about {made.answer_bytes / 1e6:,.0f} MB of answers in about {minutes(made.seconds)}",
        soft_wrap=True,
    )
    new = f"answers{len(before) + 1 if before else ''}"
    judged = " ".join(plain(folder) for folder in (*before, new))
    console.print(f"there: python {plain(path.name)} {new}    here: stepproof judge {judged}", soft_wrap=True)
