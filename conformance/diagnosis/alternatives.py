"""All that an implementation may compute instead, in the order in which it is tried."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from conformance.diagnosis.hypothesis import ROOM, Hypothesis, Sort, Switches
from conformance.diagnosis.readings import of_lines, of_settings, rounded_settings
from conformance.optimizers.subject import WorkerSubject
from reference.formats import FLOAT32, FLOAT64, FORMATS
from reference.intervals import enclosure
from reference.profile import ALL_FORMS, COMPUTE, STORAGE, UNITS
from spec import rules as book
from spec.family import Family
from spec.mutants import RuleMutant, mutants
from spec.rule import Assignment, State, UpdateRule
from spec.symbols import t

SCALAR_FORMATS = ("float32", "float16", "bfloat16")
PAIRS_OF = 12
"""So many hypotheses that explain the most by themselves are tried two at a time."""


def named(rule: UpdateRule) -> str:
    """Return a rule as people call it, with the options that are not the first of their family."""
    first = {option.name: option.default for option in book.family(rule.name).options}
    chosen = ", ".join(f"{name}={value}" for name, value in rule.options.items() if value != first.get(name))
    return f"{rule.name}({chosen})" if chosen else rule.name


def candidates(subject: WorkerSubject) -> tuple[Hypothesis, ...]:
    """Return every single hypothesis about a subject."""
    return (
        *_options(subject),
        *_lines(subject),
        *_other_rules(subject),
        *_profiles(subject),
        *_written_back(subject),
        *of_settings(subject),
        *of_lines(subject),
    )


def pairs(ranked: Sequence[Hypothesis]) -> Iterator[Hypothesis]:
    """Yield two hypotheses at a time, of those that explain the most, that change different lines."""
    for one, other in itertools.combinations(ranked[:PAIRS_OF], 2):
        if one.sort is Sort.LINE and other.sort is Sort.LINE and not one.lines & other.lines:
            both = {k: _both(rule, other.rules[k], one, other) for k, rule in one.rules.items() if k in other.rules}
            rules = {**other.rules, **one.rules, **both}
            formula = f"{one.formula}, and {other.formula}"
            yield Hypothesis(f"{one.title}; {other.title}", Sort.TWO, formula, rules, lines=one.lines | other.lines)


def _both(rule: UpdateRule, theirs: UpdateRule, one: Hypothesis, other: Hypothesis) -> UpdateRule:
    changed = {line.name: line for line in theirs.program if line.name in other.lines}
    program = tuple(changed.get(line.name, line) for line in rule.program)
    return without_bypasses(dataclasses.replace(rule, program=program), one.lines | other.lines)


def without_bypasses(rule: UpdateRule, changed: frozenset[str]) -> UpdateRule:
    """Return a rule without the forms in which changed lines have no part, though they have one in what is written.

    A hull over these would hold what is right too.
    """
    reached: dict[sp.Symbol, frozenset[str]] = {}
    program = []
    for line in rule.program:
        part = _reached(line.expression, reached)
        forms = tuple(form for form in line.forms if _reached(form.expression, reached) == part)
        program.append(dataclasses.replace(line, forms=forms))
        reached[line.target] = part | ({line.name} & changed)
    return dataclasses.replace(rule, program=tuple(program))


def _reached(expression: sp.Expr, by: Mapping[sp.Symbol, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(by.get(symbol, frozenset()) for symbol in expression.free_symbols))


def _options(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield the claimed rule with other options, nearest first."""
    claimed = subject.rules[_plainest(subject)]
    family = book.family(claimed.name)
    variants = sorted(family.variants(), key=lambda rule: _distance(rule, claimed))
    for variant in variants:
        changed = {k: v for k, v in variant.options.items() if claimed.options.get(k) != v}
        if changed and (rules := _with_options(subject, family, changed)) and _takes(variant, claimed):
            yield Hypothesis(f"this is {named(variant)}", Sort.OPTION, rules=rules)


def _takes(variant: UpdateRule, claimed: UpdateRule) -> bool:
    """Tell whether a variant has a formula for tensors of as few dimensions as the claimed rule is asked about."""
    return variant.ranks[0] <= claimed.ranks[0]


def _plainest(subject: WorkerSubject) -> Switches:
    return min(subject.rules, key=len)


def _distance(rule: UpdateRule, claimed: UpdateRule) -> int:
    return sum(claimed.options.get(name) != value for name, value in rule.options.items())


def _with_options(
    subject: WorkerSubject, family: Family[UpdateRule], changed: Mapping[str, str]
) -> dict[Switches, UpdateRule]:
    """Return the rules with options changed, but where a switch chooses the option itself."""
    plain = subject.rules[_plainest(subject)]
    rules = {}
    for key, rule in subject.rules.items():
        switched = {name for name, value in rule.options.items() if plain.options.get(name) != value}
        chosen = {**rule.options, **{k: v for k, v in changed.items() if k not in switched}}
        if not family.legal(chosen):
            return {}
        rules[key] = family.build(**chosen)
    return rules


