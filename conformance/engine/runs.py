"""Runs units in processes of their own: one that dies costs its unit, and nothing else."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing import connection, forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Protocol, Self

from conformance.engine import freed_memory
from conformance.engine.claim import Unit
from conformance.engine.ending import number_of, terminating
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Done, Judged, Spent
from conformance.engine.verdict import CellResult, Verdict

Judge = Callable[[Unit, Mapping[str, Done]], Iterator["Judged | Exhibit"]]
"""Yields the cells of a unit but for those that are done, then what the report shows besides."""
END_SECONDS = 2.0
PRELOADED = ("conformance.claims",)


@dataclasses.dataclass
class UnitResult:
    """The results of a unit, what it killed (formula to mutant to cell), and what the report shows."""

    results: list[CellResult] = dataclasses.field(default_factory=list)
    killed: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    exhibits: list[Exhibit] = dataclasses.field(default_factory=list)
    spent: dict[str, Spent] = dataclasses.field(default_factory=dict)
    """What each cell took, by its property, of what all cells of the unit may spend."""
    whole: bool = False
    """Whether all of it was judged."""

    def add(self, judged: Judged) -> None:
        """Add one cell."""
        self.results.append(judged.result)
        self.spent[judged.result.cell.property] = judged.spent
        for label, names in judged.killed.items():
            self.killed.setdefault(label, {}).update(names)
        self.exhibits.extend(judged.exhibits)


class Enough(Exception):  # noqa: N818 - no error
    """A listener wants the run to end; the message says why."""


class Listener:
    """Is told what happens in a run; every method may be left as it is."""

    def cell(self, unit: Unit, judged: Judged) -> None:
        """Take note of one cell; raises ``Enough`` to end the run, of which all others are told before."""

    def finished(self, unit: Unit, exhibits: Sequence[Exhibit]) -> None:
        """Take note of a unit that is whole, and of what the report shows besides its cells."""


@dataclasses.dataclass
class RunOutcome:
    """The results of a run in the order of its units; ``cut_short`` says what ended it early."""

    results: list[UnitResult]
    cut_short: str = ""
    status: int = 0
    """The exit status of the signal that ended it."""

    def cut(self, interrupt: KeyboardInterrupt) -> None:
        """Note the signal that ended the run early; the first one counts."""
        if not self.status:
            name = number_of(interrupt)
            self.cut_short, self.status = f"cut short by {name.name}", 128 + name


def run(
    work: Sequence[Unit],
    judge: Judge,
    listeners: Sequence[Listener],
    jobs: int,
    done: Mapping[int, UnitResult] | None = None,
) -> RunOutcome:
    """Judge all units, ``jobs`` at a time; what is ``done`` already is not judged again.

    SIGINT, SIGTERM and SIGHUP end the run at once; what was judged is returned.
    """
    outcome = RunOutcome([(done or {}).get(index) or UnitResult() for index in range(len(work))])
    waiting = [index for index, result in enumerate(outcome.results) if not result.whole]
    desk = Desk(work, outcome.results, iter(waiting))
    return _ended(outcome, desk, listeners, Pool(judge, min(jobs, len(waiting))))


def run_on(further: Iterator[Unit], listeners: Sequence[Listener], hands: Hands, until: float) -> RunOutcome:
    """Judge units as they come until the time ``until`` of the monotonic clock; listeners are told what is judged.

    No result is kept beside what they keep: there may be units without end.  Signals end it as they end ``run``.
    """
    desk = _Endless(further, until)
    return _ended(RunOutcome([]), desk, listeners, hands)


def _ended(outcome: RunOutcome, desk: Desk, listeners: Sequence[Listener], hands: Hands) -> RunOutcome:
    try:
        with terminating(), hands:
            for index, event in hands.events(desk):
                _take(desk.work[index], desk.results[index], event, listeners)
                if not isinstance(event, Judged):
                    desk.finished(index)
    except KeyboardInterrupt as interrupt:
        outcome.cut(interrupt)
    except Enough as enough:
        outcome.cut_short = str(enough)
    return outcome


@dataclasses.dataclass
class Desk:
    """What those that judge take their units from: the units, what is judged of each, and which is next."""

    work: Sequence[Unit]
    results: Sequence[UnitResult]
    waiting: Iterator[int]
    until: float | None = None
    """When no more is waited for, on the monotonic clock."""

    @property
    def left(self) -> float | None:
        """The seconds that are left, if there is an end."""
        return None if self.until is None else max(0.0, self.until - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self.left == 0.0

    def next(self) -> int | None:
        """Return the place of the unit that is judged next, or nothing."""
        return None if self.over else next(self.waiting, None)

    def finished(self, index: int) -> None:
        """Take note of a unit that is whole."""


class _Endless(Desk):
    """Units that are made as they are asked for; what was judged of one is dropped when it is whole."""

    def __init__(self, further: Iterator[Unit], until: float) -> None:
        self.made: list[Any] = []
        self.judged: list[UnitResult] = []
        super().__init__(self.made, self.judged, self._places(further), until)

    def _places(self, further: Iterator[Unit]) -> Iterator[int]:
        for unit in further:
            self.made.append(unit)
            self.judged.append(UnitResult())
            yield len(self.made) - 1

    def finished(self, index: int) -> None:
        """Drop a unit that is whole."""
        self.made[index], self.judged[index] = None, UnitResult(whole=True)


class Hands(Protocol):
    """Those that judge: processes here, or workers elsewhere."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def events(self, desk: Desk) -> Iterator[tuple[int, Any]]:
        """Yield each cell as it is judged, and what a unit shows when it is whole, with the place of its unit."""


