"""The program of a kit: it puts every question to the code under test and writes what comes back."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impls.failures import WorkerFailure
from impls.kit.answering import Answering
from impls.kit.records import ANSWERS, CutOffError, RecordError, begin, following, places
from impls.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST, ABOUT = "manifest.json", "about.json"
FORMAT = 1
"""The version of manifests and of what is said of answers."""
SPARE_BYTES = 1 << 26
"""What stays free on the disk."""
TELL_SECONDS = 2.0
NOT_ANSWERED = 2


class KitError(Exception):
    """The kit cannot go on; the message says why and what to do."""


def main(archive: str, words: Sequence[str]) -> int:
    """Answer what the kit asks, and return the exit status: 0 where every question has its answer."""
    parser = argparse.ArgumentParser(f"python {os.path.basename(archive)}", description=__doc__)  # noqa: PTH119
    parser.add_argument("answers", type=Path, help="the folder for the answers; one that is there is gone on with")
    parser.add_argument("--python", help="the interpreter of the code under test (default: this one)")
    given = parser.parse_args(words)
    try:
        with zipfile.ZipFile(archive) as packed:
            return Kit(packed, given.answers, given.python).run()
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the same command goes on from here\n")
        return 130
    except (KitError, WorkerFailure, RecordError, OSError) as error:
        sys.stderr.write(f"{os.path.basename(archive)}: {error}\n")  # noqa: PTH119
        return NOT_ANSWERED


class Kit:
    """A kit whose questions are answered into a folder."""

    def __init__(self, packed: zipfile.ZipFile, folder: Path, python: str | None) -> None:
        self.packed, self.folder, self.python = packed, folder, python
        self.manifest: dict[str, Any] = json.loads(packed.read(MANIFEST))
        self.parts: list[str] = self.manifest["parts"]
        self.progress = Shown(self.manifest["questions"])

    def run(self) -> int:
        """Answer all that is not answered yet."""
        about = self._begun()
        self._say(about)
        for part in self.parts:
            self._part(part)
        self._write({**about, "finished": True})
        self.progress.end()
        sys.stdout.write(f"answers to all {self.manifest['questions']:,} questions are in {self.folder}\n")
        return 0

    def _begun(self) -> dict[str, Any]:
        """What the answers say of this machine; raises `KitError` where they cannot be given here."""
        with Session(self.python) as session:
            hello = session.request({"op": "hello"}).header
            device = self.manifest["device"]
            if device not in hello["devices"]:
                raise KitError(f"this machine has no device `{device}`: torch sees {', '.join(hello['devices'])}")
            machine = session.request({"op": "machine", "device": device}).header
        about = {
            "format": FORMAT,
            "kit": self.manifest["kit"],
            "python": hello["python"],
            "platform": f"{sys.platform} {platform.machine()}",
            "torch": hello["torch"],
            "devices": hello["devices"],
            "device": machine["name"],
            "driver": machine["driver"],
            "manifest": self.manifest,
            "finished": False,
        }
        self._check(about)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(about)
        return about

    def _check(self, about: dict[str, Any]) -> None:
        """Raise `KitError` where the folder has answers of another kit or machine, or the disk is full."""
        path = self.folder / ABOUT
        if path.exists():
            before = json.loads(path.read_text())
            other = [key for key in ("kit", "torch", "device", "driver", "python") if before.get(key) != about[key]]
            if other:
                named = ", ".join(f"{key} {before.get(key)} and not {about[key]}" for key in other)
                raise KitError(f"{self.folder} has answers of {named}; give another folder")
        free = shutil.disk_usage(self.folder if self.folder.exists() else Path.cwd()).free
        needed = self.manifest["answer_bytes"] + SPARE_BYTES
        if free < needed:
            raise KitError(f"the answers need about {needed >> 20:,} MiB, of which {free >> 20:,} are free")

    def _write(self, about: dict[str, Any]) -> None:
        beside = self.folder / f".{ABOUT}"
        beside.write_text(json.dumps(about, indent=1) + "\n")
        beside.replace(self.folder / ABOUT)

    def _say(self, about: dict[str, Any]) -> None:
        size, told = self.manifest["answer_bytes"] / 1e6, self.manifest["seconds"]
        sys.stdout.write(
            f"kit {about['kit'][:12]}: {self.manifest['questions']:,} questions about {self.manifest['asked']} on "
            f"{about['device']}, torch {about['torch']}; about {size:,.0f} MB of answers in about {minutes(told)}\n"
        )
        sys.stdout.flush()

    def _part(self, part: str) -> None:
        """Answer one part of the questions, those of a path in a format."""
        path = self.folder / f"{part}.answers"
        done = self._done(path)
        with path.open("ab") as file, Answering(file, self.python) as answering, self._questions(part) as questions:
            if not file.tell():
                file.write(ANSWERS)
            for _, message in following(questions):
                answering.answer(message.header, message.buffers, done)
                self.progress.add(len(message.header["ask"]))

    def _questions(self, part: str) -> Any:
        return self.packed.open(f"questions/{part}")

    def _done(self, path: Path) -> set[bytes]:
        """The keys of what is answered; what was cut off in the middle of an answer is taken off."""
        if not path.exists():
            return set()
        keys, end = set(), 0
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if size >= len(ANSWERS):
                begin(file, ANSWERS)
                end = len(ANSWERS)
            for place in _whole(places(file, size)):
                keys.add(place.key)
                end = place.end
            file.truncate(end)
        return keys


def _whole(found: Iterator[Any]) -> Iterator[Any]:
    """The records up to one that is cut off."""
    try:
        yield from found
    except CutOffError:
        return


class Shown:
    """How many questions are answered, on one line of a terminal, or now and then on a line of its own."""

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0
        self.start = self.told = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def add(self, count: int) -> None:
        """So many more have their answer."""
        self.count += count
        now = time.monotonic()
        if now - self.told >= (TELL_SECONDS if self.terminal else 15 * TELL_SECONDS):
            self.told = now
            left = (now - self.start) / self.count * (self.total - self.count)
            line = f"{self.count:,} of {self.total:,}, about {minutes(left)} left"
            sys.stderr.write(f"\r{line:60}" if self.terminal else f"{line}\n")
            sys.stderr.flush()

    def end(self) -> None:
        """All have theirs."""
        if self.terminal:
            sys.stderr.write(f"\r{'':60}\r")


def minutes(seconds: float) -> str:
    """A time in words."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} minutes"
