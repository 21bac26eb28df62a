"""Says which rule with which options an unknown optimizer implements, as its steps show."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console

from conformance.commands.identify_schedule import described_schedule
from conformance.engine.safe_text import safe_text
from conformance.recognition.constructor import NOTHING_TOLD, NotJudgeableError, Stated
from conformance.recognition.identification.apart import MAXIMIZE, options_apart
from conformance.recognition.identification.candidates import DECAY, Candidate
from conformance.recognition.identification.equality import proven_equal
from conformance.recognition.identification.fit import Agreement
from conformance.recognition.identification.identity import (
    REFUSED,
    UNEXPLAINED,
    Identity,
    Switch,
    changed_options,
    identify,
)
from conformance.recognition.identification.schedule_identity import identify_schedule
from conformance.recognition.identification.search import ANYTHING, Limits
from conformance.recognition.identification.steps import STEPS
from conformance.recognition.options import switches_of
from impls.session import Session, TargetError
from spec import rules as book
from spec.rule import UpdateRule

FOUND, NOT_FOUND = 0, 2


@dataclass(frozen=True)
class IdentifiedClaim:
    """The rule and the options that are judged, and the sentence that says where they come from."""

    rule: str
    options: Mapping[str, str]
    sentence: str
    identity: Identity | None = None

    def told(self, said: Stated) -> Stated:
        """Return what a user says with what was found out beside it: names of settings, and switches."""
        if self.identity is None:
            return said
        best, arguments = self.identity.best, {**self.identity.turned, **said.arguments}
        said = dataclasses.replace(said, arguments=arguments)
        if best is None:
            return said
        found = {keyword: slot.label for keyword, slot in best.named.items() if slot.label != keyword}
        return dataclasses.replace(said, settings={**found, **said.settings}, switches=_options(best, self.identity))


def _options(best: Candidate, identity: Identity) -> dict[str, tuple[str, str]]:
    """Return the switches that choose one option of the rule each, as their steps show or else by their names."""
    found = _by_name(best, identity)
    for switch in identity.switches:
        changed = _changes(best, switch)
        if len(changed) == 1:
            name = switch.name if switch.value is True else f"{switch.name}={json.dumps(switch.value)}"
            found[name] = next(iter(changed.items()))
    return found


def _by_name(best: Candidate, identity: Identity) -> dict[str, tuple[str, str]]:
    """Return the switches that do something else than choosing one option, as torch's keyword of that name chooses."""
    doing = {switch.name: switch for switch in identity.switches if switch.value is True}
    family, own = book.family(best.rule.name), best.rule.options
    return {
        name: (key, value)
        for name, (key, value) in switches_of(family, doing, {}).items()
        if (doing[name].said == UNEXPLAINED or len(_changes(best, doing[name])) > 1)
        and family.legal({**own, key: value})
    }


def _changes(best: Candidate, switch: Switch) -> dict[str, str]:
    """Return the options of its rule that a switch changes."""
    same = switch.rule is not None and switch.rule.rule.name == best.rule.name
    return changed_options(best.rule, switch.rule.rule) if same and switch.rule is not None else {}


def _judged_by_name(best: Candidate, identity: Identity) -> Iterator[str]:
    """Yield what is said of switches that are judged by their names."""
    doing = {switch.name: switch for switch in identity.switches}
    for name, chosen in _by_name(best, identity).items():
        changed = _changes(best, doing[name])
        steps = f"makes the steps of {called('', changed)}" if changed else UNEXPLAINED
        yield f"{name}=True {steps}: it is judged as {'='.join(chosen)}, as its name says"


def show(console: Console, target: str, session: Session, told: Stated = NOTHING_TOLD) -> int:
    """Print what a target is identified as, an optimizer or a scheduler; returns the exit status."""
    try:
        identity = identify(target, session, told=told)
        found, lines = identity.best is not None, list(described(identity))
    except NotJudgeableError as error:
        try:
            schedule = identify_schedule(target, session)
        except NotJudgeableError:
            raise error from None
        found, lines = bool(schedule.fitting), list(described_schedule(schedule))
    for line in lines:
        console.print(safe_text(line), markup=False, soft_wrap=True)
    return FOUND if found else NOT_FOUND


