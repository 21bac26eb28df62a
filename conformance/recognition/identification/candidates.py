"""What an unknown optimizer may be: a rule with its options, and which setting has which part in it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.recognition.identification.slots import Slot, sort_of
from conformance.recognition.identification.steps import Question
from spec import rules as book
from spec.first_rate import asks_first_rate, first_rate
from spec.rule import Hyperparameter, UpdateRule
from spec.symbols import first_lr, lr

DECAY, NONE = "decay", "none"
WEIGHT_DECAY = "weight_decay"
ALIKE = frozenset({("nothing", "rate"), ("nothing", "weight"), ("guard", "rate"), ("large", "rate")})
"""Sorts of defaults that one setting may have in two programs: a decay of 0 or 0.01, a rate of 1 or 0.001."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A rule, the slot of each hyperparameter, by symbol, and the values of those that have none.

    ``rest`` are the slots that have no part in it.
    """

    rule: UpdateRule
    slots: Mapping[str, Slot]
    fixed: Mapping[str, float]
    rest: tuple[Slot, ...] = ()

    def scalars(self, question: Question, step: int) -> dict[str, float]:
        """Return the hyperparameters and the count at a step, by symbol."""
        if question.changes:
            given = {name: question.value(slot, step) for name, slot in self.slots.items()}
        else:
            given = {name: slot.value for name, slot in self.slots.items()}
        found = {**self.fixed, **given, "t": float(step)}
        rate = self.slots.get(lr.name)
        if rate is not None and question.changes and asks_first_rate(self.rule):
            found[first_lr.name] = first_rate(question.value(rate, made) for made in range(1, step + 1))
        return found

    @property
    def key(self) -> tuple[Any, ...]:
        """The rule and the part of each setting: no two candidates of a search have the same."""
        labels = sorted((name, slot.label) for name, slot in self.slots.items())
        return (self.rule.label, *labels, *sorted(self.fixed.items()))

    @property
    def held_on(self) -> int:
        """The number of hyperparameters that are held at a value of which not everybody would think: not 0."""
        default = {h.symbol.name: h.default for h in self.rule.hyperparameters}
        return sum(value != 0 or default[name] != 0 for name, value in self.fixed.items())

    @property
    def holds_defaults(self) -> bool:
        """Whether every hyperparameter that has no slot is held at the rule's default."""
        default = {h.symbol.name: h.default for h in self.rule.hyperparameters}
        return all(value == default[name] for name, value in self.fixed.items())

    @property
    def named(self) -> dict[str, Slot]:
        """The slot of each hyperparameter that has one, by keyword."""
        keywords = {h.symbol.name: h.keyword for h in self.rule.hyperparameters}
        return {keywords[name]: slot for name, slot in self.slots.items()}

    @property
    def held(self) -> dict[str, float]:
        """The value of each hyperparameter that has no slot, by keyword."""
        keywords = {h.symbol.name: h.keyword for h in self.rule.hyperparameters}
        return {keywords[name]: value for name, value in self.fixed.items()}


@functools.cache
def variants(rank: int, families: tuple[str, ...], *, maximize: str) -> tuple[UpdateRule, ...]:
    """Return every variant of families, or of the book, that makes other steps, for tensors of ``rank`` dimensions."""
    found = []
    for name in families or tuple(book.families()):
        family = book.family(name)
        kept = {option.name: option.default for option in family.options if option.of_states}
        for options in family.choices():
            if options.get("maximize", "no") == maximize and kept.items() <= options.items():
                rule = book.build(name, options)
                if rule.ranks[0] <= rank <= rule.ranks[1] and not (rule.matrices and rank < 2):
                    found.append(rule)
    return tuple(found)


def by_name(rule: UpdateRule, slots: Sequence[Slot]) -> Iterator[Candidate]:
    """Yield the candidates in which settings have the parts that they are called after.

    What is called otherwise has any other part, or none.
    """
    wanted = {h.keyword: h for h in rule.hyperparameters}
    mine = {wanted[slot.label].symbol.name: slot for slot in slots if slot.label in wanted}
    if not mine:
        return
    others = [slot for slot in slots if slot.label not in wanted]
    left = [h for h in rule.hyperparameters if h.symbol.name not in mine]
    for chosen in _assigned([(slot,) for slot in others], left, near=True):
        yield from _filled(rule, {**mine, **chosen}, slots)
    if others:
        yield from _filled(rule, mine, slots)


