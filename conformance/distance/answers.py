"""Answers that came back: read as data, checked, and given to whoever asks the same question here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from conformance.distance.expected import check
from conformance.distance.manifest import About, AnswersError, checked
from conformance.distance.questions import Questions, anywhere
from conformance.engine.safe_text import escaped, safe_text
from impls.kit.answering import FAILED, RAISED
from impls.kit.program import ABOUT
from impls.kit.records import ANSWERS, Place, RecordError, begin, frame_at, key_of, places
from impls.session import Answer, NotAsked, Session, SuiteError, TargetError, WorkerFailure
from impls.worker.text import in_plain_text
from impls.worker.wire import Buffer

LARGEST_ABOUT = 1 << 26
"""Bytes of what answers say of themselves."""
LONGEST_TEXT = 20_000
"""Characters of what an exception or a worker said."""
CAUSES = frozenset({"signal", "exit", "timeout", "memory", "processes", "start", "protocol"})


Told = tuple[dict[str, Any], Sequence[memoryview]]
"""What came back of one question: an answer or what came in its place, and the buffers."""


class Lookup(Protocol):
    """Where what came back is looked for, by the key of its question."""

    def find(self, key: bytes) -> Told | None:
        """Return what came back of a question, or None; raises ``RecordError`` where it was changed."""

    def place(self, key: bytes) -> str:
        """Return where that stands."""


class _Held(NamedTuple):
    """In which file an answer stands, and where."""

    file: int
    place: Place


@dataclass
class Answers:
    """One or several folders of answers to kits of the same run; the last answer to a question counts.

    Raises ``AnswersError`` for folders that hold none, or those of several runs.
    """

    folders: tuple[Path, ...]

    def __post_init__(self) -> None:
        every = [about_of(folder) for folder in self.folders]
        self.about = every[0]
        for folder, other in zip(self.folders, every, strict=True):
            _same_run(self.folders[0], self.about, folder, other)
        self.finished = all(about.finished for about in every)
        self.files: list[Path] = []
        self.held: dict[bytes, _Held] = {}
        for folder, about in zip(self.folders, every, strict=True):
            for part in about.manifest.parts:
                self._index(folder, part)

    def find(self, key: bytes) -> Told | None:
        """Return what came back of a question, or None; raises ``RecordError`` where it was changed."""
        held = self.held.get(key)
        if held is None:
            return None
        with self.files[held.file].open("rb") as file:
            return frame_at(file, held.place)

    def place(self, key: bytes) -> str:
        """Return the file in which an answer stands."""
        return str(self.files[self.held[key].file])

    def _index(self, folder: Path, part: str) -> None:
        path = folder / f"{part}.answers"
        if not part.isalnum():
            raise AnswersError(f"`{folder / ABOUT}` names a part {safe_text(part, 40)!r}, which no kit has")
        if not path.is_file():
            if path.exists():
                raise AnswersError(f"`{path}` is no file of answers")
            return
        self.files.append(path)
        with path.open("rb") as file:
            try:
                begin(file, ANSWERS)
                for place in places(file, path.stat().st_size):
                    self.held[place.key] = _Held(len(self.files) - 1, place)
            except RecordError as error:
                said = f"`{path}` {safe_text(str(error))}"
                raise AnswersError(f"{said}; run the kit again, which goes on from what is whole") from None


def about_of(folder: Path) -> About:
    """Return what a folder of answers says of itself; raises ``AnswersError`` where it is none."""
    path = folder / ABOUT
    try:
        if path.stat().st_size > LARGEST_ABOUT:
            raise AnswersError(f"`{path}` has {path.stat().st_size:,} bytes, of which {LARGEST_ABOUT:,} may be")
        return checked(msgspec.json.decode(path.read_bytes(), type=About))
    except OSError as error:
        raise AnswersError(f"`{path}` cannot be read: {error.strerror}; give the folder that a kit wrote") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AnswersError(f"`{path}` is not what a kit writes: {safe_text(str(error))}") from None


def _same_run(folder: Path, first: About, other_folder: Path, other: About) -> None:
    if first.manifest.scope != other.manifest.scope:
        raise AnswersError(f"`{folder}` and `{other_folder}` answer kits of different runs; judge them one by one")
    for name in ("torch", "device", "driver", "python"):
        if getattr(first, name) != getattr(other, name):
            said = f"{name} {getattr(first, name)} and {getattr(other, name)}"
            raise AnswersError(f"`{folder}` and `{other_folder}` are of different machines: {said}")


class AnsweredSession(Session):
    """A session that answers from what came back; raises ``NotAsked`` for all else.

    What was not asked is noted among the ``questions``, where these are given.  An answer that no worker gives is
    none: what is wrong with it is appended to the file ``complaints``; without one it raises ``AnswersError``.
    """

    live = False

    def __init__(self, answers: Lookup, complaints: Path | None, questions: Questions | None = None) -> None:
        super().__init__()
        self.answers, self.complaints, self.questions = answers, complaints, questions

    def close(self) -> None:
        """Note no more."""
        if self.questions is not None:
            self.questions.close()

    @property
    def companion(self) -> Session:
        """What the second of two workers answered stands beside what the first one did."""
        return self

    def request(self, header: dict[str, Any], buffers: Iterable[Buffer] = ()) -> Answer:
        """Return the answer that came back, or raise what came in its place."""
        given = list(buffers)
        asked, _ = anywhere(header)
        key = key_of(asked, given)
        try:
            found = self.answers.find(key)
            if found is not None:
                return _told(asked, *found)
        except (RecordError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            self._complain(self.answers.place(key), asked["op"], error)
            raise NotAsked(header["op"]) from None
        if self.questions is not None:
            self.questions.add(header, given)
        raise NotAsked(header["op"])

    def _complain(self, place: str, operation: str, error: Exception) -> None:
        if isinstance(error, RecordError):
            said = f"`{place}` {error}"
        else:
            why = f"{type(error).__name__}: {error}" if isinstance(error, LookupError) else str(error)
            said = f"`{place}` has an answer to `{operation}` that no worker gives: {why}"
        if self.complaints is None:
            raise AnswersError(safe_text(said))
        with self.complaints.open("a") as file:
            file.write(safe_text(said).replace("\n", " ") + "\n")


def _told(asked: dict[str, Any], told: dict[str, Any], buffers: Sequence[memoryview]) -> Answer:
    """Return an answer whose texts are plain; raises what came in its place, ``ValueError`` for what is none."""
    told = in_plain_text(told)
    if "answer" in told:
        check(asked, told["answer"], buffers)
        return Answer(told["answer"], list(buffers))
    if "raised" in told:
        raise TargetError(*(_text(told["raised"], name) for name in RAISED))
    if "failed" in told:
        cause, fact, action, printed, place = (_text(told["failed"], name) for name in FAILED)
        if cause not in CAUSES:
            raise ValueError(f"a worker ended by {cause}")
        if told.get("ours"):
            raise SuiteError(fact, printed, place)
        raise WorkerFailure(cause, fact, action, printed, place)  # type: ignore[arg-type]
    if "skipped" in told:
        raise NotAsked(asked["op"])
    raise ValueError("it is neither an answer nor what came in its place")


def _text(told: dict[str, Any], name: str) -> str:
    value = told[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return escaped(value[:LONGEST_TEXT])
