"""The properties of a rule's formula: each with an identifier, a sentence, a source, and how it is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
from hypothesis import strategies as st

from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.engine.power import Power
from conformance.engine.verdict import Level
from conformance.optimizers import agreement, coverage, mutants, sparse_gradients, stability, targeting, trajectory
from conformance.optimizers.agreement import Outside
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.defaults import own_defaults
from conformance.optimizers.prepared import Prepared
from conformance.optimizers.property import Property
from conformance.optimizers.shared_count import promises_own_count
from conformance.optimizers.strategies import (
    GROUPS,
    fresh_cases,
    local_cases,
    long_cases,
    settings_of,
    shape_of,
    trajectory_cases,
)
from conformance.optimizers.subject import WorkerSubject
from conformance.optimizers.tensor_values import CONSTANT, STILL
from impls.session import Deferred, every
from reference.profile import Profile
from spec import rules as book
from spec.rule import UpdateRule

LONG = 64
IN_SINGLE = 2**24
"""From this count on float32 does not hold the next."""
COUNTS = (1, 2, 255, 256, IN_SINGLE - 2, IN_SINGLE - 1, IN_SINGLE, 2**30)


def _local(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, plan: Plan) -> None:
    try:
        outcome = subject.run(case, prepared)
    except Deferred:
        if plan.power is not None:
            _foresee(subject, case, prepared, plan.power)
        raise
    samples = agreement.judge(case, prepared, outcome, subject, tally, alternative=_alternative(subject))
    if plan.power is not None:
        mutants.kill(plan.power, samples, subject.storage, plan.credit)
        if subject.found is not None:
            mutants.spare(plan.power, samples, subject.storage, subject.found)
    if plan.coverage is not None:
        coverage.look(plan.coverage, samples, subject.storage)


def _foresee(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], power: Power) -> None:
    """Kill the mutants that a case tells from the rule whatever is answered: further cases are for the others."""
    formats = targeting.usual_formats(subject, case)
    samples = agreement.samples(case, prepared, subject, formats, lambda _: True)
    mutants.kill(power, samples, subject.storage, "")


def _along(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    outcome = subject.run(case, prepared, every=True)
    trajectory.judge(case, prepared, outcome, subject, tally, alternative=_alternative(subject))


def _alternative(subject: WorkerSubject) -> Profile | None:
    return None if subject.found is None else subject.found.alternative


def _counting(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    outcome = subject.run(case, prepared)
    tally.cases += 1
    for index, (item, after) in enumerate(zip(prepared, outcome.steps[-1], strict=True)):
        tally.element_cases += 1
        tally.values += 1
        expected = float(item.count + 1)
        if after.count != expected:
            scalars = {**case.groups[item.group].hyperparameters, "t": expected}
            value = float("nan") if after.count is None else after.count
            before = {"t": float(item.count)}
            outside = Outside(case, "t", index, 0, scalars, before, (expected, expected), value)
            tally.fail(outside)


def _blind(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    """Compare the states bit for bit with those of a run without weight decay."""
    without = tuple(
        dataclasses.replace(group, hyperparameters={**group.hyperparameters, "lambda": 0.0}) for group in case.groups
    )
    undecayed = dataclasses.replace(case, groups=without)
    runs = every(partial(subject.run, case, prepared), partial(subject.run, undecayed, prepared))
    decayed, plain = (run.steps[-1] for run in runs)
    tally.cases += 1
    rule = subject.rules[case.switches]
    for index, (item, one, other) in enumerate(zip(prepared, decayed, plain, strict=True)):
        tally.element_cases += item.gradients[0].size
        for state in rule.states:
            name = state.symbol.name
            value, expected = one.values.get(name), other.values.get(name)
            if value is None or expected is None:
                continue
            tally.values += value.size
            same = (value == expected) | (np.isnan(value) & np.isnan(expected))
            if not same.all():
                place = int(np.argmin(same))
                scalars = {**case.groups[item.group].hyperparameters, "t": item.count + 1.0}
                before = {key: float(array[place % array.size]) for key, array in item.values.items()}
                before["g"] = float(item.gradients[0][place])
                bounds = (float(expected[place]), float(expected[place]))
                count = int(np.count_nonzero(~same))
                tally.fail(Outside(case, name, index, place, scalars, before, bounds, float(value[place]), 0, count))


def _claims(identifier: str) -> Callable[[UpdateRule], bool]:
    def stated(rule: UpdateRule) -> bool:
        return any(item.identifier == identifier for item in book.family(rule.name).claims)

    return stated


def _decoupled(rule: UpdateRule) -> bool:
    return rule.options.get("decay") == "decoupled"


def _starts_from_settings(rule: UpdateRule) -> bool:
    return any(state.initial.free_symbols for state in rule.states)


def _visible(subject: WorkerSubject) -> str:
    return subject.unreadable


def _counts(subject: WorkerSubject) -> str:
    return "" if subject.counted else "it keeps no step count"


def _gradients_may_be_absent(subject: WorkerSubject) -> str:
    if subject.implementation.framework == "jax":
        return "a gradient transformation has a gradient for every parameter, and one count for all"
    return _visible(subject)


def _in_production(subject: WorkerSubject) -> str:
    reference = subject.implementation.framework == "numpy"
    return "a reference follows its formula, wherever that leads" if reference else ""


@st.composite
def _late(draw: st.DrawFn, subject: WorkerSubject, size: int) -> Case:
    switches = draw(st.sampled_from(sorted(subject.rules)))
    settings = draw(settings_of(subject.rules[switches], subject.fixed))
    seeds, counts = st.integers(0, 2**32 - 1), st.integers(1, 1000)
    shape = partial(shape_of, subject.rules[switches])
    tensors = (TensorCase(shape(size), draw(counts), draw(seeds)), TensorCase(shape(7), 0, draw(seeds)))
    return Case(switches, (GroupCase(settings, tensors),))


@st.composite
def _counted(draw: st.DrawFn, subject: WorkerSubject, counts: tuple[int, ...]) -> Case:
    switches = draw(st.sampled_from(sorted(subject.rules)))
    rule = subject.rules[switches]
    settings = draw(settings_of(rule, subject.fixed))
    tensors = tuple(TensorCase(shape_of(rule, 2), count, draw(st.integers(0, 99))) for count in counts)
    return Case(switches, (GroupCase(settings, tensors),))


def _in_regime(strategy: st.SearchStrategy[Case], regime: str, **fixed: float) -> st.SearchStrategy[Case]:
    def changed(case: Case) -> Case:
        groups = tuple(
            GroupCase(
                {k: fixed.get(k, v) for k, v in group.hyperparameters.items()},
                tuple(dataclasses.replace(t, regime=regime, count=0) for t in group.tensors),
            )
            for group in case.groups
        )
        return dataclasses.replace(case, groups=groups)

    return strategy.map(changed)


LOCAL = Property(
    "agreement/local",
    "One step from any legal state returns what a legal evaluation of the formula can return.",
    "the rule's own citation",
    lambda s, plan: local_cases(
        s.rules, s.fixed, plan.size, 1 if s.path.cost > 1 else GROUPS, rate_changes=s.rate_changes
    ),
    _local,
    _visible,
    share=1.0,
    measures_power=True,
)
_Property = partial(Property, in_arithmetic=LOCAL)
COUNTING = (
    _Property(
        "state/counts-steps",
        "The step count grows by one at every step.",
        "the step count t of the rule's own citation",
        lambda s, _: _counted(s, tuple(count for count in COUNTS if count < IN_SINGLE)),
        _counting,
        _counts,
    ),
    _Property(
        "state/step-count",
        "The step count grows by one at every step, beyond 2^24 steps too.",
        "the step count t of the rule's own citation",
        lambda s, _: _counted(s, COUNTS),
        _counting,
        _counts,
        level=Level.SHOULD,
    ),
)
"""What the contract asks of step counts."""
PROPERTIES: tuple[Property, ...] = (
    LOCAL,
    _Property(
        "agreement/trajectory",
        "From the start, every step stays within the propagated enclosure.",
        "the rule's own citation",
        lambda s, plan: trajectory_cases(s.rules, s.fixed, min(plan.size, 256), s.constant),
        _along,
        share=0.2,
    ),
    _Property(
        "bias-correction/constant-gradient",
        "Under a constant gradient g every step uses the corrected moments g and g^2.",
        "Kingma and Ba 2015, section 3",
        lambda s, plan: _in_regime(
            trajectory_cases(s.rules, s.fixed, min(plan.size, 256), s.constant), CONSTANT, **{"lambda": 0.0}
        ),
        _along,
        speaks_of=_claims("bias-correction/constant-gradient"),
        otherwise="its rule makes no such claim",
        share=0.1,
    ),
    _Property(
        "decay/zero-gradient",
        "Without a gradient the parameter is multiplied by 1 - lr*lambda, and by nothing else.",
        "Loshchilov and Hutter 2019, Algorithm 2",
        lambda s, plan: _in_regime(local_cases(s.rules, s.fixed, min(plan.size, 1024)), STILL),
        _local,
        speaks_of=_decoupled,
        otherwise="its weight decay is not decoupled",
        share=0.1,
    ),
    _Property(
        "decay/moments-do-not-see-lambda",
        "With decoupled decay the states are bit for bit those of a run without decay.",
        "Loshchilov and Hutter 2019, Algorithm 2",
        lambda s, plan: local_cases(s.rules, s.fixed, min(plan.size, 1024)),
        _blind,
        _visible,
        speaks_of=_decoupled,
        otherwise="its weight decay is not decoupled",
        share=0.1,
        compares_runs=True,
    ),
    _Property(
        "stability/constant-gradient",
        "With its own defaults, but any decay rates, a constant gradient never makes a parameter NaN, nor does none.",
        "each rule's formula, which is a number for every gradient",
        lambda s, _: long_cases(
            {key: (rule, own_defaults(s, rule)) for key, rule in s.rules.items()}, s.fixed, CONSTANT, LONG
        ),
        stability.judge,
        _in_production,
        share=0.2,
        every_variant=True,
        of_settings=True,
    ),
    _Property(
        "groups/late-first-gradient",
        "A parameter whose first gradient comes late starts afresh beside those under way.",
        "torch: the step count and the state belong to each parameter",
        lambda s, plan: _late(s, min(plan.size, 1024)),
        _local,
        _gradients_may_be_absent,
        promised=promises_own_count,
        share=0.1,
    ),
    _Property(
        "groups/own-initial-state",
        "A group's own settings start its state, not those of the constructor.",
        "torch: a param group may override every default",
        lambda s, _: fresh_cases(s.rules, s.fixed),
        _local,
        _visible,
        speaks_of=_starts_from_settings,
        otherwise="its initial state has no settings",
        share=0.1,
    ),
    _Property(
        "gradients/absent-rows",
        "A row without a gradient keeps parameter and state, and the other rows do not see it.",
        "torch, SparseAdam: only moments that show up in the gradient are updated",
        lambda s, plan: local_cases(s.rules, s.fixed, min(plan.size, 1024)),
        sparse_gradients.judge,
        sparse_gradients.takes_rows,
        share=0.1,
        compares_runs=True,
    ),
    *COUNTING,
)
