"""Proposes what the classes of a project claim: what their steps or curves show, and what their names say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.commands import identify_schedule
from conformance.commands.identify import called, departing
from conformance.commands.target_lookup import Say
from conformance.configuration.discovery import ClassSort, FoundClass
from conformance.configuration.writing import Proposal
from conformance.recognition.constructor import NotJudgeableError
from conformance.recognition.identification.identity import Identity, identify
from conformance.recognition.identification.schedule_identity import ScheduleIdentity
from conformance.recognition.identification.schedule_identity import identify_schedule as identified
from conformance.recognition.identification.search import ANYTHING, Limits
from conformance.recognition.optimizer import recognise
from impls.session import Session, TargetError, WorkerFailure
from spec import rules as rule_book
from spec import schedules as schedule_book
from spec.rule import UpdateRule

ABSTRACT = "instantiate abstract class"
"""What Python says of a class that cannot be made."""


@dataclass(frozen=True)
class Looked:
    """What was found out of the classes of a project: tables, and a sentence for each class without one."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[str, ...]


def look(found: Iterable[FoundClass], session: Session, say: Say) -> Looked:
    """Return what each class claims; it is told as it is found."""
    proposals, left_out = [], []
    for one in found:
        try:
            made = _optimizer(one, session) if one.sort is ClassSort.OPTIMIZER else _scheduler(one, session)
        except (NotJudgeableError, TargetError, WorkerFailure) as error:
            said = " ".join(str(error).split())
            reason = "it is abstract: what is made of it is judged" if ABSTRACT in said else said
            left_out.append(f"{one.target}: {reason}")
            continue
        made = _with_what_it_needs(made, session)
        say("; ".join((f"{one.target}: {made.remarks[0]}", *made.remarks[1:])))
        proposals.append(made)
    return Looked(tuple(proposals), tuple(left_out))


def _with_what_it_needs(made: Proposal, session: Session) -> Proposal:
    """Return a proposal with what the constructor of an optimizer requires beside its settings, if anything."""
    if made.kind != "optimizer" or not made.claims:
        return made
    try:
        recognise(made.target, made.claims, made.options, session)
    except NotJudgeableError as error:
        needs, _, asked = " ".join(str(error).split()).partition("; give it: ")
        needs += '; say it in the table: arguments = { NAME = "package.module:object" }' if asked else ""
        return replace(made, remarks=(*made.remarks, needs))
    except (TargetError, WorkerFailure):
        return made  # the gate tells it with its place
    return made


def _optimizer(one: FoundClass, session: Session) -> Proposal:
    """Return what an optimizer claims: by its steps, unless these are not what its name says or the book has.

    Where its name is a claim no other rule is looked at.
    """
    rule, options = claimed_by_name(one.name)
    identity = identify(one.target, session, Limits((rule_book.named(rule)[0].name,), {}) if rule else ANYTHING)
    best = identity.best
    if best is not None and all(best.rule.options.get(key) == value for key, value in options.items()):
        told, chosen = f"{_told(best.rule)}, as its steps show", departing(best.rule.name, best.rule.options, {})
        return Proposal("optimizer", one.target, best.rule.name, chosen, (told,))
    if rule:
        return Proposal("optimizer", one.target, rule, {}, (f"{rule} by its name; {_shown(identity, rule)}",))
    remarks = (f"{_shown(identity, 'any rule of the book')}; say which rule it claims",)
    return Proposal("optimizer", one.target, "", {}, remarks)


def claimed_by_name(name: str) -> tuple[str, dict[str, str]]:
    """Return the rule that the name of a class holds, the longest, and the options that this means."""
    longest = longest_in(name, rule_book.names())
    return longest, dict(rule_book.named(longest)[1]) if longest else {}


def longest_in(name: str, known: Iterable[str]) -> str:
    """Return the longest of the names that are words of another one: of ``FastAdamW`` it is ``adamw``."""
    plain = name.replace("_", "")
    found = []
    for one in known:
        start = plain.casefold().find(one.replace("_", ""))
        end = start + len(one.replace("_", ""))
        begins = start == 0 or plain[start : start + 1].isupper() or plain.islower()
        if start >= 0 and begins and not (plain[end : end + 1].islower() and not plain.islower()):
            found.append(one)
    return max(found, key=len, default="")


def _told(rule: UpdateRule) -> str:
    return called(rule.name, departing(rule.name, rule.options, {}))


def _shown(identity: Identity, among: str) -> str:
    """Return what the steps show of an optimizer that is not what its name says, or nothing of the book."""
    if identity.best is not None:
        return f"its steps are those of {_told(identity.best.rule)}"
    if identity.following is None:
        return f"its steps are those of no variant of {among}"
    agreement, near = identity.following
    return (
        f"its steps are those of no variant of {among}; {_told(near.rule)} is nearest and differs first at step "
        f"{agreement.steps + 1}"
    )


def _scheduler(one: FoundClass, session: Session) -> Proposal:
    """Return what a scheduler claims: by its curve, unless the book has none like it."""
    identity = identified(one.target, session)
    if identity.fitting:
        schedule = identity.fitting[0].schedule
        told = f"{identify_schedule.called(schedule)}, as its curve shows"
        return Proposal("scheduler", one.target, schedule.name, dict(schedule.options), (told,))
    name = longest_in(one.name, schedule_book.names())
    if name:
        return Proposal("scheduler", one.target, name, {}, (f"{name} by its name; its curve is {_near(identity)}",))
    return Proposal("scheduler", one.target, "", {}, (f"its curve is {_near(identity)}; say which schedule it claims",))


def _near(identity: ScheduleIdentity) -> str:
    if identity.nearest is None:
        return "that of no schedule of the book"
    step, _, near = identity.nearest
    return f"that of no schedule of the book; {identify_schedule.called(near.schedule)} is nearest, until t={step}"
