"""The NumPy references as subjects: judged in this process like anybody's code."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from conformance.catalogue.catalogued import FRAMEWORK, NUMPY
from conformance.optimizers.agreement import shaped
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.rule_variants import narrowed, rules_by_switches
from conformance.optimizers.subject import GRADIENT, StepsRead, TensorOutcome, WorkerSubject
from impls.catalogue.entries import Ends, Implementation
from impls.session import Session
from reference import rules as references
from reference.formats import Array, Format
from reference.profile import Profile
from spec import rules as book
from spec.family import Family
from spec.rule import UpdateRule


def variants(family: Family[UpdateRule]) -> Iterator[Mapping[str, str]]:
    """Yield the options to judge: the defaults, what each name means, and each with one more changed."""
    for meant in ({}, *family.aliases.values()):
        yield meant
        for option in family.options:
            for value in option.values:
                changed = {**meant, option.name: value}
                if changed not in ({}, meant) and option.default != value:
                    yield changed


def variant_rules(name: str) -> dict[tuple[str, ...], UpdateRule]:
    """Return the rule of each variant, by its options written as ``name=value``."""
    family = book.family(name)
    found: dict[tuple[str, ...], UpdateRule] = {}
    for chosen in variants(family):
        key = tuple(sorted(f"{option}={value}" for option, value in chosen.items()))
        if key not in found and family.legal(chosen):
            found[key] = book.build(name, chosen)
    return found


def judged_rules(implementation: Implementation) -> Mapping[tuple[str, ...], UpdateRule]:
    """Return every rule that an implementation is held against, by the switches that choose it."""
    if implementation.framework == FRAMEWORK:
        return variant_rules(implementation.rule)
    domains: dict[str, Ends] = {} if implementation.declared else dict(implementation.domains)
    off = [name for name, value in implementation.fixed.items() if value == 0.0]
    domains |= dict.fromkeys(off, (0.0, 0.0, False, False))
    return {key: narrowed(rule, domains) for key, rule in rules_by_switches(implementation).items()}


@dataclass(frozen=True)
class ReferenceSubject(WorkerSubject):
    """A NumPy reference, run in this process."""

    def run(self, case: Case, prepared: tuple[Prepared, ...], *, every: bool = False) -> StepsRead:
        """Make the steps of a case."""
        start = time.perf_counter()
        before = [dict(item.values) for item in prepared]
        steps = []
        for step in range(case.steps):
            for index, item in enumerate(prepared):
                before[index] = self._stepped(case, item, before[index], step)
            if every or step == case.steps - 1:
                counts = (float(item.count + step + 1) for item in prepared)
                steps.append(tuple(TensorOutcome(dict(b), c) for b, c in zip(before, counts, strict=True)))
        return StepsRead(tuple(steps), time.perf_counter() - start, self._formats(case))

    def _stepped(self, case: Case, item: Prepared, before: Mapping[str, Array], step: int) -> dict[str, Array]:
        rule = self.rules[case.switches]
        scalars = {**case.scalars(rule, item.group, step), "t": float(item.count + step + 1)}
        arrays = {**before, GRADIENT: item.gradients[step]}
        if not rule.elementwise:
            arrays = shaped(rule, arrays, item.shape)
        with np.errstate(all="ignore"):
            after = references.step(rule, self.storage, scalars, arrays)
        return {name: value.reshape(-1) for name, value in after.items()}

    def _formats(self, case: Case) -> dict[str, Format]:
        rule = self.rules[case.switches]
        return {state.symbol.name: references.kept_in(state, self.storage) for state in rule.states}


def reference_subject(implementation: Implementation, storage: Format, session: Session) -> ReferenceSubject:
    """Return the subject for a reference in one format."""
    rules = variant_rules(implementation.rule)
    profile = Profile.from_mapping(NUMPY.profile, implementation.rule)
    return ReferenceSubject(implementation, NUMPY, "cpu", storage, session, profile, rules, {})
