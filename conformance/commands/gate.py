"""Judges what a project's configuration names: ``stepproof gate``."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from conformance.commands import judging, shards
from conformance.commands.check_and_report import say_to
from conformance.commands.exit_status import NOT_JUDGED
from conformance.commands.gate_parts import Gathered, Workers, gathered
from conformance.commands.limits import bytes_of, limit
from conformance.commands.project import surroundings
from conformance.commands.usage_errors import among, nearest
from conformance.configuration.reading import OWN_FILE, PROJECT_FILE, ConfigurationError, Located, entries, find, read
from conformance.configuration.settings import Configuration, OptimizerTable
from conformance.engine import runs
from conformance.engine.safe_text import safe_text
from conformance.report.model import Report
from impls.devices import FLOATS

OVERRIDES = ("budget", "seed", "timeout", "memory", "jobs")
"""Numbers and names of a command line that stand for those of the file."""


def gate(given: argparse.Namespace, console: Console) -> int:
    """Judge what the configuration names, as far as it is asked for; returns the exit status."""
    limit(given)
    portion = Portion(tuple(given.arguments), shards.asked(given), getattr(given, "merged", ()))
    portion = dataclasses.replace(portion, merged=tuple(path.absolute() for path in portion.merged))
    found = overridden(located(given.config, given.target), given)
    switches = Switches(given.resume, given.update_baseline, given.fail_fast)
    report, status = judged(found, console, switches, portion)
    return NOT_JUDGED if report is None else status


@dataclass(frozen=True)
class Portion:
    """What of a run is judged: a shard, or nothing where its shards are merged; ``asked`` are the command's words.

    A shard is held against no baseline: that belongs to the whole run.
    """

    asked: tuple[str, ...] = ()
    shard: shards.Shard | None = None
    merged: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Switches:
    """Where a run begins and ends, and whether its baseline is written anew."""

    resume: bool = False
    update_baseline: bool = False
    fail_fast: bool = False


WHOLE, FROM_THE_START = Portion(), Switches()


def judged(
    found: Located, console: Console, switches: Switches = FROM_THE_START, portion: Portion = WHOLE
) -> tuple[Report | None, int]:
    """Judge a whole configuration in the folder of its file; returns the report, if there is one, and the status."""
    with ordered(found, console, portion) as (order, workers):
        if order is None:
            return None, NOT_JUDGED
        return judging.judge(
            dataclasses.replace(order, **dataclasses.asdict(switches)), console, workers.of(order.parts[0].python)
        )


@contextmanager
def ordered(
    found: Located, console: Console, portion: Portion = WHOLE
) -> Iterator[tuple[judging.Order | None, Workers]]:
    """Yield what a configuration orders, in the folder of its file and with its workers; None where it is nothing."""
    settings = found.settings
    with chdir(found.file.parent), surroundings(settings):
        runs.preload()
        workers = Workers(settings.timeout, bytes_of(settings.memory))
        with workers.stack:
            made = gathered(settings, workers, say_to(console))
            for sentence in made.unjudged:
                console.print(f"not judged: {safe_text(sentence)}", markup=False, soft_wrap=True)
            yield _order(settings, made, portion) if made.parts else None, workers


def _order(settings: Configuration, made: Gathered, portion: Portion) -> judging.Order:
    return judging.Order(
        made.parts,
        shlex.join(["stepproof", *sys.argv[1:]]),
        Path(settings.output),
        jobs=settings.jobs or judging.cores(),
        unjudged=made.unjudged,
        baseline=Path(settings.baseline) if settings.baseline and portion.shard is None else None,
        strict=settings.strict,
        formats=settings.formats,
        asked=portion.asked,
        shard=portion.shard,
        merged=portion.merged,
    )


def located(config: Path | None, targets: Sequence[str]) -> Located:
    """Return the configuration that is meant, cut to the ``targets`` that are named.

    A target with a colon that it does not name is judged as the defaults say.  Raises ``ConfigurationError`` where
    there is none, and ``UsageError`` for a name that it has not.
    """
    file = config.absolute() if config else find(Path.cwd())
    if file is None and not (targets and all(":" in target for target in targets)):
        raise ConfigurationError(
            f"no {OWN_FILE} and no table [tool.stepproof] in a {PROJECT_FILE}, here or above; "
            "`stepproof init` writes one"
        )
    found = read(file) if file else Located(Path.cwd() / OWN_FILE, Configuration())
    if not targets:
        if not (entries(found.settings) or found.settings.libraries):
            raise ConfigurationError(f"{found.file} names no optimizer and no scheduler; `stepproof init` finds them")
        return found
    return Located(found.file, cut(found.settings, targets))


def cut(settings: Configuration, targets: Sequence[str]) -> Configuration:
    """Return a configuration with the targets that are named alone."""
    every = [table.called for table in entries(settings)]
    targets = [_meant(name, every) for name in targets]
    new = tuple(OptimizerTable(target=name) for name in dict.fromkeys(targets) if name not in every)
    return msgspec.structs.replace(
        settings,
        optimizers=(*(table for table in settings.optimizers if table.called in targets), *new),
        schedulers=tuple(table for table in settings.schedulers if table.called in targets),
    )


def _meant(name: str, every: Sequence[str]) -> str:
    """Return what a name stands for: itself, or the one target whose class has it."""
    if name in every or ":" in name:
        return name
    called = [one for one in every if one.rpartition(":")[2] == name]
    if len(called) != 1:
        raise nearest("name in the configuration", name, every)
    return called[0]


def overridden(found: Located, given: argparse.Namespace) -> Located:
    """Return a configuration with what a command line says instead."""
    settings = found.settings
    changes: dict[str, Any] = {key: value for key in OVERRIDES if (value := getattr(given, key, None)) is not None}
    lists = {"dtypes": given.dtype, "devices": given.device, "paths": given.path, "properties": given.property}
    lists["formats"] = given.format
    changes |= {key: tuple(value) for key, value in lists.items() if value}
    changes |= {"strict": True} if given.strict else {}
    # What a person types is meant from where they are, what a file says from its folder.
    if given.baseline:
        changes["baseline"] = str(given.baseline.absolute())
    if given.output:
        changes["output"] = str(given.output.absolute())
    if given.python:
        changes["python"] = os.path.abspath(given.python) if os.sep in given.python else given.python  # noqa: PTH100
    among("format", given.dtype, FLOATS)
    own = {key: () for key in ("dtypes", "properties") if key in changes}
    more = {key: () for key in ("devices", "paths") if key in changes}
    tables = tuple(msgspec.structs.replace(table, **own, **more, **_own(changes)) for table in settings.optimizers)
    plain = tuple(msgspec.structs.replace(table, **own, **_own(changes)) for table in settings.schedulers)
    return Located(found.file, msgspec.structs.replace(settings, optimizers=tables, schedulers=plain, **changes))


def _own(changes: dict[str, Any]) -> dict[str, Any]:
    """Return what a table no longer says for itself."""
    return {"budget": None} if "budget" in changes else {}
