"""Faulty optimizers by class of fault, and with them the faulty schedulers: all on which the suite is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from conformance.diagnosis.alternatives import named
from conformance.faulty.edits import EDITS, LIFE, LOOP, SETTINGS
from conformance.faulty.fault import Fault
from conformance.faulty.schedulers import KINDS as SCHEDULE_KINDS
from conformance.faulty.schedulers import schedule_faults, spread
from conformance.faulty.second_order import KINDS as SECOND_ORDER
from conformance.faulty.second_order import second_order_faults
from conformance.optimizers.torch_class import Mistake, written
from conformance.optimizers.torch_source import UnwritableError
from spec import rules as book
from spec.mutants import RuleMutant, mutants
from spec.rule import UpdateRule
from spec.symbols import g, t

FORMULA, OPTION, RULE, CONDITION = "a line of the formula", "another option", "another rule", "only under a condition"
START, WRITTEN_BACK = "the start of a state", "a state not written back"
OF_CODE = (SETTINGS, LIFE, LOOP)
CLAIMS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("adam", {"decay": "decoupled"}),
    ("adam", {"decay": "coupled"}),
    ("sgd", {}),
    ("rmsprop", {}),
    ("adagrad", {}),
    ("lion", {}),
    ("nadam", {}),
    ("adabelief", {}),
)
"""Rules of which lines are changed, and with which options they are claimed."""
ADAMW = CLAIMS[0]


def faults(sample: int | None = None, only: str | None = None) -> Iterator[Fault]:
    """Yield every faulty optimizer and scheduler, or those of ``only`` one class of fault.

    Of those with another line of the formula, or another reading, only ``sample`` that are spread evenly.
    """
    for kinds, make in _makers(sample):
        if only is None or only in kinds:
            yield from (fault for fault in make() if only in {None, fault.kind})


def kinds_of_fault() -> tuple[str, ...]:
    """Return the classes of faults by name."""
    return tuple(kind for kinds, _ in _makers(None) for kind in kinds)


def _makers(sample: int | None) -> tuple[tuple[tuple[str, ...], Callable[[], Iterator[Fault]]], ...]:
    """Return what yields faults, each with the classes of them."""
    optimizers: tuple[tuple[tuple[str, ...], Callable[[], Iterator[Fault]]], ...] = (
        ((FORMULA,), lambda: _of_formulas(sample)),
        ((OPTION,), _of_options),
        ((RULE,), _of_rules),
        ((CONDITION,), _under_conditions),
        ((START, WRITTEN_BACK), _of_states),
        (SECOND_ORDER, lambda: second_order_faults(CLAIMS)),
        (OF_CODE, _of_code),
    )
    claimed = tuple((kinds, partial(_with_all_options, make)) for kinds, make in optimizers)
    return (*claimed, (SCHEDULE_KINDS, lambda: schedule_faults(sample)))


def _with_all_options(make: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """Yield faults that claim every option: what is not claimed would be found out, and nothing be wrong."""
    for fault in make():
        options = book.build(fault.rule, fault.options).options
        claimed = {name: value for name, value in options.items() if name not in fault.switches}
        yield dataclasses.replace(fault, options=claimed)


def _of_formulas(sample: int | None) -> Iterator[Fault]:
    """Yield mutants of formulas as optimizers, all or so many of them."""
    found = [(options, mutant) for name, options in CLAIMS for mutant in _lines_of(book.build(name, options))]
    for options, mutant in spread(found, sample):
        rule = mutant.original
        source = written(rule, mutant.name, Mistake(mutant.wrong))
        yield Fault(FORMULA, mutant.name, rule.name, options, source, frozenset({mutant.name}), mutant=mutant)


def _lines_of(rule: UpdateRule) -> Iterator[RuleMutant]:
    for mutant in mutants(rule, book.family(rule.name)):
        if not mutant.of_option:
            yield mutant


def _of_options() -> Iterator[Fault]:
    """Yield each rule's other choices of one option under the claim of the first."""
    for name, options in CLAIMS:
        claimed = book.build(name, options)
        for option in book.family(name).options:
            for value in option.values:
                other = {**claimed.options, option.name: value}
                if option.of_states or value == claimed.options[option.name] or not book.family(name).legal(other):
                    continue
                made = book.build(name, other)
                settings = {item.keyword for item in made.hyperparameters}
                if made.elementwise and settings == {item.keyword for item in claimed.hyperparameters}:
                    title = f"{option.name}={value} for {option.name}={claimed.options[option.name]}"
                    titles = frozenset({f"this is {named(made)}"})
                    yield Fault(OPTION, title, name, options, written(made, title), titles)