def claim_of(
    target: str, rule: str, options: Mapping[str, str], session: Session, told: Stated = NOTHING_TOLD
) -> IdentifiedClaim:
    """Return what is judged of a target: the options that its steps show, of ``rule`` where one is named.

    Raises ``NotJudgeableError`` where no rule is named and none explains the steps.
    """
    family, meant = book.named(rule) if rule else (None, {})
    limits = Limits((family.name,), {**meant, **options}) if family else ANYTHING
    try:
        identity = identify(target, session, limits, told)
    except (NotJudgeableError, TargetError) as error:
        if not rule:
            raise
        return IdentifiedClaim(rule, options, f"{called(rule, options)}: its options are not found out, as {error}")
    best, nearest = identity.best, identity.following
    if best is None and not rule:
        raise NotJudgeableError(f"{' '.join(described(identity))}; say which rule it claims: --rule NAME")
    shown = best or (nearest[1] if nearest else None)
    if shown is None:
        return IdentifiedClaim(rule, options, f"{called(rule, options)}: no variant makes such steps")
    name = rule or shown.rule.name
    astray = _astray(identity, {**meant, **options})
    if best is not None and not astray:
        chosen, sentence = best.rule.options, first_line(identity, name, meant, options)
    else:
        chosen = options_apart(identity.question, shown, {**meant, **options}, session)
        sentence = _mistaken(identity, name, chosen, meant, astray)
    decay = {option: value for option, value in chosen.items() if option == DECAY and option not in meant}
    apart = departing(shown.rule.name, chosen, meant)
    return IdentifiedClaim(name, {**decay, **options, **apart}, sentence, identity)


def _astray(identity: Identity, claimed: Mapping[str, str]) -> str:
    """Return what steps do that no option can claim for them: a decay of no kind, a gradient that is followed."""
    best = identity.best
    if best is None:
        return ""
    if best.rule.options.get(MAXIMIZE) == "yes" and MAXIMIZE not in claimed:
        return "its steps follow the gradient, as with maximize=yes; --option maximize=yes to claim that"
    own = {h.keyword for rule in book.family(best.rule.name).variants() for h in rule.hyperparameters}
    for slot, agreement in identity.astray.items():
        if slot.label in own - best.named.keys():
            return f"with {slot.label}={slot.value:g} no variant explains its steps, the nearest {_differs(agreement)}"
    return ""


def _mistaken(identity: Identity, name: str, chosen: Mapping[str, str], meant: Mapping[str, str], astray: str) -> str:
    """Return the sentence that says what is judged of a target whose steps no variant that it may claim explains."""
    judged = called(name, departing(book.named(name)[0].name, chosen, meant))
    if identity.following is None or astray:
        return f"{judged} is judged: {astray}"
    agreement, nearest = identity.following
    said = f"no variant of {name} explains the steps of {identity.target}"
    if nearest.rule.options == chosen:
        return f"{said}; {_off(identity.following)}; that one is judged"
    return f"{said}; {judged} is judged; nearest is {_named(nearest)}, which {_differs(agreement)}"


def first_line(identity: Identity, name: str, meant: Mapping[str, str], given: Mapping[str, str]) -> str:
    """Return the sentence that says what a target is taken for, and what steps do not decide."""
    best = identity.fitting[0]
    chosen = departing(best.rule.name, best.rule.options, meant)
    claimed = ", ".join(option for option in chosen if option not in given)
    said = f"{called(name, chosen)}, as its steps show"
    said += f"; --option {claimed.split(', ')[0]}=... to claim another" if claimed else ""
    others = [candidate for candidate in identity.fitting[1:] if candidate.rule.name == best.rule.name]
    apart = list(dict.fromkeys(called("", changed_options(best.rule, other.rule)) for other in others))
    if named := " or ".join(filter(None, apart)):
        said += f" (its steps do not tell it from {named})"
    if not identity.within_rounding:
        said += " (in half of its digits: it rounds otherwise than its format)"
    turned = (f"{name}={value} is given: otherwise it refuses a setting" for name, value in identity.turned.items())
    said = "; ".join([said, *_judged_by_name(best, identity), *turned])
    idle = ", ".join(slot.label for slot in best.rest if slot.label in {other.label for other in identity.idle})
    return f"{said}; without effect: {idle}" if idle else said


