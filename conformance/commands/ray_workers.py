"""Judges units on the machines of a Ray cluster: a worker that dies costs nothing but its time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from conformance.commands.usage_errors import UsageError
from conformance.engine import freed_memory
from conformance.engine.claim import Unit
from conformance.engine.evidence import Exhibit
from conformance.engine.judging import Done
from conformance.engine.runs import Desk, Judge, done_of, lost, own_variables
from impls.devices import HOST

LOCAL = "local"
"""The address of a cluster that is started here, and ends with the search."""
MOST_TRIES = 3
"""A unit whose worker died so often is an error of stepproof: it may be what kills them."""


class RayJudge:
    """An actor: one process somewhere that judges units one after the other, in a folder and with our variables."""

    def __init__(self, judge: Judge, folder: str, variables: Mapping[str, str]) -> None:
        self.judge_unit = judge
        if Path(folder).is_dir():
            os.chdir(folder)
        os.environ.update(variables)
        freed_memory.keep()

    def judge(self, unit: Unit, done: Mapping[str, Done]) -> Iterator[Any]:
        """Yield the cells of a unit as they are judged, and at last what the report shows besides."""
        exhibits: list[Exhibit] = []
        for event in self.judge_unit(unit, done):
            if isinstance(event, Exhibit):
                exhibits.append(event)
            else:
                yield event
        yield exhibits

    def process(self) -> int:
        """Return the number of its process."""
        return os.getpid()


class RayWorkers:
    """Hands units to actors: one for each GPU where a unit needs one and there are some, else for each core.

    ``most`` bounds their number.  A unit whose worker dies is handed to another one, which goes on behind the cells
    that are judged.  Raises ``UsageError`` where Ray is not installed or the cluster cannot be reached.
    """

    def __init__(self, judge: Judge, address: str, devices: Collection[str], most: int | None = None) -> None:
        try:
            import ray  # noqa: PLC0415 - an extra
        except ImportError:
            raise UsageError("--ray needs Ray: pip install 'stepproof[ray]', or leave it out") from None
        self.ray: Any = ray
        self.judge, self.address, self.most = judge, address, most
        self.on_gpu = any(device != HOST for device in devices)
        self.actors: list[Any] = []
        self.tries: Counter[int] = Counter()
        self.died = 0
        self.own = False

    def __enter__(self) -> Self:
        if not self.ray.is_initialized():
            quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
            if self.address == LOCAL:
                quiet |= {"num_cpus": self.most, "include_dashboard": False}
            try:
                self.ray.init(address=self.address, **quiet)
            except (ConnectionError, ValueError, RuntimeError) as error:
                said = str(error).partition("\n")[0]
                raise UsageError(f"--ray {self.address} cannot be reached: {said}; give an address, or local") from None
            self.own = True
        found = self.ray.cluster_resources()
        self.gpus = int(found.get("GPU", 0)) if self.on_gpu else 0
        many = self.gpus or max(1, int(found.get("CPU", 1)))
        self.actors = [self._actor() for _ in range(min(many, self.most or many))]
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self.actors:
            with suppress(self.ray.exceptions.RayError):
                self.ray.kill(actor)
        if self.own:
            self.ray.shutdown()

    def _actor(self) -> Any:
        needs = {"num_cpus": 0, "num_gpus": 1} if self.gpus else {"num_cpus": 1}
        return self.ray.remote(RayJudge).options(**needs).remote(self.judge, str(Path.cwd()), own_variables())

    def events(self, desk: Desk) -> Iterator[tuple[int, Any]]:
        """Yield each cell as it is judged, and what a unit shows when it is whole."""
        busy: dict[Any, tuple[Any, int]] = {}
        for actor in self.actors:
            self._hand(actor, desk.next(), desk, busy)
        while busy:
            told, _ = self.ray.wait(list(busy), num_returns=1, timeout=desk.left, fetch_local=False)
            if not told and desk.over:
                return
            for answers in told:
                actor, index = busy[answers]
                try:
                    event = self.ray.get(next(answers))
                except (self.ray.exceptions.RayError, StopIteration) as error:
                    del busy[answers]
                    other = self._replaced(actor)
                    if self.tries[index] < MOST_TRIES:
                        self._hand(other, index, desk, busy)
                        continue
                    yield from lost(f"died {MOST_TRIES} times: {type(error).__name__}", desk, index)
                    self._hand(other, desk.next(), desk, busy)
                    continue
                yield index, event
                if isinstance(event, list):
                    del busy[answers]
                    self._hand(actor, desk.next(), desk, busy)

    def _hand(self, actor: Any, index: int | None, desk: Desk, busy: dict[Any, tuple[Any, int]]) -> None:
        if index is not None:
            self.tries[index] += 1
            done = done_of(desk.results[index])
            busy[actor.judge.options(num_returns="streaming").remote(desk.work[index], done)] = (actor, index)

    def _replaced(self, actor: Any) -> Any:
        self.died += 1
        with suppress(self.ray.exceptions.RayError):
            self.ray.kill(actor)
        other = self._actor()
        self.actors[self.actors.index(actor)] = other
        return other