def preload() -> None:
    """Start the process that judges are forked from: it imports what they need while this one goes on.

    The current folder is not among the places from which it imports: it may hold packages with the names of ours.
    """
    _context()
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def _take(unit: Unit, result: UnitResult, event: Any, listeners: Sequence[Listener]) -> None:
    if isinstance(event, Judged):
        result.add(event)
        for listener in listeners:
            listener.cell(unit, event)
    else:
        result.exhibits += event
        result.whole = True
        for listener in listeners:
            listener.finished(unit, event)


class _Process:
    """One process that judges units one after the other."""

    def __init__(self, judge: Judge) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        # What it is forked from may have started in another folder, with other variables.
        preload()
        self.process = _context().Process(target=_serve, args=(theirs, judge, Path.cwd(), own_variables()), daemon=True)
        self.process.start()
        theirs.close()
        self.unit: int | None = None

    def kill(self) -> None:
        """Kill it; its worker ends with it."""
        self.process.kill()
        self.connection.close()

    def end(self, seconds: float = END_SECONDS) -> None:
        """Kill it, and wait so many seconds for its end."""
        self.kill()
        self.process.join(seconds)

    @property
    def how(self) -> str:
        """How it ended, once it has."""
        self.process.join(END_SECONDS)
        status = self.process.exitcode
        if status is not None and status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"ended with status {status}"


class Pool:
    """Hands units to processes, and starts another process for one that died."""

    def __init__(self, judge: Judge, jobs: int) -> None:
        self.judge = judge
        self.jobs = jobs
        self.processes: list[_Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill all of them, then wait for all together as long as for one: each may take long to give a device back."""
        for process in self.processes:
            process.kill()
        until = time.monotonic() + END_SECONDS
        for process in self.processes:
            process.end(max(0.0, until - time.monotonic()))

    def events(self, desk: Desk) -> Iterator[tuple[int, Any]]:
        """Yield each cell as it is judged, and what a unit shows when it is whole."""
        self.processes = [_Process(self.judge) for _ in range(self.jobs)]
        for process in self.processes:
            self._hand(process, desk)
        while busy := {p.connection: p for p in self.processes if p.unit is not None}:
            told = connection.wait(list(busy), desk.left)
            if not told and desk.over:
                return
            for ready in told:
                process = busy[ready]  # type: ignore[index]
                index = process.unit
                if index is None:
                    continue
                try:
                    event = process.connection.recv()
                except (EOFError, OSError):
                    yield from lost(process.how, desk, index)
                    process = self._replaced(process)
                    self._hand(process, desk)
                    continue
                yield index, event
                if not isinstance(event, Judged):
                    self._hand(process, desk)

    def _hand(self, process: _Process, desk: Desk) -> None:
        process.unit = desk.next()
        if process.unit is not None:
            with suppress(BrokenPipeError):  # its end is seen where its answer is awaited
                process.connection.send((desk.work[process.unit], done_of(desk.results[process.unit])))

    def _replaced(self, process: _Process) -> _Process:
        process.end()
        other = _Process(self.judge)
        self.processes[self.processes.index(process)] = other
        return other


def done_of(begun: UnitResult) -> dict[str, Done]:
    """Return the properties of a unit that are judged already, each with what the unit killed and it spent."""
    names = [result.cell.property for result in begun.results]
    return {name: Done(begun.killed, begun.spent.get(name, Spent())) for name in names}


def lost(how: str, desk: Desk, index: int) -> Iterator[tuple[int, Any]]:
    """Yield an error of stepproof for every cell that a process owed which died, and the end of its unit."""
    unit = desk.work[index]
    judged = {item.cell.property for item in desk.results[index].results}
    reason = f"error of stepproof: the process that judged it {how}; judge it again with --resume"
    for name in unit.properties:
        if name not in judged:
            yield index, Judged(CellResult(unit.cell(name), Verdict.OURS, reason))
    yield index, []


SAFE_PATH = "PYTHONSAFEPATH"
"""The variable without which an interpreter imports from the current folder first."""


def own_variables() -> dict[str, str]:
    """Return the variables of the environment that are ours: the users' ledgers, rules and folders."""
    return {name: value for name, value in os.environ.items() if name.startswith("STEPPROOF_") or name == SAFE_PATH}


def _serve(parent: Connection, judge: Judge, folder: Path, variables: Mapping[str, str]) -> None:
    """Judge the units that come, in a folder and with our variables, until there are no more."""
    os.chdir(folder)
    for name in own_variables().keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    freed_memory.keep()
    while True:
        try:
            unit, done = parent.recv()
        except EOFError:
            return
        exhibits: list[Exhibit] = []
        for event in judge(unit, done):
            if isinstance(event, Exhibit):
                exhibits.append(event)
            else:
                parent.send(event)
        parent.send(exhibits)


def _end_with_parent() -> None:
    """Wait for the parent's death, and end this process however busy it is."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