def by_value(rule: UpdateRule, slots: Sequence[Slot], *, near: bool) -> Iterator[Candidate]:
    """Yield every way in which each slot has a part: one whose default is ``near``, or any that is legal."""
    units = _units(rule, slots)
    if units is None:
        return
    for chosen in _assigned(units, rule.hyperparameters, near=near):
        yield from _filled(rule, chosen, slots)


def as_in(candidate: Candidate, rule: UpdateRule) -> Candidate:
    """Return another variant in which every setting has the part that it has in ``candidate``."""
    known, held = candidate.named, candidate.held
    slots = {h.symbol.name: known[h.keyword] for h in rule.hyperparameters if h.keyword in known}
    fixed = {h.symbol.name: held.get(h.keyword, h.default) for h in rule.hyperparameters if h.keyword not in known}
    used = {slot.label for slot in slots.values()}
    every = [*candidate.slots.values(), *candidate.rest]
    return Candidate(rule, slots, fixed, tuple(slot for slot in every if slot.label not in used))


def _filled(rule: UpdateRule, slots: Mapping[str, Slot], every: Sequence[Slot]) -> Iterator[Candidate]:
    """Yield candidates with every choice of values for hyperparameters that have no slot."""
    absent = [h for h in rule.hyperparameters if h.symbol.name not in slots]
    if rule.options.get(DECAY, NONE) != NONE and any(h.keyword == WEIGHT_DECAY for h in absent):
        return  # it is the variant without decay
    used = {slot.label for slot in slots.values()}
    rest = tuple(slot for slot in every if slot.label not in used)
    for values in itertools.product(*(_held(h) for h in absent)):
        fixed = {h.symbol.name: value for h, value in zip(absent, values, strict=True)}
        yield Candidate(rule, slots, fixed, rest)


def _held(item: Hyperparameter) -> tuple[float, ...]:
    """Return what a hyperparameter may be where it cannot be given."""
    if 0.0 in item.domain and item.default != 0.0 and sort_of(item.default) != "guard":
        return (item.default, 0.0)
    return (item.default,)


def _units(rule: UpdateRule, slots: Sequence[Slot]) -> list[tuple[Slot, ...]] | None:
    """Return slots that are placed together, or nothing where the rule has too few hyperparameters.

    Several numbers under one keyword keep their order where the rule has as many under one.
    """
    if len(slots) > len(rule.hyperparameters):
        return None
    lengths = {len(members) for members in _grouped(rule.hyperparameters).values()}
    units: list[tuple[Slot, ...]] = []
    for _, group in itertools.groupby(slots, key=lambda slot: slot.name):
        members = tuple(group)
        units += [members] if len(members) in lengths and len(members) > 1 else [(slot,) for slot in members]
    return units


def _grouped(items: Iterable[Hyperparameter]) -> dict[str, list[Hyperparameter]]:
    found: dict[str, list[Hyperparameter]] = {}
    for item in items:
        found.setdefault(item.keyword.partition("[")[0], []).append(item)
    return found


def _assigned(
    units: Sequence[tuple[Slot, ...]], items: Sequence[Hyperparameter], *, near: bool
) -> Iterator[dict[str, Slot]]:
    """Yield every way to give each unit hyperparameters of its own, by symbol."""
    groups = [tuple(members) for members in _grouped(items).values()]
    ways = []
    for unit in units:
        places = [(item,) for item in items] if len(unit) == 1 else [g for g in groups if len(g) == len(unit)]
        ways.append(
            [
                {item.symbol.name: slot for slot, item in zip(unit, place, strict=True)}
                for place in places
                if all(_fits(slot, item, near=near) for slot, item in zip(unit, place, strict=True))
            ]
        )
    yield from _joined(ways)


def _joined(ways: Sequence[Sequence[Mapping[str, Slot]]]) -> Iterator[dict[str, Slot]]:
    """Yield every choice of one of each of the ways that do not meet."""
    if not ways:
        yield {}
        return
    for chosen in ways[0]:
        for rest in _joined([[w for w in way if not chosen.keys() & w.keys()] for way in ways[1:]]):
            yield {**chosen, **rest}


def _fits(slot: Slot, item: Hyperparameter, *, near: bool) -> bool:
    if slot.value not in item.domain:
        return False
    if slot.default is None or slot.unset:
        return True
    pair = slot.sort, sort_of(item.default)
    alike = pair[0] == pair[1] or tuple(sorted(pair)) in ALIKE
    return slot.default in item.domain and (alike or not near)
