"""Reads what is to be judged off a command line, and judges it: ``stepproof check`` and ``stepproof report``."""

from __future__ import annotations

import argparse
import shlex
import sys

from rich.console import Console

from conformance import claims
from conformance.catalogue import installed
from conformance.catalogue.catalogued import entries, implementations
from conformance.catalogue.installed import TORCH, Installation, find
from conformance.commands import judging, shards
from conformance.commands.environments import seen_by
from conformance.commands.exit_status import NOT_JUDGED
from conformance.commands.limits import bytes_of
from conformance.commands.run_part import RunPart
from conformance.commands.target_lookup import Asked, Say, found
from conformance.commands.usage_errors import UsageError, among, pairs
from conformance.commands.user_statements import said_by
from conformance.engine import runs
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.safe_text import safe_text
from conformance.recognition.scheduler import read_as
from conformance.schedulers.entries import reference_entries
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.devices import DEVICES, FLOATS, HOST
from impls.session import Session


def check(given: argparse.Namespace, console: Console, session: Session) -> int:
    """Judge one optimizer or scheduler; returns the exit status."""
    _refuse_unknown(given)
    runs.preload()
    asked = Asked(given.target, given.rule or "", given.schedule or "", pairs(given.option), said_by(given))
    chosen = found(asked, session, say_to(console))
    return _judge(given, console, chosen, session, whole=False)


def _refuse_unknown(given: argparse.Namespace) -> None:
    """Refuse names that nothing has before the target is asked anything."""
    among("format", given.dtype, FLOATS)
    among("property", given.property, [*claims.identifiers(OPTIMIZERS), *claims.identifiers(SCHEDULERS)])


def report(given: argparse.Namespace, console: Console, session: Session) -> int:
    """Judge the catalogue, or the implementations that are named; returns the exit status."""
    chosen = _chosen(given)
    return _judge(given, console, chosen, session, whole=not given.only and given.device == HOST)


def _chosen(given: argparse.Namespace) -> Installation:
    """Return what of the catalogue is asked for and can be judged."""
    names = among("implementation", given.only, [item.identifier for item in entries()])
    if given.only:
        return Installation(tuple(item for item in entries() if item.identifier in names), ())
    there = find(among("library", given.library, installed.NAMES), given.python)
    own, plain = (implementations(), reference_entries()) if given.references else ((), ())
    notebook = FROM_SCRATCH if TORCH in among("library", given.library, installed.NAMES) else ()
    return Installation((*own, *there.implementations, *notebook), there.not_run, (*plain, *there.schedulers))


def _judge(given: argparse.Namespace, console: Console, chosen: Installation, session: Session, *, whole: bool) -> int:
    if given.device != HOST and given.device not in seen_by(session).devices:
        console.print(DEVICES[given.device].absent)
        return NOT_JUDGED
    if not (chosen.implementations or chosen.schedulers):
        raise UsageError("; ".join(chosen.not_run))
    for entry in chosen.schedulers:
        if entry.any_form:
            say_to(console)(read_as(entry))
    order = judging.Order(
        (run_part(given, chosen),),
        shlex.join(["stepproof", *sys.argv[1:]]),
        given.output,
        jobs=given.jobs or judging.cores(),
        absent=chosen.not_run,
        whole=whole,
        resume=given.resume,
        fail_fast=given.fail_fast,
        strict=given.strict,
        formats=tuple(given.format),
        baseline=given.baseline,
        update_baseline=given.update_baseline,
        asked=tuple(given.arguments),
        shard=shards.asked(given),
        merged=getattr(given, "merged", ()),
    )
    return judging.judge(order, console, session)[1]


def run_part(given: argparse.Namespace, chosen: Installation) -> RunPart:
    """Return what a command line asks for of what is chosen."""
    return RunPart(
        chosen.implementations,
        chosen.schedulers,
        given.budget,
        given.seed,
        device=given.device,
        dtypes=among("format", given.dtype, FLOATS),
        properties=_properties(given, chosen),
        python=given.python,
        timeout=given.timeout,
        memory=bytes_of(given.memory),
        paths=_paths(given, chosen),
    )


def _properties(given: argparse.Namespace, chosen: Installation) -> tuple[str, ...]:
    """Return the properties that are asked for, each of which something chosen has."""
    known = [
        *(claims.identifiers(OPTIMIZERS) if chosen.implementations else ()),
        *(claims.identifiers(SCHEDULERS) if chosen.schedulers else ()),
    ]
    return among("property", given.property, known) if given.property else ()


def _paths(given: argparse.Namespace, chosen: Installation) -> tuple[str, ...]:
    """Return the execution paths that are asked for, each of which something chosen has."""
    names = [p.name for i in chosen.implementations for p in i.paths_on(given.device)]
    names += [entry.path for entry in chosen.schedulers]
    return among("path", given.path, tuple(dict.fromkeys(names))) if given.path else ()


def say_to(console: Console) -> Say:
    """Return what prints a sentence as it is."""
    return lambda sentence: console.print(safe_text(sentence), markup=False, soft_wrap=True)
