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
from conformance.commands import identify, identify_schedule, judging, listing, told
from conformance.commands.environments import seen_by
from conformance.commands.exit_status import NOT_JUDGED
from conformance.commands.part import Part
from conformance.commands.usage_errors import UsageError, among, nearest, pairs
from conformance.engine import runs
from conformance.engine.ledger import OPTIMIZERS, SCHEDULERS
from conformance.engine.safe_text import safe_text
from conformance.exchange import NAMES
from conformance.recognition.identification.schedule_identity import ScheduleIdentity
from conformance.recognition.optimizer import adapting, catalogued, dotted, recognise
from conformance.recognition.scheduler import of_a_schedule, own_scheduler, read_as
from conformance.schedulers.entries import entries as scheduler_entries
from conformance.schedulers.entries import named, reference_entries
from impls.catalogue.entries import Implementation
from impls.catalogue.from_scratch import FROM_SCRATCH
from impls.catalogue.scheduler_entries import Scheduler
from impls.devices import DEVICES, FLOATS, HOST
from impls.libraries import LIBRARIES
from impls.session import Session


def check(given: argparse.Namespace, console: Console, session: Session) -> int:
    """Judge one optimizer or scheduler; returns the exit status."""
    if given.rule and given.schedule:
        raise UsageError(f"--rule {given.rule} and --schedule {given.schedule} exclude each other; give one")
    runs.preload()
    if given.schedule or named(given.target) is not None:
        chosen = Installation((), (), (_scheduler(given, session),))
    elif (found := _unnamed_schedule(given, session)) is not None:
        _say(console, identify_schedule.first_line(found))
        claimed = found.fitting[0].schedule
        chosen = Installation((), (), (own_scheduler(given.target, claimed.name, claimed.options, session),))
    else:
        chosen = Installation((_optimizer(given, session, console),), ())
    return _judge(given, console, chosen, session, whole=False)


def report(given: argparse.Namespace, console: Console, session: Session) -> int:
    """Judge the catalogue, or the implementations that are named; returns the exit status."""
    chosen = _chosen(given)
    return _judge(given, console, chosen, session, whole=not given.only and given.device == HOST)


def _chosen(given: argparse.Namespace) -> Installation:
    """Return what of the catalogue is asked for and can be judged."""
    names = among("implementation", given.only, [item.identifier for item in entries()])
    if given.only:
        return Installation(tuple(item for item in entries() if item.identifier in names), ())
    found = find(among("library", given.library, installed.NAMES), given.python)
    own, plain = (implementations(), reference_entries()) if given.references else ((), ())
    notebook = FROM_SCRATCH if TORCH in among("library", given.library, installed.NAMES) else ()
    return Installation((*own, *found.implementations, *notebook), found.not_run, (*plain, *found.schedulers))


def _judge(given: argparse.Namespace, console: Console, chosen: Installation, session: Session, *, whole: bool) -> int:
    if given.device != HOST and given.device not in seen_by(session).devices:
        console.print(DEVICES[given.device].absent)
        return NOT_JUDGED
    if not (chosen.implementations or chosen.schedulers):
        raise UsageError("; ".join(chosen.not_run))
    for entry in chosen.schedulers:
        if entry.any_form:
            console.print(safe_text(read_as(entry)), markup=False, soft_wrap=True)
    part = Part(
        chosen.implementations,
        chosen.schedulers,
        given.budget,
        given.seed,
        device=given.device,
        dtypes=among("format", given.dtype, FLOATS),
        properties=_properties(given, chosen),
        python=given.python,
        timeout=given.timeout,
        paths=_paths(given, chosen),
    )
    order = judging.Order(
        (part,),
        shlex.join(["stepproof", *sys.argv[1:]]),
        given.output,
        jobs=given.jobs or judging.cores(),
        absent=chosen.not_run,
        whole=whole,
        resume=given.resume,
        strict=given.strict,
        formats=among("format", given.format, NAMES) if given.format else (),
    )
    return judging.judge(order, console, session)[1]


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


def _optimizer(given: argparse.Namespace, session: Session, console: Console) -> Implementation:
    options = pairs(given.option)
    known = catalogued(given.target)
    if known is None and (meant := dotted(given.target)):
        raise UsageError(f"there is no target `{given.target}`: {meant} is meant, with a colon")
    rule = given.rule or (known.rule if known else "")
    if rule:
        listing.rule(rule, options)
    if known is None and ":" not in given.target:
        raise nearest("target", given.target, [i.identifier for i in entries()])
    if (known is None or known.rule != rule) and not adapting(rule):
        claim = identify.claim_of(given.target, rule, options, session, told.given_beside(given))
        _say(console, claim.sentence)
        said = claim.told(told.told_of(given, claim.rule))
        return recognise(given.target, claim.rule, claim.options, session, said)
    return recognise(given.target, rule, options, session, told.told_of(given, rule))


def _unnamed_schedule(given: argparse.Namespace, session: Session) -> ScheduleIdentity | None:
    """Return the schedule of a target for which nobody says a rule or a schedule, where it follows one."""
    if given.rule or catalogued(given.target) is not None or ":" not in given.target:
        return None
    return identify_schedule.schedule_of(given.target, session)


def _say(console: Console, sentence: str) -> None:
    console.print(safe_text(sentence), markup=False, soft_wrap=True)


def _scheduler(given: argparse.Namespace, session: Session) -> Scheduler:
    known, options = named(given.target), pairs(given.option)
    name = given.schedule or (known.schedule if known else "")
    listing.schedule(name, options)
    known = of_a_schedule(given.target, name, options) or known
    if known and known.schedule == name and options.items() <= known.options.items():
        if known.library in LIBRARIES and (reason := installed.probe(LIBRARIES[known.library], session)[1]):
            raise UsageError(installed.missing(LIBRARIES[known.library], reason))
        return known
    if ":" not in given.target:
        raise nearest("scheduler", given.target, [item.identifier for item in scheduler_entries()])
    return own_scheduler(given.target, name, options, session)
