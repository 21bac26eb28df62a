"""A proof that never ends is undecided, and disturbs no other."""

from __future__ import annotations

import itertools
import signal
import time

import sympy as sp

from conformance.literature import proof_entry
from spec.proofs import prove
from spec.rule import Invariant, Pairs
from spec.schedule import Claim
from spec.schedule_claims import prove_claim
from spec.time_limit import within

x = sp.Symbol("x")
SHORT = 0.2


def _endless() -> Pairs:
    for _ in itertools.count():
        sp.expand((x + 1) ** 3)
    raise AssertionError


def test_a_claim_about_a_rule_runs_out_of_its_limit() -> None:
    """An endless proof reads undecided (limit): neither proven nor refuted."""
    proof = prove(Invariant("endless", "x", "x", "x", _endless), SHORT)
    assert proof_entry(proof).status == "undecided (limit)"


def test_a_claim_about_a_schedule_runs_out_of_its_limit() -> None:
    """The same holds of a sign that is never shown."""
    proof = prove_claim(Claim("endless", "x", "x", "x", tuple, nonnegative=_endless), SHORT)  # type: ignore[arg-type]
    assert proof_entry(proof).status == "undecided (limit)"


def test_waiting_is_no_work() -> None:
    """What only waits, for a busy machine too, is no nearer to its limit."""

    def wait() -> int:
        time.sleep(2 * SHORT)
        return 7

    assert within(SHORT, wait) == 7


def test_what_ends_in_time_is_left_alone() -> None:
    """Within the limit the answer comes back, an exception too, and no alarm is left behind."""
    before = signal.getsignal(signal.SIGVTALRM)
    assert within(SHORT, lambda: 7) == 7
    assert signal.getsignal(signal.SIGVTALRM) is before
    true, false = ((x + 1) ** 2, x**2 + 2 * x + 1), (x, x + 1)
    assert prove(Invariant("true", "x", "x", "x", lambda: (true,))).status == "proven"
    assert prove(Invariant("false", "x", "x", "x", lambda: (false,))).status == "not proven"
