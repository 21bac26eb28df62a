"""Cases that are steps of a rule: how they are stored, told, confirmed and turned into a script."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from conformance.engine.claim import Kind, Moves, Told
from conformance.engine.evidence import RAISED, Stop
from conformance.engine.stored_case import StoredCases
from conformance.optimizers import formula_lines
from conformance.optimizers.agreement import Outside, Raised
from conformance.optimizers.cases import Case
from conformance.optimizers.prepared import prepare
from conformance.optimizers.reduction import ElementMoves
from conformance.optimizers.script import script
from conformance.optimizers.subject import GRADIENT, WorkerSubject
from reference.balls.confirmation import confirm
from spec.rule import UpdateRule

LARGEST_TRIALS, TRIALS_OF_AN_EXCEPTION = 200, 30
TRIALS_OF_A_STOP = {"timeout": 0, "memory": 0, "processes": 0, "start": 0, "signal": 8, "exit": 8, "protocol": 8}
"""Each trial costs a time-out, or another worker."""
MANY = 1000
NAN = float("nan")
COUNT = "t"


class RuleKind(StoredCases[Case]):
    """The kind of a case whose steps the rule's formula judges."""

    name = "rule"
    cases = Case
    most_findings = MANY

    def fits(self, subject: WorkerSubject, claim: Any, case: Case) -> bool:
        """Tell whether a case has the settings of the subject's rule and values that its format holds."""
        rule = subject.rules.get(case.switches)
        if rule is None:
            return False
        names = {h.symbol.name for h in rule.hyperparameters}
        if any(set(group.hyperparameters) != names for group in case.groups):
            return False
        given = [tensor.values for group in case.groups for tensor in group.tensors if tensor.values]
        known = {quantity.symbol.name for quantity in rule.quantities}
        return all(known <= set(values) for values in given)

    def stopped(self, subject: WorkerSubject, stop: Stop) -> Outside | None:
        """Return the failure that a stop at a case is: no value came."""
        if stop.case is None:
            return None
        first = prepare(stop.case, subject.rules[stop.case.switches], subject.storage)[0]
        scalars = {**stop.case.groups[first.group].hyperparameters, COUNT: first.count + 1.0}
        before = {name: float(values[0]) for name, values in first.values.items() if values.size}
        if first.gradients[0].size:
            before[GRADIENT] = float(first.gradients[0][0])
        return Raised(stop.case, RAISED, 0, 0, scalars, before, (NAN, NAN), NAN, said=stop.fact, sort=stop.sort)

    def trials(self, subject: WorkerSubject, failure: Outside) -> int:
        """Return how many simpler cases are tried: fewer where one costs more, or hangs."""
        if isinstance(failure, Raised):
            return TRIALS_OF_A_STOP.get(failure.sort, TRIALS_OF_AN_EXCEPTION)
        return LARGEST_TRIALS // subject.path.cost

    def moves(self, subject: WorkerSubject, claim: Any, failure: Outside) -> Moves:
        """Propose one element, then simpler numbers."""
        rule = subject.rules[failure.case.switches]
        kept = {h.symbol.name for h in rule.hyperparameters} if claim.of_settings else set()
        prepared = prepare(failure.case, rule, subject.storage)
        if not prepared[failure.tensor].gradients[0].size:
            return no_moves()
        if failure.quantity == COUNT:
            return fewest_tensors(failure.case)
        return ElementMoves(rule, kept).moves(failure, prepared)

    def confirms(self, subject: WorkerSubject, claim: Any, failure: Outside) -> str:
        """Return how an exact computation confirms a failure; nothing where it does not."""
        rule = subject.rules[failure.case.switches]
        if claim.of_settings or isinstance(failure, Raised):
            return "seen directly"
        if not rule.elementwise:
            return "by the interval of the whole tensor"
        if failure.step:
            return "by the propagated enclosure"
        if failure.quantity == COUNT or claim.compares_runs:
            return "compared exactly"
        if any(state.scalar for state in rule.states if state.symbol.name == failure.quantity):
            return "by the interval of the scalar"
        before = {k: v for k, v in failure.before.items() if k in _inputs(rule)}
        confirmation = confirm(
            rule, subject.profile, subject.storage, failure.scalars, before, failure.quantity, failure.value
        )
        return confirmation.sentence if confirmation.confirmed else ""

    def tell(self, subject: WorkerSubject, claim: Any, failure: Outside) -> Told:
        """Return the formula's line, the smallest case, the legal interval and the value."""
        rule, table = subject.rules[failure.case.switches], formula_lines.case_table(failure)
        if isinstance(failure, Raised):
            return Told(RAISED, table, ("no exception", "no exception"), failure.said)
        lo, hi = failure.legal
        return Told(
            formula_lines.symbol(failure.quantity),
            table,
            (f"{lo:.17g}", f"{hi:.17g}"),
            f"{failure.value:.17g}",
            (lo.hex(), hi.hex()),
            failure.value.hex(),
            _distance(failure),
            line=formula_lines.line_of(rule, failure.quantity),
        )

    def script(self, subject: WorkerSubject, claim: Any, failure: Outside) -> str:
        """Return the script that makes the steps of the case."""
        return script(subject, failure, failure.said if isinstance(failure, Raised) else "")


RULE: Kind = RuleKind()


def no_moves() -> Moves:
    """Propose nothing."""
    yield from ()


def fewest_tensors(case: Case) -> Moves:
    """Propose each tensor of a case alone, until one fails by itself."""
    for group in case.groups:
        for tensor in group.tensors:
            alone = dataclasses.replace(case, groups=(dataclasses.replace(group, tensors=(tensor,)),))
            if (yield alone) is not None:
                return


def _inputs(rule: UpdateRule) -> set[str]:
    return {quantity.symbol.name for quantity in rule.quantities} | {GRADIENT}


def _distance(failure: Outside) -> str:
    lo, hi = failure.legal
    if math.isnan(failure.value):
        return "not a number, where the formula gives one"
    if hi == lo:
        return f"{failure.value - lo:+.3g} from the only legal value"
    gap = max(lo - failure.value, failure.value - hi)
    return f"{gap / (hi - lo):,.3g} widths of the legal interval beyond its end"
