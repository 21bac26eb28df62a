"""The properties: each with an identifier, a sentence, a source, and how it is judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from hypothesis import strategies as st

from conformance import absent_rows, agreement, stability, trajectory, volume
from conformance.agreement import Outside, Sample, Tally
from conformance.cases import Case, GroupCase, TensorCase, to_plain
from conformance.defaults import own_defaults
from conformance.drawing import Digest
from conformance.exploration import Exploration, explore
from conformance.lattice import CONSTANT, STILL
from conformance.steering import Steering
from conformance.strategies import (
    GROUPS,
    fresh_cases,
    local_cases,
    long_cases,
    settings_of,
    shape_of,
    trajectory_cases,
)
from conformance.subject import Prepared, WorkerSubject, prepare
from spec import rules as book
from spec.rule import UpdateRule

LONG = 64
SMALL, SMALLEST, SETTINGS, LEAST_SETTINGS = 256, 64, 150, 40
COUNTS = (1, 2, 255, 256, 2**24 - 2, 2**24 - 1, 2**24, 2**30)


def nothing(_: Outside) -> bool:
    """Return False: nothing is known."""
    return False


@dataclass
class Plan:
    """How hard to test: cases, elements of the large tensor, the seed; who takes samples, what is known."""

    cases: int
    size: int
    seed: int
    samples: Callable[[list[Sample]], None] | None = None
    steering: Steering | None = None
    """Draws further cases for the mutants that no case has killed so far."""
    explained: Callable[[Outside], bool] = nothing
    """Tells whether a known deviation explains a failure."""
    least: int = 0
    """Element-cases to decide: large tensors follow until there are as many."""


@dataclass
class Judged:
    """What judging a property gathered."""

    tally: Tally = field(default_factory=Tally)
    exploration: Exploration = field(default_factory=Exploration)
    digest: Digest = field(default_factory=Digest)
    """Of every case that was judged."""


JudgeCase = Callable[[WorkerSubject, Case, tuple[Prepared, ...], Tally, Plan], None]
Strategy = Callable[[WorkerSubject, Plan], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Property:
    """A claim that is checked on an implementation."""

    identifier: str
    sentence: str
    source: str
    strategy: Strategy
    judge_case: JudgeCase
    needs: Callable[[WorkerSubject], str] = lambda _: ""
    """Says what it lacks of a subject, or nothing."""
    concerns: Callable[[UpdateRule], bool] = lambda _: True
    """Tells whether it is a claim about a rule."""
    otherwise: str = ""
    """Why it does not apply where it concerns no rule of a subject."""
    share: float = 0.05
    """Its number of cases, relative to local agreement."""
    every_variant: bool = False
    """Whether its cases are shared out among the variants of a subject's rule."""
    of_settings: bool = False
    """Whether the settings belong to the claim, and so stay as they are when a case is reduced."""

    def applies(self, subject: WorkerSubject) -> str:
        """Return why the property does not apply to ``subject``, or nothing."""
        if not any(self.concerns(rule) for rule in subject.rules.values()):
            return self.otherwise
        return self.needs(subject)

    def judge(self, subject: WorkerSubject, plan: Plan) -> Judged:
        """Judge the property on drawn cases."""
        judged = Judged()
        concerned = {key: rule for key, rule in subject.rules.items() if self.concerns(rule)}
        subject = dataclasses.replace(subject, rules=concerned)
        least = max(4, plan.cases // len(concerned))
        many = max(LEAST_SETTINGS, SETTINGS // len(concerned))

        def body(case: Case, plan: Plan = plan) -> None:
            judged.digest.add(to_plain(case))
            self.run(subject, case, judged.tally, plan)

        if self.every_variant:
            self._each(subject, plan, judged, lambda _, one, at: explore(one, least, at.seed, body))
            return judged
        judged.exploration = explore(self.strategy(subject, plan), plan.cases, plan.seed, body)
        if plan.samples and self.share == 1.0:
            # Many settings of every variant on few elements: what tells mutants from the rule.
            small = dataclasses.replace(plan, size=SMALL, seed=plan.seed + 1)
            self._each(subject, small, judged, lambda _, one, at: explore(one, many, at.seed, body))
        if plan.steering:
            tiny, steer = dataclasses.replace(plan, size=SMALLEST, seed=plan.seed + 2), plan.steering
            self._each(subject, tiny, judged, lambda s, one, at: steer.explore(s, one, at.seed, body))
        if plan.least and judged.exploration.stopped is None:
            alone = dataclasses.replace(plan, samples=None)
            judged.exploration = volume.fill(
                subject, plan.least, plan.seed + 3, judged.tally, lambda case: body(case, alone)
            )
        return judged

    def _each(
        self,
        subject: WorkerSubject,
        plan: Plan,
        judged: Judged,
        look: Callable[[WorkerSubject, st.SearchStrategy[Case], Plan], Exploration],
    ) -> None:
        """Explore one variant after the other, until something stops the worker."""
        for key, rule in subject.rules.items():
            if judged.exploration.stopped is None:
                alone = dataclasses.replace(subject, rules={key: rule})
                judged.exploration = look(alone, self.strategy(alone, plan), plan)

    def run(self, subject: WorkerSubject, case: Case, tally: Tally, plan: Plan) -> None:
        """Judge the property on one case."""
        prepared = prepare(case, subject.rules[case.switches], subject.storage)
        failures, outside = len(tally.failures), tally.outside
        self.judge_case(subject, case, prepared, tally, plan)
        new = [failure for failure in tally.failures[failures:] if not plan.explained(failure)]
        tally.failures[failures:] = new
        if not new:
            tally.outside = outside


def _local(
    subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, plan: Plan
) -> None:
    outcome = subject.run(case, prepared)
    samples = agreement.judge(case, prepared, outcome, subject, tally)
    if plan.samples:
        plan.samples(samples)


def _along(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    outcome = subject.run(case, prepared, every=True)
    trajectory.judge(case, prepared, outcome, subject, tally)


def _counting(
    subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan
) -> None:
    outcome = subject.run(case, prepared)
    tally.cases += 1
    for index, (item, after) in enumerate(zip(prepared, outcome.steps[-1], strict=True)):
        tally.element_cases += 1
        tally.values += 1
        expected = float(item.count + 1)
        if after.count != expected:
            tally.outside += 1
            scalars = {**case.groups[item.group].hyperparameters, "t": expected}
            value = float("nan") if after.count is None else after.count
            before = {"t": float(item.count)}
            outside = Outside(case, "t", index, 0, scalars, before, (expected, expected), value)
            tally.failures.append(outside)


def _blind(subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan) -> None:
    """Compare the states bit for bit with those of a run without weight decay."""
    without = tuple(
        dataclasses.replace(group, hyperparameters={**group.hyperparameters, "lambda": 0.0})
        for group in case.groups
    )
    decayed = subject.run(case, prepared).steps[-1]
    plain = subject.run(dataclasses.replace(case, groups=without), prepared).steps[-1]
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
                tally.outside += int(np.count_nonzero(~same))
                scalars = {**case.groups[item.group].hyperparameters, "t": item.count + 1.0}
                before = {key: float(array[place % array.size]) for key, array in item.values.items()}
                before["g"] = float(item.gradients[0][place])
                bounds = (float(expected[place]), float(expected[place]))
                tally.failures.append(
                    Outside(case, name, index, place, scalars, before, bounds, float(value[place]))
                )


def _finite(
    subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan
) -> None:
    stability.judge(subject, case, prepared, tally)


def _absent(
    subject: WorkerSubject, case: Case, prepared: tuple[Prepared, ...], tally: Tally, _: Plan
) -> None:
    absent_rows.judge(subject, case, prepared, tally)


def _claims(identifier: str) -> Callable[[UpdateRule], bool]:
    def stated(rule: UpdateRule) -> bool:
        return any(item.identifier == identifier for item in book.families()[rule.name].invariants)

    return stated


def _decoupled(rule: UpdateRule) -> bool:
    return rule.options.get("decay") == "decoupled"


def _starts_from_settings(rule: UpdateRule) -> bool:
    return any(state.initial.free_symbols for state in rule.states)


def _visible(subject: WorkerSubject) -> str:
    hidden = ", ".join(sorted(subject.hidden))
    return f"it does not show its state ({hidden})" if hidden else ""


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
def _counted(draw: st.DrawFn, subject: WorkerSubject) -> Case:
    switches = draw(st.sampled_from(sorted(subject.rules)))
    rule = subject.rules[switches]
    settings = draw(settings_of(rule, subject.fixed))
    tensors = tuple(TensorCase(shape_of(rule, 2), count, draw(st.integers(0, 99))) for count in COUNTS)
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


PROPERTIES: tuple[Property, ...] = (
    Property(
        "agreement/local",
        "One step from any legal state returns what a legal evaluation of the formula can return.",
        "the rule's own citation",
        lambda s, plan: local_cases(s.rules, s.fixed, plan.size, 1 if s.path.cost > 1 else GROUPS),
        _local,
        _visible,
        share=1.0,
    ),
    Property(
        "agreement/trajectory",
        "From the start, every step stays within the propagated enclosure.",
        "the rule's own citation",
        lambda s, plan: trajectory_cases(s.rules, s.fixed, min(plan.size, 256)),
        _along,
        share=0.2,
    ),
    Property(
        "bias-correction/constant-gradient",
        "Under a constant gradient g every step uses the corrected moments g and g^2.",
        "Kingma and Ba 2015, section 3",
        lambda s, plan: _in_regime(
            trajectory_cases(s.rules, s.fixed, min(plan.size, 256)), CONSTANT, **{"lambda": 0.0}
        ),
        _along,
        concerns=_claims("bias-correction/constant-gradient"),
        otherwise="its rule makes no such claim",
        share=0.1,
    ),
    Property(
        "decay/zero-gradient",
        "Without a gradient the parameter is multiplied by 1 - lr*lambda, and by nothing else.",
        "Loshchilov and Hutter 2019, Algorithm 2",
        lambda s, plan: _in_regime(local_cases(s.rules, s.fixed, min(plan.size, 1024)), STILL),
        _local,
        concerns=_decoupled,
        otherwise="its weight decay is not decoupled",
        share=0.1,
    ),
    Property(
        "decay/moments-do-not-see-lambda",
        "With decoupled decay the states are bit for bit those of a run without decay.",
        "Loshchilov and Hutter 2019, Algorithm 2",
        lambda s, plan: local_cases(s.rules, s.fixed, min(plan.size, 1024)),
        _blind,
        _visible,
        concerns=_decoupled,
        otherwise="its weight decay is not decoupled",
        share=0.1,
    ),
    Property(
        "stability/constant-gradient",
        "With its own defaults a constant gradient never makes a parameter NaN, nor does none at all.",
        "each rule's formula, which is a number for every gradient",
        lambda s, _: long_cases(
            {key: (rule, own_defaults(s, rule)) for key, rule in s.rules.items()}, s.fixed, CONSTANT, LONG
        ),
        _finite,
        _in_production,
        share=0.2,
        every_variant=True,
        of_settings=True,
    ),
    Property(
        "groups/late-first-gradient",
        "A parameter whose first gradient comes late starts afresh beside those under way.",
        "torch: the step count and the state belong to each parameter",
        lambda s, plan: _late(s, min(plan.size, 1024)),
        _local,
        _gradients_may_be_absent,
        share=0.1,
    ),
    Property(
        "groups/own-initial-state",
        "A group's own settings start its state, not those of the constructor.",
        "torch: a param group may override every default",
        lambda s, _: fresh_cases(s.rules, s.fixed),
        _local,
        _visible,
        concerns=_starts_from_settings,
        otherwise="its initial state has no settings",
        share=0.1,
    ),
    Property(
        "gradients/absent-rows",
        "A row without a gradient keeps parameter and state, and the other rows do not see it.",
        "torch, SparseAdam: only moments that show up in the gradient are updated",
        lambda s, plan: local_cases(s.rules, s.fixed, min(plan.size, 1024)),
        _absent,
        absent_rows.takes_rows,
        share=0.1,
    ),
    Property(
        "state/step-count",
        "The step count grows by one at every step, beyond 2^24 steps too.",
        "the step count t of the rule's own citation",
        lambda s, _: _counted(s),
        _counting,
        lambda s: "" if s.counted else "it keeps no step count",
        share=0.05,
    ),
)
