"""The settings of the experiments: every part of a rule at work, in numbers of few bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.optimizers.rule_variants import rules_by_switches
from conformance.optimizers.setting_names import constructor_setting, placed
from conformance.optimizers.strategies import acting
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition import synonyms
from conformance.recognition.ends import probes
from spec.rule import Hyperparameter, UpdateRule
from spec.symbols import lr

ACTIVE, OTHER = 0, 1
NUMBERS: Mapping[str, tuple[float, float]] = {
    "lr": (0.0625, 0.03125),
    "betas[0]": (0.875, 0.75),
    "betas[1]": (0.9375, 0.875),
    "eps": (2.0**-10, 2.0**-6),
    "weight_decay": (0.125, 0.25),
    "momentum": (0.875, 0.75),
    "dampening": (0.25, 0.5),
    "alpha": (0.75, 0.5),
    "rho": (0.875, 0.75),
    "lambd": (2.0**-6, 2.0**-4),
    "t0": (2.0, 1.0),
    "momentum_decay": (2.0**-8, 2.0**-6),
    "lr_decay": (0.125, 0.25),
    "initial_accumulator_value": (0.125, 0.125),
    "etas[0]": (0.5, 0.25),
    "etas[1]": (1.25, 1.5),
    "step_sizes[0]": (2.0**-10, 2.0**-8),
    "step_sizes[1]": (32.0, 16.0),
    "ns_coefficients[0]": (1.0, 0.875),
    "ns_coefficients[1]": (-0.25, -0.125),
    "ns_coefficients[2]": (0.0625, 0.03125),
}
"""Two values of a setting: few bits, so that no format rounds them; nothing zero, so that nothing is left out.

