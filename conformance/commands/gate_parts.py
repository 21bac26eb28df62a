"""Makes the parts of a run from the tables of a gate's configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from conformance import claims
from conformance.catalogue.installed import Installation
from conformance.commands.identify_schedule import described_schedule
from conformance.commands.limits import bytes_of
from conformance.commands.run_part import RunPart
from conformance.commands.target_lookup import Asked, Say, found
from conformance.commands.usage_errors import UsageError, among, nearest
from conformance.commands.user_statements import Said, read_value
from conformance.configuration.reading import converted, entries
from conformance.configuration.settings import Configuration, OptimizerTable, SchedulerTable, Table
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.verdict import Level
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.schedule_identity import identify_schedule
from conformance.recognition.optimizer import catalogued
from conformance.schedulers.entries import named
from impls.catalogue.entries import ExecutionPath, Implementation
from impls.devices import DEVICES, FLOATS, HOST
from impls.session import Session, TargetError, WorkerFailure
from reference.profile import Profile


@dataclass
class Workers:
    """One session for each interpreter that a gate names."""

    timeout: float
    memory: int
    sessions: dict[str | None, Session] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def of(self, python: str | None) -> Session:
        """Return the session of an interpreter."""
        if python not in self.sessions:
            self.sessions[python] = self.stack.enter_context(Session(python, timeout=self.timeout, memory=self.memory))
        return self.sessions[python]


@dataclass(frozen=True)
class Gathered:
    """What a gate judges, and a sentence for each target of which nothing can be judged."""

    parts: tuple[RunPart, ...]
    unjudged: tuple[str, ...]


def gathered(settings: Configuration, workers: Workers, say: Say) -> Gathered:
    """Return the parts of a gate; raises ``UsageError`` for what a table may not name."""
    tables: tuple[Table, ...] = (*settings.optimizers, *settings.schedulers)
    for package in settings.libraries:
        tables += shipped(package, workers.of(settings.python or None))
    wanted = properties(settings.properties, settings.without)
    levels = _levels(settings.levels)
    for python in dict.fromkeys(table.python or settings.python or None for table in tables):
        workers.of(python).begin()
    parts: list[RunPart] = []
    unjudged: list[str] = []
    for table in tables:
        python = table.python or settings.python or None
        try:
            entry = _entry(table, workers.of(python), lambda sentence, of=table.called: say(f"{of}: {sentence}"))  # type: ignore[misc]
        except (NotJudgeableError, TargetError, WorkerFailure) as error:
            unjudged.append(f"{table.called}: {error}")
            continue
        except UsageError as error:
            raise UsageError(f"{table.called}: {error}") from None
        asked = properties(table.properties, settings.without) if table.properties else wanted
        parts += _parts(table, entry, settings, asked, levels)
    return Gathered(tuple(parts), tuple(unjudged))


def shipped(package: str, session: Session) -> tuple[Table, ...]:
    """Return what an installed package ships as its claims; raises ``UsageError`` where it ships none.

    Raises ``ConfigurationError`` for a table that may not be.
    """
    tables = session.request({"op": "shipped", "package": package}).header["tables"]
    if not tables:
        raise UsageError(f"`{package}` ships no claims under the entry point stepproof.claims, or is not installed")
    schedulers = [table for table in tables if isinstance(table, dict) and "schedule" in table]
    optimizers = [table for table in tables if table not in schedulers]
    return entries(converted({"optimizers": optimizers, "schedulers": schedulers}, package, "its claims"))


def asked_of(table: Table) -> Asked:
    """Return what a table asks for."""
    if isinstance(table, SchedulerTable):
        return Asked(table.target, schedule=table.schedule, options=table.options)
    arguments = {name: _object(value) for name, value in table.arguments.items()}
    flags = {name: _object(value) for name, value in table.groups.items()}
    said = Said(table.settings, table.states, arguments, flags, table.ranks)
    return Asked(table.target, table.rule, options=table.options, said=said)


def properties(patterns: Sequence[str], without: Sequence[str]) -> tuple[str, ...]:
    """Return the properties that patterns name, all but ``without`` where there are none; nothing for every one.

    Raises ``UsageError`` for a pattern that names none.
    """
    every = [*claims.identifiers(OPTIMIZERS), *claims.identifiers(SCHEDULERS)]
    if not patterns and not without:
        return ()
    left_out = {name for pattern in without for name in _matching(pattern, every)}
    wanted = [name for pattern in patterns for name in _matching(pattern, every)] or every
    return tuple(name for name in dict.fromkeys(wanted) if name not in left_out)


def _matching(pattern: str, every: Sequence[str]) -> list[str]:
    found_ = [name for name in every if fnmatchcase(name, pattern)]
    if not found_:
        raise nearest("property", pattern, every)
    return found_


def _levels(given: Mapping[str, str]) -> dict[str, Level]:
    every = [*claims.identifiers(OPTIMIZERS), *claims.identifiers(SCHEDULERS)]
    return {name: Level(level) for pattern, level in given.items() for name in _matching(pattern, every)}


def _object(value: object) -> object:
    """Return what a word of a table stands for: an object where it names one, else itself."""
    return read_value(value) if isinstance(value, str) and ":" in value else value


def _entry(table: Table, session: Session, say: Say) -> Installation:
    if isinstance(table, SchedulerTable) and not table.schedule and named(table.target) is None:
        _follows_something(table, session)
    entry = found(asked_of(table), session, say)
    if not isinstance(table, OptimizerTable):
        return entry
    if table.name and catalogued(table.target) is not None:
        raise UsageError(f"name = {table.name}: `{table.target}` is in the catalogue under its own name; leave it out")
    return dataclasses.replace(entry, implementations=tuple(_declared(item, table) for item in entry.implementations))


def _follows_something(table: SchedulerTable, session: Session) -> None:
    """Raise ``NotJudgeableError`` where nobody says what a scheduler follows, and its curve does not tell."""
    identity = identify_schedule(table.target, session)
    if not identity.fitting:
        lines = " ".join(" ".join(described_schedule(identity)).split())
        raise NotJudgeableError(f"{lines}; say which schedule it claims: schedule = NAME")


def _declared(item: Implementation, table: OptimizerTable) -> Implementation:
    """Return an entry under the name of its table, with the profile that it declares."""
    named = dataclasses.replace(item, identifier=table.name) if table.name else item
    given = table.profile
    if not given:
        return named
    try:
        Profile.from_mapping(given, item.rule)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"its profile {given} is none: {error}; leave it out to have it found") from None

    def declaring(path: ExecutionPath) -> ExecutionPath:
        return dataclasses.replace(path, profile=given, declared=True)

    return dataclasses.replace(named, paths=tuple(declaring(path) for path in named.paths))


def _parts(
    table: Table, entry: Installation, settings: Configuration, asked: tuple[str, ...], levels: Mapping[str, Level]
) -> list[RunPart]:
    own = table if isinstance(table, OptimizerTable) else None
    devices = (own.devices if own else ()) or settings.devices or (HOST,)
    for name in devices:
        if name not in DEVICES:
            raise nearest("device", name, DEVICES)
    paths = (own.paths if own else ()) or settings.paths
    if own and own.paths:
        known = (path.name for item in entry.implementations for device in devices for path in item.paths_on(device))
        among("path", paths, tuple(dict.fromkeys(known)))
    return [
        RunPart(
            entry.implementations,
            entry.schedulers,
            table.budget or settings.budget,
            settings.seed,
            device=device,
            dtypes=table.dtypes or (own and settings.dtypes) or FLOATS,
            properties=asked,
            python=table.python or settings.python or None,
            timeout=settings.timeout,
            memory=bytes_of(settings.memory),
            paths=paths if entry.implementations else (),
            levels=levels,
        )
        for device in devices
        if entry.implementations or device == HOST
    ]