def _lines(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield the formula's mutants of one line, those that read alike in several variants together."""
    found: dict[str, dict[Switches, RuleMutant]] = {}
    for key, rule in subject.rules.items():
        for mutant in mutants(rule, book.family(rule.name)):
            if not mutant.of_option:
                found.setdefault(mutant.name, {})[key] = mutant
    for name, by_switches in found.items():
        mutant = next(iter(by_switches.values()))
        line = next(o for o, w in zip(mutant.original.program, mutant.wrong.program, strict=True) if o is not w)
        rules = {key: without_bypasses(each.wrong, frozenset({line.name})) for key, each in by_switches.items()}
        formula = f"{mutant.line}; the formula has {line.target} <- {line.expression}"
        yield Hypothesis(name, Sort.LINE, formula, rules, lines=frozenset({line.name}))


def _written_back(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield states that keep another number of the step than the formula does: a line that is a multiple of it."""
    found: dict[str, dict[Switches, UpdateRule]] = {}
    for key, rule in subject.rules.items():
        for state in rule.states:
            for keeping, other in _kept_instead(rule, state):
                title = f"{state.keyword} is written back as {other}; the formula keeps {state.updated}"
                found.setdefault(title, {})[key] = keeping
    for title, rules in found.items():
        yield Hypothesis(title, Sort.VALUE, rules=rules)


def _kept_instead(rule: UpdateRule, state: State) -> Iterator[tuple[UpdateRule, sp.Expr]]:
    """Yield the rule that keeps another line, or where a state is one number a product with a line of numbers."""
    given = {item.symbol for item in rule.hyperparameters} | {t}
    for line in rule.program:
        if not state.scalar and line.expression.is_Mul and state.updated in line.expression.args:
            yield _keeping(rule, state, line.target), line.target
        elif state.scalar and line.target != state.updated and line.expression.free_symbols <= given:
            for other in (line.target, state.updated * line.target):
                kept = Assignment(state.meaning, sp.Symbol(f"{state.symbol}_kept"), other)
                whole = dataclasses.replace(rule, program=(*rule.program, kept))
                yield _keeping(whole, state, kept.target), other


def _keeping(rule: UpdateRule, state: State, target: sp.Symbol) -> UpdateRule:
    other = dataclasses.replace(state, updated=target)
    return dataclasses.replace(rule, states=tuple(other if each is state else each for each in rule.states))


def _other_rules(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield other rules of the book whose settings are among those of the claimed one."""
    claimed = subject.rules[_plainest(subject)]
    keywords = {h.keyword for h in claimed.hyperparameters}
    for family in book.families().values():
        if family.name == claimed.name:
            continue
        for variant in family.variants():
            if {h.keyword for h in variant.hyperparameters} <= keywords and _takes(variant, claimed):
                yield Hypothesis(f"this is {named(variant)}", Sort.RULE, rules=dict.fromkeys(subject.rules, variant))


def _partly_single(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield that one line of scalars is cut to float32, and that any of them may be."""
    lines, given = dict[str, Assignment](), {t.name}
    for rule in subject.rules.values():
        names = enclosure.program(rule, frozenset()).scalar_lines
        lines |= {line.target.name: line for line in rule.program if line.target.name in names}
        given |= {item.symbol.name for item in rule.hyperparameters}
    for name, line in lines.items():
        title = f"as if the {line.name}, {name}, were cut to float32"
        yield Hypothesis(title, Sort.PROFILE, profile=dataclasses.replace(subject.profile, single=frozenset({name})))
    every = dataclasses.replace(subject.profile, single=frozenset(given), units=dict.fromkeys(UNITS, ROOM))
    yield Hypothesis("as if scalars were computed in float32 in part", Sort.PROFILE, profile=every)


def finest(holding: Sequence[Hypothesis], subject: WorkerSubject) -> list[Hypothesis]:
    """Return the hypotheses without those of other scalars that leave more open than others that hold have.

    What a coarse format leaves open holds the results of a fine one, too, and any line those of one line.
    """

    def openness(item: Hypothesis) -> tuple[int, bool]:
        if item.profile is None:
            return -FLOAT64.precision, False
        scalar = FORMATS.get(item.profile.scalar, subject.storage)
        partly = bool(item.profile.single)
        return -min(scalar.precision, FLOAT32.precision if partly else FLOAT64.precision), len(item.profile.single) > 1

    profiles = [openness(item) for item in holding if item.sort is Sort.PROFILE]
    return [item for item in holding if item.sort is not Sort.PROFILE or openness(item) == min(profiles)]


def _profiles(subject: WorkerSubject) -> Iterator[Hypothesis]:
    """Yield other arithmetic: scalars in another format, and all that is legal somewhere."""
    declared = subject.profile
    if subject.storage is FLOAT64:
        yield from _partly_single(subject)
    for scalar in SCALAR_FORMATS:
        if scalar != declared.scalar:
            changed = declared.widened({"scalar": scalar, "coefficient": STORAGE})
            yield Hypothesis(f"as if scalars were computed in {scalar}", Sort.PROFILE, profile=changed)
        if FORMATS[scalar].precision < subject.storage.precision:
            yield rounded_settings(FORMATS[scalar])
    if subject.storage is FLOAT64:
        narrow = declared.widened({"scalar": "float32", "forms": [ALL_FORMS]})
        yield Hypothesis("as if scalars were computed in float32, in another order", Sort.PROFILE, profile=narrow)
    if declared.intermediate != COMPUTE:
        wide = declared.widened({"intermediate": COMPUTE})
        yield Hypothesis("as if results were kept in wider registers", Sort.PROFILE, profile=wide)
    every = declared.widened({"forms": [ALL_FORMS]})
    yield Hypothesis("as if the lines were computed in another legal order", Sort.PROFILE, profile=every)
