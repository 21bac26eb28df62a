"""Findings: a failure reduced to its smallest case, confirmed, and written as a script."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from conformance import rendering
from conformance.agreement import Outside, Tally
from conformance.cases import Case, to_plain
from conformance.claims import Claim
from conformance.contract.clause import Clause
from conformance.contract.findings import ClauseReducer
from conformance.contract.observation import RAISED
from conformance.properties import Plan, Property, nothing
from conformance.reduction import Reduction
from conformance.script import script
from conformance.subject import GRADIENT, WorkerSubject, prepare
from conformance.verdict import Cell, Finding
from impls.session import TargetError, WorkerFailure
from reference.confirmation import Confirmation, confirm

BIT_FOR_BIT = ("decay/moments", "gradients/absent-rows")
"""Properties that compare two runs of the implementation itself."""


@dataclass(frozen=True)
class Reducer:
    """Turns failures of one cell into findings."""

    subject: WorkerSubject
    claim: Property
    cell: Cell
    reduced: bool = False
    """Whether the failures are of smallest cases already."""
    known: Callable[[Outside], bool] = nothing
    """Tells whether a known deviation explains a failure: no other is reduced to it."""

    def findings(self, failures: list[Outside]) -> tuple[Finding, ...]:
        """Return one finding for each quantity that was outside, and is so in exact arithmetic too."""
        first: dict[str, Outside] = {}
        for failure in failures:
            first.setdefault(failure.quantity, failure)
        smallest = map(self._smallest, first.values())
        return tuple(self._finding(*found) for found in smallest if found is not None)

    def of_stop(self, case: Case, said: str) -> Finding:
        """Return the finding of a case at which the code under test raised what ``said`` tells."""
        first, nan = prepare(case, self.subject.rules[case.switches], self.subject.storage)[0], float("nan")
        scalars = {**case.groups[first.group].hyperparameters, "t": first.count + 1.0}
        before = {name: float(values[0]) for name, values in first.values.items() if values.size}
        if first.gradients[0].size:
            before[GRADIENT] = float(first.gradients[0][0])
        failure = Outside(case, RAISED, 0, 0, scalars, before, (nan, nan), nan)
        plain, nothing_raised = to_plain(case), ("no exception", "no exception")
        identifier = _identifier(self.cell, RAISED, plain)
        return Finding(
            identifier, self.cell, self.claim.sentence, RAISED, "", "", "",
            {**rendering.case_table(failure), "stored": plain}, nothing_raised, ("", ""), said, "", "",
            "seen directly", "", script(self.subject, failure),
            f"stepproof replay failures/{identifier}.json",
        )  # fmt: skip

    def _judge(self, quantity: str) -> Reduction:
        subject = self.subject

        def judge(case: object) -> Outside | None:
            tally = Tally()
            try:
                plan = Plan(1, 1, 0, explained=self.known)
                self.claim.run(subject, case, tally, plan)  # type: ignore[arg-type]
            except (TargetError, WorkerFailure):
                return None
            same = [item for item in tally.failures if item.quantity == quantity]
            return same[0] if same else None

        rule = next(iter(subject.rules.values()))
        return Reduction(
            rule, subject.storage, judge, keep_settings=self.claim.of_settings, cost=subject.path.cost
        )

    def _smallest(self, failure: Outside) -> tuple[Outside, Confirmation] | None:
        """Return the smallest failure that is confirmed, the given one or nothing where none is."""
        rule = self.subject.rules[failure.case.switches]
        smaller = failure
        if failure.quantity != "t" and not self.reduced:
            reduction = self._judge(failure.quantity)
            reduction.rule = rule
            smaller = reduction.reduce(failure, prepare(failure.case, rule, self.subject.storage))
        for one in (smaller, failure):
            confirmation = self._confirmed(one)
            if confirmation.confirmed:
                return one, confirmation
        return None

    def _finding(self, failure: Outside, confirmation: Confirmation) -> Finding:
        rule = self.subject.rules[failure.case.switches]
        line, formula, mathml = rendering.line_of(rule, failure.quantity)
        lo, hi = failure.legal
        plain = to_plain(failure.case)
        identifier = _identifier(self.cell, failure.quantity, plain)
        return Finding(
            identifier,
            self.cell,
            self.claim.sentence,
            rendering.symbol(failure.quantity),
            line,
            formula,
            mathml,
            {**rendering.case_table(failure), "stored": plain},
            (f"{lo:.17g}", f"{hi:.17g}"),
            (lo.hex(), hi.hex()),
            f"{failure.value:.17g}",
            failure.value.hex(),
            _distance(failure),
            confirmation.sentence,
            "",
            script(self.subject, failure),
            f"stepproof replay failures/{identifier}.json",
        )

    def _confirmed(self, failure: Outside) -> Confirmation:
        rule = self.subject.rules[failure.case.switches]
        if self.claim.of_settings:
            return Confirmation(True, "seen directly")
        if rule.whole:
            return Confirmation(True, "by the interval of the whole tensor")
        if failure.quantity == "t" or failure.step or self.claim.identifier.startswith(BIT_FOR_BIT):
            return Confirmation(
                True, "compared exactly" if not failure.step else "by the propagated enclosure"
            )
        if any(state.scalar for state in rule.states if state.symbol.name == failure.quantity):
            return Confirmation(True, "by the interval of the scalar")
        before = {k: v for k, v in failure.before.items() if k in _inputs(rule)}
        return confirm(
            rule,
            self.subject.profile,
            self.subject.storage,
            failure.scalars,
            before,
            failure.quantity,
            failure.value,
        )


def reducer(
    subject: WorkerSubject,
    claim: Claim,
    cell: Cell,
    *,
    reduced: bool = False,
    known: Callable[[Outside], bool] = nothing,
) -> Reducer | ClauseReducer:
    """Return what turns failures of a claim into findings."""
    if isinstance(claim, Clause):
        return ClauseReducer(subject, claim, cell, reduced)
    return Reducer(subject, claim, cell, reduced, known)


def _inputs(rule: object) -> set[str]:
    return {q.symbol.name for q in rule.quantities} | {GRADIENT}  # type: ignore[attr-defined]


def _identifier(cell: Cell, quantity: str, plain: object) -> str:
    text = json.dumps([str(cell), quantity, plain], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _distance(failure: Outside) -> str:
    lo, hi = failure.legal
    if math.isnan(failure.value):
        return "not a number, where the formula gives one"
    if hi == lo:
        return f"{failure.value - lo:+.3g} from the only legal value"
    gap = max(lo - failure.value, failure.value - hi)
    return f"{gap / (hi - lo):,.3g} widths of the legal interval beyond its end"
