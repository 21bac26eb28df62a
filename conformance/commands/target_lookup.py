"""Finds out what a target is that somebody asks to have judged: an optimizer or a scheduler, and its entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance.catalogue import installed
from conformance.catalogue.catalogued import entries
from conformance.catalogue.installed import Installation
from conformance.commands import identify, identify_schedule, listing
from conformance.commands.usage_errors import UsageError, nearest
from conformance.commands.user_statements import Said
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.schedule_identity import ScheduleIdentity
from conformance.recognition.optimizer import adapting, catalogued, dotted, recognise
from conformance.recognition.scheduler import of_a_schedule, own_scheduler
from conformance.schedulers.entries import entries as scheduler_entries
from conformance.schedulers.entries import named
from impls.catalogue.entries import Implementation
from impls.catalogue.scheduler_entries import Scheduler
from impls.libraries import LIBRARIES
from impls.session import Session

Say = Callable[[str], None]
"""Tells the user a sentence about what was found."""


@dataclass(frozen=True)
class Asked:
    """A target, what it claims, as far as somebody says so, and what is said of it besides."""

    target: str
    rule: str = ""
    schedule: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    said: Said = field(default_factory=Said)


def found(asked: Asked, session: Session, say: Say) -> Installation:
    """Return the entry of a target; raises ``UsageError`` and ``NotJudgeableError`` for what has none."""
    if asked.rule and asked.schedule:
        raise UsageError(f"--rule {asked.rule} and --schedule {asked.schedule} exclude each other; give one")
    if asked.schedule or named(asked.target) is not None:
        return Installation((), (), (_scheduler(asked, session),))
    identity = _unnamed_schedule(asked, session)
    if identity is not None and identity.fitting:
        say(identify_schedule.first_line(identity))
        claimed = identity.fitting[0].schedule
        return Installation((), (), (own_scheduler(asked.target, claimed.name, claimed.options, session),))
    try:
        return Installation((_optimizer(asked, session, say),), ())
    except NotJudgeableError as error:
        if identity is None:
            raise
        shown = " ".join(identify_schedule.described_schedule(identity))
        raise NotJudgeableError(f"{shown}; say which schedule it claims: --schedule NAME") from error


def _optimizer(asked: Asked, session: Session, say: Say) -> Implementation:
    target, options, said = asked.target, asked.options, asked.said
    known = catalogued(target)
    if known is None and (meant := dotted(target)):
        raise UsageError(f"there is no target `{target}`: {meant} is meant, with a colon")
    rule = asked.rule or (known.rule if known else "")
    if rule:
        listing.rule(rule, options)
    if known is None and ":" not in target:
        raise nearest("target", target, [i.identifier for i in entries()])
    if (known is None or known.rule != rule) and not adapting(rule):
        claim = identify.claim_of(target, rule, options, session, said.beside())
        say(claim.sentence)
        return recognise(target, claim.rule, claim.options, session, claim.told(said.of(claim.rule)))
    return recognise(target, rule, options, session, said.of(rule))


def _unnamed_schedule(asked: Asked, session: Session) -> ScheduleIdentity | None:
    """Return what the curve shows of a target for which nobody says a rule or a schedule, where it has one."""
    if asked.rule or catalogued(asked.target) is not None or ":" not in asked.target:
        return None
    return identify_schedule.curve_of(asked.target, session)


def _scheduler(asked: Asked, session: Session) -> Scheduler:
    known, options = named(asked.target), asked.options
    name = asked.schedule or (known.schedule if known else "")
    listing.schedule(name, options)
    known = of_a_schedule(asked.target, name, options) or known
    if known and known.schedule == name and options.items() <= known.options.items():
        if known.library in LIBRARIES and (reason := installed.probe(LIBRARIES[known.library], session)[1]):
            raise UsageError(installed.missing(LIBRARIES[known.library], reason))
        return known
    if ":" not in asked.target:
        raise nearest("scheduler", asked.target, [item.identifier for item in scheduler_entries()])
    return own_scheduler(asked.target, name, options, session)
