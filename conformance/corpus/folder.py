"""The folder of a corpus: small files named by their hash, of a bounded number."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from conformance.corpus.stored import MOST_BYTES, CorpusError, Kept, Why, read, text_of
from conformance.engine.verdict import Cell
from conformance.report.writing import write_bytes

MOST_FILES = 1000
"""A corpus holds no more; what only has a large ratio goes first, the smallest ratio before all others."""
LEAST_GAIN = 0.001
"""A ratio that is larger by less replaces no file: every change is one that git keeps."""


class Corpus:
    """The cases in a folder; what is no case of a corpus is passed over, and ``unread`` says why."""

    def __init__(self, folder: Path, most: int = MOST_FILES) -> None:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise OSError(f"the corpus `{folder}` is a link or a file; give a folder, which need not exist")
        place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
        if not os.access(place, os.W_OK | os.X_OK):
            raise OSError(f"the corpus `{folder}` cannot be written to; give a folder that can be")
        self.folder, self.most = folder, most
        self.kept: dict[str, Kept] = {}
        self.unread: list[str] = []
        self.added = 0
        for file in sorted(folder.glob("*.json"))[: 2 * most] if folder.is_dir() else ():
            try:
                found = read(file)
            except CorpusError as error:
                self.unread.append(f"{file.name}: {error}")
                continue
            self.kept[file.name] = found
        self.mutants = {name for kept in self.kept.values() for name in kept.mutants}

    def of(self, cell: Cell) -> tuple[Kept, ...]:
        """Return the cases of a cell, those that failed first."""
        mine = [kept for kept in self.kept.values() if kept.cell == cell]
        return tuple(sorted(mine, key=lambda kept: (kept.why is not Why.FAILED, kept.name)))

    def offer(self, kept: Kept) -> bool:
        """Keep a case if it is worth it; returns whether it is kept."""
        if kept.name in self.kept or len(text_of(kept)) > MOST_BYTES:
            return False
        if kept.why is Why.KILLED:
            new = tuple(name for name in kept.mutants if name not in self.mutants)
            kept = msgspec.structs.replace(kept, mutants=new)
            if not new:
                return False
        if kept.why is Why.RATIO:
            before = [one for one in self.of(kept.cell) if one.why is Why.RATIO]
            if any(kept.ratio < one.ratio + LEAST_GAIN for one in before):
                return False
            for one in before:
                self._drop(one)
        self.kept[kept.name] = kept
        self.mutants.update(kept.mutants)
        write_bytes(self.folder / kept.name, text_of(kept))
        self.added += 1
        self._bound()
        return kept.name in self.kept

    def _bound(self) -> None:
        while len(self.kept) > self.most:
            order = {Why.RATIO: 0, Why.KILLED: 1, Why.FAILED: 2}
            self._drop(min(self.kept.values(), key=lambda kept: (order[kept.why], kept.ratio, kept.name)))

    def _drop(self, kept: Kept) -> None:
        del self.kept[kept.name]
        (self.folder / kept.name).unlink(missing_ok=True)