def described(identity: Identity) -> Iterator[str]:
    """Yield the lines that tell an identity."""
    best = identity.best
    if best is None:
        yield f"{identity.target} implements no rule of the book, as far as its steps show"
        if identity.following is not None:
            yield f"  nearest      {_off(identity.following)}"
        return
    yield f"{identity.target} is {_named(best)}, as its steps show"
    yield f"  options      {called('', best.rule.options)}"
    yield f"  settings     {', '.join(_settings(best))}"
    yield from _switched(best.rule, identity)
    for slot, agreement in identity.astray.items():
        kept = f"it is so at its default {slot.default:g} alone"
        yield f"  not its own  {slot.label}: {kept}; with {slot.value:g} it {_differs(agreement)}"
    astray, silent = ({slot.label for slot in slots} for slots in (identity.astray, identity.idle))
    for slot in best.rest:
        if slot.label in silent - astray:
            yield f"  no effect    {slot.label}"
        elif slot.label not in astray:
            yield f"  not tried    {slot.label}: it stays at its default {slot.value:g}"
    if identity.on_vectors is not None:
        yield f"  on vectors   {called('', changed_options(best.rule, identity.on_vectors.rule))}"
    yield f"  agrees       {_agrees(identity)}"
    if identity.following is not None:
        yield f"  next best    {_off(identity.following)}"
    for other in identity.fitting[1:]:
        proof = "proven to be the same update" if proven_equal(best, other) else "these steps do not tell them apart"
        yield f"  the same as  {_named(other)}: {proof}"


def departing(rule: str, options: Mapping[str, str], meant: Mapping[str, str]) -> dict[str, str]:
    """Return the options that depart from the first of their values, and from what a name means."""
    first = {option.name: option.default for option in book.family(rule).options}
    return {k: v for k, v in options.items() if v != meant.get(k, first[k])}


def called(name: str, options: Mapping[str, str]) -> str:
    """Return a rule with its options in words."""
    chosen = ", ".join(f"{option}={value}" for option, value in options.items())
    return " with ".join(part for part in (name, chosen) if part)


def _named(candidate: Candidate) -> str:
    return called(candidate.rule.name, departing(candidate.rule.name, candidate.rule.options, {}))


def _settings(candidate: Candidate) -> Iterator[str]:
    held = candidate.held
    for item in candidate.rule.hyperparameters:
        slot = candidate.named.get(item.keyword)
        if slot is None:
            yield f"{item.keyword} is always {held[item.keyword]:g}"
        elif slot.label == item.keyword:
            yield slot.label
        else:
            yield f"{slot.label} is {item.keyword}"


def _switched(rule: UpdateRule, identity: Identity) -> Iterator[str]:
    for name, value in identity.turned.items():
        yield f"  turned       {name}={value}: otherwise it refuses a setting"
    for switch in identity.switches:
        if switch.rule is not None:
            other = switch.rule.rule
            changed = changed_options(rule, other) if other.name == rule.name else {}
            yield f"  switch       {switch.name}={switch.value}: {called('', changed) or _named(switch.rule)}"
        elif switch.said != REFUSED:
            yield f"  switch       {switch.name}={switch.value} {switch.said}"
    refused = ", ".join(f"{switch.name}={switch.value}" for switch in identity.switches if switch.said == REFUSED)
    if refused:
        yield f"  refused      {refused}"


def _agrees(identity: Identity) -> str:
    question = identity.question
    where = f"in {STEPS} steps of {len(question.shapes)} tensors in {question.storage.name}"
    if identity.within_rounding:
        return f"{where}, every value within its enclosure"
    return f"{where}, in half of the digits alone: it rounds otherwise than its format"


def _differs(agreement: Agreement) -> str:
    ratio = f"{agreement.ratio:.6g}"
    by = "" if ratio == "1" or not math.isfinite(agreement.ratio) else f" (there {ratio} times what the formula says)"
    return f"differs first at step {agreement.steps + 1}, by {agreement.distance:.2g} of that step{by}"


def _off(following: tuple[Agreement, Candidate]) -> str:
    agreement, candidate = following
    return f"{_named(candidate)} {_differs(agreement)}"