The coefficients of Newton-Schulz iterations are such that an iteration does not multiply what the one before rounded.
"""


HALVES = 20
"""So often a number is halved to come into a domain that ends lower."""


def _value(item: Hyperparameter, which: int) -> float:
    values = NUMBERS.get(item.keyword)
    value = values[which] if values else item.default or 0.125
    smaller = (value * 2.0**-power for power in range(1, HALVES))
    legal = (number for number in (value, item.default, *smaller) if number in item.domain)
    return next(legal, item.domain.inner)


def active(rule: UpdateRule, fixed: Mapping[str, float]) -> dict[str, float]:
    """Return settings with every part of a rule at work, by the name of the symbol."""
    chosen = {h.symbol.name: _value(h, ACTIVE) for h in rule.hyperparameters}
    return chosen | {name: value for name, value in fixed.items() if name in chosen}


def bare(rule: UpdateRule, fixed: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """Yield settings with the weight decay, and with all that may be, switched off."""
    chosen = active(rule, fixed)
    kept = {"lr", "betas", "eps", "alpha", "rho"}
    free = [h for h in rule.hyperparameters if h.symbol.name not in fixed]
    optional = [h for h in free if 0.0 in h.domain and placed(h.keyword)[0] not in kept]
    decay = {h.symbol.name: 0.0 for h in optional if h.keyword == "weight_decay"}
    if decay:
        yield chosen | decay
    if len(optional) > len(decay):
        yield chosen | {h.symbol.name: 0.0 for h in optional}


def rate(subject: WorkerSubject) -> str:
    """Return the setting that is the learning rate."""
    named = (h for rule in subject.rules.values() for h in rule.hyperparameters if h.symbol == lr)
    return next((subject.held_keyword(item)[0] for item in named), "lr")


def other(subject: WorkerSubject, rule: UpdateRule) -> dict[str, Any]:
    """Return other settings of all that acts in a step, by keyword."""
    chosen = active(rule, subject.fixed)
    for item in acting(rule):
        if item.symbol.name not in subject.fixed:
            chosen[item.symbol.name] = _value(item, OTHER)
    return subject.held_options(rule, chosen)


def switched(subject: WorkerSubject, rule: UpdateRule, chosen: tuple[str, ...]) -> dict[str, Any]:
    """Return other settings with which a group of ``rule`` does what the variant ``chosen`` does."""
    variant = subject.rules[chosen]
    kept = {h.symbol.name for h in variant.hyperparameters}
    without = {h.symbol.name: h.default for h in rule.hyperparameters if h.symbol.name not in kept}
    own = dict(constructor_setting(switch) for switch in chosen)
    return {**subject.held_options(rule, without), **other(subject, variant), **own}


def changes(subject: WorkerSubject, rule: UpdateRule) -> list[list[Any]]:
    """Return one other value for each keyword that acts in a step."""
    keywords = {subject.held_keyword(h)[0] for h in acting(rule)}
    return [[key, value] for key, value in other(subject, rule).items() if key in keywords]


def switched_off(subject: WorkerSubject, rule: UpdateRule) -> dict[str, dict[str, Any]]:
    """Return for each keyword that may be zero the settings with a zero there."""
    found = {}
    for item in acting(rule):
        name, place = subject.held_keyword(item)
        if 0.0 in item.domain and place is None and item.keyword != "lr":
            zero = {**active(rule, subject.fixed), item.symbol.name: 0.0}
            if item.symbol.name not in subject.fixed:
                found[name] = {name: subject.held_options(rule, zero)[name]}
    return found


def names(keyword: str, item: Hyperparameter) -> list[str]:
    """Return the words by which an error may name a setting: its keyword, the rule's, what people call it, its meaning.

    One in the plural is named in the singular too; an underscore may be a space.
    """
    own = {keyword, placed(item.keyword)[0], item.symbol.name, item.meaning, *synonyms.names(item.keyword)}
    own |= {word.replace("_", " ") for word in own} | {word.replace("_", "") for word in own}
    singular = {word.rstrip("s") for word in own if len(word.rstrip("s")) > 2}
    return sorted(word.lower() for word in own | singular)


def legal_values(subject: WorkerSubject, rule: UpdateRule) -> list[list[Any]]:
    """Return keyword, value, what is shown of it, why it is legal and how many steps are made with it.

    Of code of which nobody declared the domain it is the book's, and a switch that its constructor names.
    """
    item, active_ones = subject.implementation, active(rule, subject.fixed)
    whole = rule if item.declared else next(iter(rules_by_switches(item).values()))
    found = [
        [subject.keyword(h)[0], _with(subject, rule, active_ones, h, value), f"{value!r}", f"it is in {h.domain}", 0]
        for h in whole.hyperparameters
        if h.symbol.name not in subject.fixed
        for value in probes(h)
    ]
    alone = (refusal.setting for refusal in item.refusals if refusal.value == "True" and not refusal.beside)
    return [*found, *([name, True, "True", "its constructor has it", 1] for name in alone)]


def _with(
    subject: WorkerSubject, rule: UpdateRule, chosen: Mapping[str, float], item: Hyperparameter, value: float
) -> Any:
    """Return what is given for the keyword of a setting at a value."""
    return subject.options(rule, {**chosen, item.symbol.name: value})[subject.keyword(item)[0]]


BAD = ("keyword", "value", "number", "words", "domain")
"""What is told of an illegal value: the keyword and what it is given, the number, words that name it, and the range."""


def bad_values(subject: WorkerSubject, rule: UpdateRule) -> list[list[Any]]:
    """Return the illegal values of the settings, each as ``BAD`` has it."""
    return [
        entry
        for item in rule.hyperparameters
        if item.symbol.name not in subject.fixed
        for entry in _bad(subject, rule, item)
    ]


def _bad(subject: WorkerSubject, rule: UpdateRule, item: Hyperparameter) -> Iterator[list[Any]]:
    domain, (keyword, place) = item.domain, subject.held_keyword(item)
    # The ends of a range are a matter of taste; what lies beyond them is not.
    numbers: list[float | str] = ["nan"]
    if domain.low > -float("inf"):
        numbers.append(domain.low - 1.0)
    if domain.high < float("inf"):
        numbers.append(domain.high + 1.0)
    words = sorted({*names(keyword, item), *names(subject.keyword(item)[0], item)})
    for number in numbers:
        value: Any = number
        if place is not None:
            value = list(subject.held_options(rule, active(rule, subject.fixed))[keyword])
            value[place] = number
        yield [keyword, value, str(number), words, str(domain)]
