"""Puts the questions of one part to a worker, one after the other; what hangs or dies costs its question."""

from __future__ import annotations

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable

from impls.failures import SuiteError, TargetError, WorkerFailure
from impls.kit.records import record
from impls.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

DEAR = frozenset({"timeout", "memory", "processes"})
"""The ends of a worker that cost time: after one the rest of its group is not asked."""
ALIKE = 3
"""After so many of these at one place nothing more of the part is asked, and no more of a group with so many ends."""
WITHOUT_STEPS = frozenset({"compiles", "hello", "probe", "signature", "step_place"})
"""Questions that are always asked: none of them makes a step."""
RAISED = ("where", "kind", "message", "traceback", "place")
FAILED = ("cause", "fact", "action", "printed", "place")


class Answering:
    """Asks the questions of a part and appends the answers to a file."""

    def __init__(self, file: IO[bytes], python: str | None) -> None:
        self.file, self.python = file, python
        self.session: Session | None = None
        self.how: tuple[float, int] = (0.0, 0)
        self.ended: Counter[str] = Counter()
        self.crashed: Counter[int] = Counter()
        self.over: set[int] = set()
        """The groups of which no more is asked."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.session is not None:
            self.session.close()

    def answer(self, header: dict[str, Any], buffers: Sequence[memoryview], done: set[bytes]) -> None:
        """Ask one question, or two at once, unless they are answered."""
        asked = header["ask"]
        keys = [bytes.fromhex(one["key"]) for one in asked]
        if done.issuperset(keys):
            return
        if self._is_over(header["group"]) and asked[0]["question"].get("op") not in WITHOUT_STEPS:
            answers: list[tuple[dict[str, Any], list[memoryview]]]
            answers = [({"skipped": "after others that hung or were used up"}, [])] * len(asked)
        elif len(asked) == 1:
            answers = [self._told(self._session(header), asked[0]["question"], buffers, header["group"])]
        else:
            answers = self._both(self._session(header), [one["question"] for one in asked], header["group"])
        for key, (answer, came) in zip(keys, answers):
            self.file.write(record(key, answer, came))
        self.file.flush()

    def _is_over(self, group: int) -> bool:
        """Whether so much hung or crashed that no further step of a group is made."""
        return group in self.over or max(self.ended.values(), default=0) >= ALIKE or self.crashed[group] >= ALIKE

    def _session(self, header: dict[str, Any]) -> Session:
        how = (header["timeout"], header["memory"])
        if self.session is None or how != self.how:
            if self.session is not None:
                self.session.close()
            self.session, self.how = Session(self.python, timeout=how[0], memory=how[1]), how
        return self.session

    def _told(
        self, session: Session, question: dict[str, Any], buffers: Sequence[memoryview], group: int
    ) -> tuple[dict[str, Any], list[memoryview]]:
        """Return what is written of an answer, or of what came in its place."""
        try:
            answer = session.request(question, buffers)
        except TargetError as error:
            return {"raised": {name: getattr(error, name) for name in RAISED}}, []
        except WorkerFailure as failure:
            self.crashed[group] += 1
            if failure.cause in DEAR:
                self.over.add(group)
                self.ended[failure.place] += 1
            told = dict(zip(FAILED, failure.args))
            return {"failed": told, "ours": isinstance(failure, SuiteError)}, []
        return {"answer": answer.header}, answer.buffers

    def _both(
        self, session: Session, questions: list[dict[str, Any]], group: int
    ) -> list[tuple[dict[str, Any], list[memoryview]]]:
        """Ask two workers at once, which find each other by a file."""
        pair = (session, session.companion)
        for one in pair:  # one that is still starting would keep the other waiting
            self._told(one, {"op": "hello"}, (), group)
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            here = [in_place(question, str(Path(folder) / "store")) for question in questions]
            ask: Callable[..., Any] = self._told
            told = [pool.submit(ask, one, question, (), group) for one, question in zip(pair, here)]
            return [future.result() for future in told]


def in_place(question: dict[str, Any], store: str) -> dict[str, Any]:
    """A question to one of two processes, which names the file by which they find each other."""
    part = "process" if "process" in question else "arguments"
    return {**question, part: {**question[part], "store": store}}