def _of_rules() -> Iterator[Fault]:
    """Yield other rules under the claim of Adam, as far as they have its settings."""
    claimed = book.build("adam")
    keywords = [item.keyword for item in claimed.hyperparameters]
    for family in book.families().values():
        if family.name == "adam":
            continue
        made = family.build()
        if made.elementwise and [item.keyword for item in made.hyperparameters] == keywords:
            title = f"{family.name} for adam"
            yield Fault(RULE, title, "adam", {}, written(made, title), frozenset({f"this is {named(made)}"}))


AT_ZERO, NOT_AT_ZERO = "g == 0", "g != 0"
CONDITIONS: Mapping[str, tuple[str, bool, tuple[str, ...]]] = {
    "from the second step on": ("t > 1", False, ("after the first step",)),
    "in the first step": ("t == 1", False, ("in the first step",)),
    "in every second step": ("t % 2 == 0", False, ("even",)),
    "in further groups": ("place > 0", False, ("in further groups",)),
    "where the gradient is 0": (AT_ZERO, True, ("where the gradient is 0",)),
    "where the gradient is not 0": (NOT_AT_ZERO, True, ("where the gradient is not 0",)),
    "of tensors without dimensions": ("p.dim() == 0", False, ("without dimensions", "elements/shapes")),
    "of tensors with more than 4,096 elements": ("p.numel() > 4096", False, ("elements", "large")),
    "after a checkpoint was loaded": ("self.loaded", False, ("loaded", "state/")),
    "with an lr that is not the first": ('group["lr"] != self.defaults["lr"]', False, ("lr", "hyperparameters/")),
}
"""Where a line is wrong: the condition in the class, whether it is one of elements, and words that name it."""
UNDER = ("second moment: g**2*(1 - beta2) off by 1e-6", "update: sign of -eta*mhat_t/d_t")


def _under_conditions() -> Iterator[Fault]:
    name, options = ADAMW
    rule = book.build(name, options)
    of_name = {mutant.name: mutant for mutant in mutants(rule, book.family(name))}
    for what in UNDER:
        for where, (condition, of_elements, words) in CONDITIONS.items():
            if condition == AT_ZERO and _same_at_zero(of_name[what]):
                continue
            mistake = Mistake(of_name[what].wrong, condition, of_elements)
            title = f"{what}, {where}"
            everywhere = condition == NOT_AT_ZERO and _same_at_zero(of_name[what])
            titles = frozenset({what}) if everywhere else frozenset[str]()
            yield Fault(CONDITION, title, name, options, written(rule, title, mistake), titles, words)


def _same_at_zero(mutant: RuleMutant) -> bool:
    """Tell whether what is wrong in a line is nothing where the gradient is 0."""
    pairs = zip(mutant.original.program, mutant.wrong.program, strict=True)
    return all(mine.expression.subs(g, 0) == other.expression.subs(g, 0) for mine, other in pairs)


def _of_states() -> Iterator[Fault]:
    """Yield states that begin elsewhere, and such as are written back in some steps alone."""
    for name, options in CLAIMS:
        rule = book.build(name, options)
        for state in rule.states:
            keyword = state.keyword
            if any(rule.composed(each.updated).subs(t, 1).has(state.symbol) for each in rule.quantities):
                title = f"{keyword} of {rule.label} begins at 0.5"
                began = written(rule, title, Mistake(initial={keyword: 0.5}))
                yield Fault(START, title, name, options, began, words=(keyword,))
            kept = written(rule, f"{keyword} is kept in step 2", Mistake(unwritten={keyword: "t == 2"}))
            yield Fault(
                WRITTEN_BACK, f"{keyword} of {rule.label} kept in step 2", name, options, kept, words=(keyword,)
            )


def _of_code() -> Iterator[Fault]:
    name, options = ADAMW
    right = written(book.build(name, options), "AdamW")
    for edit in EDITS:
        if edit.old not in right:
            raise UnwritableError(f"{edit.name}: there is no `{edit.old}` in the class")
        source = right.replace(edit.old, edit.new)
        yield Fault(edit.kind, edit.name, name, options, source, properties=edit.properties)
