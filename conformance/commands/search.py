"""Looks for rarer failures until the time is over: ``stepproof search TARGET... --hours H``."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.commands import exchanging, judging
from conformance.commands.console import MARKS
from conformance.commands.environments import all_seen, environment
from conformance.commands.exit_status import NOT_JUDGED
from conformance.commands.gate import located, ordered, overridden
from conformance.commands.gate_arguments import add_asked
from conformance.commands.limits import limit
from conformance.commands.plain_text import plain
from conformance.commands.ray_workers import RayWorkers
from conformance.commands.run_part import Unit
from conformance.commands.search_harvest import FIRST, REPLAY, Harvest
from conformance.commands.usage_errors import UsageError
from conformance.corpus.folder import Corpus
from conformance.corpus.rounds import SearchRound, judge
from conformance.corpus.stored import Kept, named
from conformance.engine import runs
from conformance.engine.verdict import CellResult
from conformance.report.writing import prepare
from impls.session import Session

FOLDER = Path("stepproof-corpus")
MOST_HOURS = 1000.0
DOUBLINGS = 6
"""The budget of a round is twice that of the one before, so often at most."""
APART = 16
"""The seeds of two rounds: a claim draws from a few that follow its own."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add what is searched, for how long, and where what is found is kept."""
    add_asked(parser)
    parser.add_argument("--hours", type=float, required=True, help="for how long; 0.1 is six minutes")
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="FOLDER",
        help=f"cases that are replayed first (default: {FOLDER} beside the configuration)",
    )
    parser.add_argument("--ray", metavar="ADDRESS", help="a Ray cluster, or `local` for one on this machine")
    parser.set_defaults(baseline=None)


def run(given: argparse.Namespace, console: Console) -> int:
    """Search, and report like a gate; returns its exit status.

    Raises ``UsageError`` for hours that cannot be, and what a gate raises.
    """
    limit(given)
    if not 0 < given.hours <= MOST_HOURS:
        raise UsageError(f"--hours {given.hours:g} is not in (0, {MOST_HOURS:g}]; give how long to search")
    until = time.monotonic() + given.hours * 3600
    found = overridden(located(given.config, given.target), given)
    corpus = Corpus(given.corpus.absolute() if given.corpus else found.file.parent / FOLDER)
    with ordered(found, console) as (order, workers):
        if order is None:
            return NOT_JUDGED
        hands = _hands(given, order)
        return search(order, corpus, until, console, workers.of(order.parts[0].python), hands)


def search(
    order: judging.Order, corpus: Corpus, until: float, console: Console, session: Session, hands: runs.Hands
) -> int:
    """Judge what is ordered in rounds until a time of the monotonic clock, and write the report of all of them."""
    start = time.perf_counter()
    prepare(order.output, beside=exchanging.files_of(order.formats))
    seen = all_seen(order.parts, session)
    versions = environment(order.parts, seen)
    session.close()
    work = order.units()
    harvest = Harvest(work, corpus, ToldSearch(console, order))
    known = len(corpus.kept)
    _say_corpus(corpus, console)
    outcome = runs.run_on(rounds(order, work, harvest), [harvest], hands, until)
    cut = "" if harvest.whole else outcome.cut_short or "ended by its time"
    ended = runs.RunOutcome(harvest.gathered(), cut, outcome.status if cut else 0)
    took = time.perf_counter() - start
    not_run = order.not_run({python: one.devices for python, one in seen.items()})
    concluded = judging.Concluded(order, work, ended, versions, not_run, took, advice="search for longer")
    status = judging.conclude(concluded, console)[1]
    console.print(
        f"searched {harvest.rounds} rounds, {harvest.cases:,} cases, in {took / 60:.1f} minutes; the corpus had "
        f"{known} cases and has {len(corpus.kept)}; failures that are new to it: {harvest.found}",
        soft_wrap=True,
    )
    return status


def _hands(given: argparse.Namespace, order: judging.Order) -> runs.Hands:
    if given.ray is None:
        return runs.Pool(judge, order.jobs)
    return RayWorkers(judge, given.ray, {part.device for part in order.parts}, given.jobs)


def rounds(order: judging.Order, work: Sequence[Unit], harvest: Harvest) -> Iterator[SearchRound]:
    """Yield the corpus, then the run of the gate itself, then it again with other seeds and larger budgets.

    It ends where no cell has a case that was not judged yet.
    """
    for place, unit in enumerate(work):
        stored = {name: harvest.corpus.of(unit.cell(name)) for name in unit.properties}
        mine = {name: tuple(kept.case for kept in found if own(unit, kept)) for name, found in stored.items()}
        cases = {name: found for name, found in mine.items() if found}
        if cases:
            yield SearchRound(unit, place, REPLAY, tuple(cases), cases, unit.levels)
    number = FIRST
    while True:
        made = 0
        for place, unit in enumerate(harder(order, number)):
            if names := harvest.open(place, number):
                made += 1
                yield SearchRound(unit, place, number, names, levels=unit.levels)
        if not made:
            return
        number += 1


def own(unit: Unit, kept: Kept) -> bool:
    """Tell whether a stored case imports nothing but what the unit itself is: a file may name another target."""
    return all(":" not in name or name == unit.called for name in named(kept.case))


def harder(order: judging.Order, number: int) -> list[Unit]:
    """Return the units of a round: those of the order, with another seed and a larger budget."""
    return [unit for part in order.parts for unit in dataclasses.replace(part, **_how(part, number)).units()]


def _how(part: Any, number: int) -> dict[str, Any]:
    seed = part.seed + APART * (number - FIRST)
    return {"seed": seed, "budget": part.budget * 2 ** min(number - FIRST, DOUBLINGS)}


class ToldSearch:
    """Prints what fails as it comes, with the round that found it, and each round that is reached."""

    def __init__(self, console: Console, order: judging.Order) -> None:
        self.console, self.order = console, order

    def failed(self, unit: SearchRound, result: CellResult) -> None:
        """Print a cell that fails."""
        where = "in the corpus" if unit.number == REPLAY else f"in round {unit.number}, {self._how(unit.number)}"
        self.console.print(f"{MARKS[result.shown]} {plain(unit.label)}: {result.cell.property}, {where}")

    def reached(self, number: int, cases: int, kept: int) -> None:
        """Print how far the search is."""
        self.console.print(f"round {number}, {self._how(number)}: {cases:,} cases till now, {kept} in the corpus")

    def _how(self, number: int) -> str:
        how = _how(self.order.parts[0], number)
        return f"seed {how['seed']}, budget {how['budget']:g}"


def _say_corpus(corpus: Corpus, console: Console) -> None:
    console.print(f"the corpus {plain(str(corpus.folder.name))} has {len(corpus.kept)} cases")
    for said in corpus.unread[:3]:
        console.print(f"passed over: {plain(said)}")
    if len(corpus.unread) > 3:
        console.print(f"passed over: {len(corpus.unread) - 3} more files")
