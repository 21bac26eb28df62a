"""Assembles the report of a run from its results, the rule book and the ledger."""

from __future__ import annotations

import dataclasses
import platform
import sys
from importlib.metadata import version

from conformance.claims import CLAIMS
from conformance.engine import Unit, UnitResult
from conformance.ledger import load
from conformance.literature import experiment_entries, proof_entry, proven_claims
from conformance.own_references import FRAMEWORK, judged_rules
from conformance.power import Power
from conformance.report import model
from conformance.step_sizes import step_sizes
from conformance.verdict import Verdict
from reference import rules as references
from reference.profile import Profile
from spec import rendering
from spec import rules as book
from spec.mutants import Mutant
from spec.proofs import form_is_equal, proofs
from spec.rule import Assignment, Hyperparameter, RuleFamily, State, UpdateRule


def assemble(
    work: list[Unit],
    results: list[UnitResult],
    *,
    command: str,
    seed: int,
    budget: float,
    environment: dict[str, str],
    not_run: tuple[str, ...],
    seconds: float,
    whole: bool = False,
) -> model.Report:
    """Return the report of a run; the proofs are made here, once for each rule family.

    The ``whole`` book also has the rules that nothing judged claims, and the claims of the literature.
    """
    power = Power()
    for result in results:
        power.merge(result.killed)
    implementations = {u.implementation.identifier: u.implementation for u in work}
    judged: dict[str, dict[str, UpdateRule]] = {}
    for item in implementations.values():
        for rule in judged_rules(item).values():
            judged.setdefault(rule.name, {})[rule.label] = rule
    flat = tuple(sorted((r for u in results for r in u.results), key=lambda r: r.cell))
    times = {str(index): round(r.seconds, 3) for index, r in enumerate(flat)}
    untimed = tuple(dataclasses.replace(r, seconds=0.0) for r in flat)
    used = {name: r.verdict for r in flat for name in (r.deviation, *r.further) if name}
    return model.Report(
        version("stepproof"),
        command,
        seed,
        round(budget),
        environment,
        tuple(_rule(book.families()[name], rules, power) for name, rules in judged.items())
        + tuple(_unjudged(f) for name, f in book.families().items() if whole and name not in judged),
        tuple(model.PropertyEntry(p.identifier, p.sentence, p.source) for p in CLAIMS),
        tuple(_implementation(item.identifier, work, environment) for item in implementations.values()),
        untimed,
        tuple(_deviation(entry.identifier, used) for entry in load() if entry.identifier in used),
        not_run,
        {"total": round(seconds, 3), **times},
        proven_claims() if whole else (),
        experiment_entries() if whole else (),
    )


def environment_of(framework: str) -> dict[str, str]:
    """Return the versions that a run depends on."""
    names = ("numpy", "sympy", "hypothesis", "python-flint", "ml_dtypes")
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "torch": framework,
        **{name: version(name) for name in names},
    }


def _rule(family: RuleFamily, rules: dict[str, UpdateRule], power: Power) -> model.RuleEntry:
    first = next(iter(rules.values()))
    return model.RuleEntry(
        family.name,
        family.title,
        str(family.citation),
        tuple(
            model.OptionValue(option.name, value, meaning)
            for option in family.options
            for value, meaning in option.values.items()
        ),
        tuple(hyperparameter_entry(h) for h in first.hyperparameters),
        tuple(state_entry(s) for s in first.states),
        tuple(_variant(rule, power) for rule in rules.values()),
        tuple(proof_entry(proof) for proof in proofs(family)),
        step_sizes(first),
        f"reference/rules/{family.name}.py" if family.name in references.references() else "",
    )


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


def _unjudged(family: RuleFamily) -> model.RuleEntry:
    """Return a rule as its spec writes it, which nothing in this run claims."""
    rule = family.build()
    return _rule(family, {rule.label: rule}, Power())


def _variant(rule: UpdateRule, power: Power) -> model.VariantEntry:
    mutants: tuple[model.MutantEntry, ...] = ()
    if rule.label in power.killed:  # else this run did not measure it
        power.open(rule)
        mutants = tuple(_mutant(m, power.killed[rule.label]) for m in power.mutants[rule.label])
    lines = tuple(_line(rule, line) for line in rule.program)
    return model.VariantEntry(rule.label, dict(rule.options), lines, mutants)


def _mutant(mutant: Mutant, killed: dict[str, str]) -> model.MutantEntry:
    if mutant.name in killed:
        return model.MutantEntry(mutant.name, "killed", mutant.line, killed[mutant.name])
    status = "equivalent" if mutant.equivalent else "survived"
    return model.MutantEntry(mutant.name, status, mutant.line, "")


def _line(rule: UpdateRule, line: Assignment) -> model.AssignmentEntry:
    return model.AssignmentEntry(
        line.name,
        rendering.line_mathml(rule, line),
        rendering.line_text(rule, line),
        tuple(
            model.FormEntry(
                form.name,
                rendering.form_mathml(rule, line, form),
                rendering.form_text(rule, line, form),
                form_is_equal(rule, line, form),
            )
            for form in line.forms
        ),
    )


def _implementation(name: str, work: list[Unit], environment: dict[str, str]) -> model.ImplementationEntry:
    mine = [unit for unit in work if unit.implementation.identifier == name]
    item = mine[0].implementation
    declared = {f"{unit.path.name} on {unit.device}": unit.path.profile for unit in mine}
    profiles = {name: str(Profile.from_mapping(given, item.rule)) for name, given in declared.items()}
    options = ", ".join(f"{k}={v}" for k, v in item.options.items())
    claims = f"{item.rule} ({options})" if options else item.rule
    claims = f"{item.rule} with every option" if item.framework == FRAMEWORK else claims
    framework = f"{item.library} {environment[item.library]}"
    family = book.names()[item.rule][0].name
    return model.ImplementationEntry(name, item.called, family, claims, framework, profiles)


def _deviation(name: str, used: dict[str, Verdict]) -> model.DeviationEntry:
    entry = next(item for item in load() if item.identifier == name)
    status = "in force" if used[name] is Verdict.DEVIATION else "no longer shown"
    where = ", ".join(entry.implementations)
    return model.DeviationEntry(name, where, entry.condition, entry.reason, entry.link, entry.rest, status)
