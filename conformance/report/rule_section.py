"""Rules in the report: formula, options, proofs, mutants and step sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from conformance.engine.exhibits import AssignmentEntry, FormEntry
from conformance.engine.power import Power
from conformance.optimizers import mutants
from conformance.report import model
from conformance.report.coverage_section import NONE_SHOWN, Shown, part_entries
from conformance.report.literature import proof_entry
from conformance.report.step_sizes import step_sizes
from reference import rules as references
from spec import rendering
from spec.family import Family
from spec.kept_proofs import kept_form_is_equal, kept_proofs
from spec.rule import Assignment, Hyperparameter, State, UpdateRule

Spared: TypeAlias = Mapping[str, Collection[str]]
"""By formula, the lines of the mutants that only a profile that was found lets live."""
NONE_SPARED: Spared = {}


def section(
    family: Family[UpdateRule],
    rules: dict[str, UpdateRule],
    power: Power,
    spared: Spared = NONE_SPARED,
    shown: Shown = NONE_SHOWN,
) -> model.RuleEntry:
    """Return the section of a rule, with its variants that were judged."""
    first = next(iter(rules.values()))
    variants = [_variant(rule, power, spared, shown) for rule in rules.values()]
    reference = f"reference/rules/{family.name}.py" if family.name in references.references() else ""
    entry = entry_of(family, first.hyperparameters, first.states, variants)
    return dataclasses.replace(entry, step_sizes=step_sizes(first), reference=reference)


def entry_of(
    family: Family[Any],
    hyperparameters: Iterable[Hyperparameter],
    states: Iterable[State],
    variants: Iterable[model.VariantEntry],
) -> model.RuleEntry:
    """Return what rules and schedules are shown with alike: options, settings, states, variants and proofs."""
    options = ((option.name, *pair) for option in family.options for pair in option.values.items())
    return model.RuleEntry(
        family.name,
        family.title,
        str(family.citation),
        tuple(model.OptionValue(*option) for option in options),
        tuple(hyperparameter_entry(h) for h in hyperparameters),
        tuple(state_entry(s) for s in states),
        tuple(variants),
        tuple(proof_entry(proof) for proof in kept_proofs(family)),
    )


def unjudged(family: Family[UpdateRule]) -> model.RuleEntry:
    """Return a rule as its spec writes it, which nothing in this run claims."""
    rule = family.build()
    return section(family, {rule.label: rule}, Power(mutants.of))


def hyperparameter_entry(setting: Hyperparameter) -> model.HyperparameterEntry:
    """Return a hyperparameter as the report shows it."""
    return model.HyperparameterEntry(
        rendering.symbol_mathml(setting.symbol),
        setting.keyword,
        f"{setting.default:g}",
        str(setting.domain),
        setting.meaning,
    )


def state_entry(state: State) -> model.StateEntry:
    """Return a state as the report shows it."""
    return model.StateEntry(
        rendering.symbol_mathml(state.symbol), state.keyword, rendering.text(state.initial), state.meaning
    )


def mutant_entries(formula: object, power: Power, spared: Spared = NONE_SPARED) -> tuple[model.MutantEntry, ...]:
    """Return what became of a formula's mutants; nothing where this run did not measure it."""
    label = str(formula.label)  # type: ignore[attr-defined]
    if label not in power.killed:
        return ()
    power.open(formula)
    dead, found = power.killed[label], []
    for name, mutant in power.mutants[label].items():
        alive = "spared" if name in spared.get(label, ()) else "survived"
        status = "killed" if name in dead else "equivalent" if mutant.equivalent else alive
        found.append(model.MutantEntry(mutant.name, status, mutant.line, dead.get(name, "")))
    return tuple(found)


def _variant(rule: UpdateRule, power: Power, spared: Spared, shown: Shown) -> model.VariantEntry:
    lines = tuple(line_entry(rule, line) for line in rule.program)
    wrong, parts = mutant_entries(rule, power, spared), part_entries(rule, shown)
    return model.VariantEntry(rule.label, dict(rule.options), lines, wrong, parts)


def line_entry(rule: UpdateRule, line: Assignment) -> AssignmentEntry:
    """Return a line of a rule's program with its legal forms, of which SymPy is asked whether they are equal."""
    return AssignmentEntry(
        line.name,
        rendering.line_mathml(rule, line),
        rendering.line_text(rule, line),
        tuple(
            FormEntry(
                form.name,
                rendering.form_mathml(rule, line, form),
                rendering.form_text(rule, line, form),
                kept_form_is_equal(rule, line, form),
            )
            for form in line.forms
        ),
    )
