"""Shards of a run: its units are dealt to several machines, and what these have judged is put together."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.commands.run_part import Unit
from conformance.commands.usage_errors import UsageError
from conformance.engine.runs import UnitResult
from conformance.engine.safe_text import safe_text
from conformance.engine.stream import NAME, Stream, Streamed, differing, streamed
from conformance.report.model import ShardEntry

MOST_SHARDS = 1000
NAMED = 3
"""So many units that are missing are named."""


@dataclass(frozen=True)
class Shard:
    """One part of a run: ``number`` of ``shards``, counted from 1."""

    number: int
    shards: int

    def __str__(self) -> str:
        return f"{self.number}/{self.shards}"

    def entry(self, work: Sequence[Unit], every: Sequence[Unit]) -> ShardEntry:
        """Return what the report says of it, where of ``every`` unit it has those of ``work``."""
        return ShardEntry(self.number, self.shards, len(work), len(every))


def asked(given: argparse.Namespace) -> Shard | None:
    """Return the shard that a command line asks for; raises ``UsageError`` for what is none."""
    text = getattr(given, "shard", None)
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if found is None or not int(found[1]) <= int(found[2]) <= MOST_SHARDS:
        raise UsageError(f"--shard {text} is no part; give I/N with 1 ≤ I ≤ N ≤ {MOST_SHARDS}, such as 1/4")
    if given.baseline or given.update_baseline:
        raise UsageError(f"--shard {text} is no whole run to hold against a baseline; give it to `stepproof merge`")
    return Shard(int(found[1]), int(found[2]))


def pair(shard: Shard | None) -> tuple[int, int] | None:
    """Return a shard as its stream has it."""
    return None if shard is None else (shard.number, shard.shards)


def told(entry: ShardEntry) -> str:
    """Return the sentence about what a shard leaves to the others."""
    left = entry.units_of_the_run - entry.units
    part = f"this is shard {entry.number} of {entry.shards}"
    return f"not run: {left} of {entry.units_of_the_run} units: {part}; `stepproof merge` puts them together"


def dealt(work: Sequence[Unit], shard: Shard) -> list[Unit]:
    """Return the units of a shard; raises ``UsageError`` where there are more shards than units."""
    if shard.shards > len(work):
        count = f"{len(work)} unit{'s' * (len(work) != 1)}"
        raise UsageError(f"--shard {shard}: the run has {count}, each a path in one format; give no more parts")
    labels = Counter(unit.label for unit in work)
    if twice := [label for label, count in labels.items() if count > 1]:
        raise UsageError(f"two parts of the run are called {safe_text(twice[0], 200)}; give one a name of its own")
    places = hands([unit.cost for unit in work], shard.shards)
    return [unit for unit, place in zip(work, places, strict=True) if place == shard.number - 1]


def hands(costs: Sequence[float], shards: int) -> list[int]:
    """Return for each cost the shard that has it, from 0: the dearest first, always to whom has least."""
    held, count = [0.0] * shards, [0] * shards
    places = [0] * len(costs)
    for index in sorted(range(len(costs)), key=lambda i: (-costs[i], i)):
        place = min(range(shards), key=lambda s: (held[s], count[s], s))
        places[index] = place
        held[place] += costs[index]
        count[place] += 1
    return places


def read(paths: Sequence[Path]) -> list[Streamed]:
    """Return the streams of shards, each in a folder of a run; raises ``UsageError`` for what is none."""
    found = []
    for path in paths:
        file = path / NAME if path.is_dir() else path.with_name(NAME)
        try:
            one = streamed(file)
        except OSError as error:
            raise UsageError(f"`{path}` has no {NAME}: {error.strerror}; give the folder of a shard") from None
        except (ValueError, msgspec.MsgspecError) as error:
            raise UsageError(f"`{file}` is no stream of verdicts: {safe_text(str(error))}; judge it again") from None
        if one.shard is None:
            raise UsageError(f"`{path}` is a whole run and no shard; nothing is to be put together")
        found.append(one)
    _complete(found)
    return found


def _complete(found: Sequence[Streamed]) -> None:
    """Raise ``UsageError`` where a shard is missing or there twice."""
    shards = {one.shard[1] for one in found if one.shard}
    if len(shards) != 1:
        raise UsageError(f"these are shards of runs in {' and in '.join(map(str, sorted(shards)))} parts; give one run")
    (of,) = shards
    held: dict[int, Path] = {}
    for one in found:
        number = one.shard[0] if one.shard else 0
        if number in held:
            raise UsageError(f"shard {number}/{of} is there twice: `{held[number]}` and `{one.path}`; give it once")
        held[number] = one.path
    if missing := [f"{number}/{of}" for number in range(1, of + 1) if number not in held]:
        raise UsageError(f"shards {', '.join(missing)} are missing; judge them with --shard, and give all {of}")


def merged(paths: Sequence[Path], work: Sequence[Unit], stream: Stream) -> list[UnitResult]:
    """Return the results of every unit as its shard has them, and write the stream of the whole run.

    Raises ``UsageError`` for shards of another run and for one that was cut short.
    """
    found = read(paths)
    holders: dict[str, Streamed] = {}
    for one in found:
        if one.path.resolve() == stream.path.resolve():
            raise UsageError(f"the output `{one.path.parent}` is a shard, which would be replaced; give another folder")
        if other := differing(one.run, stream.identity):
            said = safe_text("; ".join(other), 600)
            raise UsageError(f"`{one.path}` is of another run: {said}; merge as they were judged")
        number, shards = one.shard or (0, 0)
        mine = [unit.label for unit in dealt(work, Shard(number, shards))]
        missing = [label for label in mine if not one.result(label).whole]
        if missing:
            names = safe_text(", ".join(missing[:NAMED]), 300)
            raise UsageError(
                f"shard {number}/{shards} in `{one.path.parent}` is not whole: {len(missing)} of {len(mine)} units are "
                f"missing ({names}); go on with --resume"
            )
        holders.update(dict.fromkeys(mine, one))
    stream.joined({unit.label: holders[unit.label] for unit in work})
    with stream:
        return [holders[unit.label].result(unit.label) for unit in work]
