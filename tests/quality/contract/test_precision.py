"""What rounds at random is judged by chances: a right optimizer passes under every seed, a biased one under none."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.recognition.optimizer import recognise
from impls.session import Session
from impls.worker.contract.tails import at_most, less_likely
from tests.builders import subject_of

FILE = Path(__file__).with_name("precision.py")
CLAUSE = BY_IDENTIFIER["precision/unbiased-rounding"]
PLAN = Plan(4, 1, 0)


def _found(name: str, seed: int, session: Session) -> list[str]:
    """Return what the clause says of an optimizer of the file beside under a seed."""
    subject = subject_of(recognise(f"{FILE}:{name}", "adamw", {}, session), session, dtype="bfloat16")
    assert not CLAUSE.applies(subject)
    case = next(CLAUSE.cases(subject))
    tally = Tally()
    CLAUSE.run(subject, dataclasses.replace(case, arguments={**case.arguments, "seed": seed}), tally, PLAN)
    assert tally.values
    return [failure.quantity for failure in tally.failures]


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(s, marks=pytest.mark.thorough) for s in range(3, 24))])
def test_a_right_optimizer_passes_under_many_seeds(seed: int, session: Session) -> None:
    """Whatever is drawn, an optimizer that rounds as often as the distance says is not accused."""
    assert _found("RoundsAtRandom", seed, session) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CopiesAfterwards", "a parameter for which random numbers are drawn, under another seed"),
        ("SameNoiseInEveryStep", "of 2048 elements of 1.0: on the same side twice"),
        ("GoesUpTooOften", "of 2048 elements of 1.0: rounded up"),
    ],
)
def test_a_biased_one_passes_under_no_seed(name: str, words: str, session: Session) -> None:
    """A copy that follows, the same numbers in every step and too many that go up are found under each seed."""
    assert all(words in _found(name, seed, session) for seed in range(3))


def test_a_master_in_two_halves_is_followed(session: Session) -> None:
    """A parameter that makes its float32 master with 16 bits of the state keeps the clause about masters."""
    clause = BY_IDENTIFIER["precision/master-weights"]
    subject = subject_of(recognise(f"{FILE}:InHalves", "adamw", {}, session), session, dtype="bfloat16")
    assert not clause.applies(subject)
    tally = clause.judge(subject, PLAN).tally
    assert tally.values
    assert not tally.failures


@pytest.mark.parametrize(("count", "numerator", "denominator"), [(5, 1, 4), (9, 1, 2), (7, 2, 3)])
def test_a_tail_is_exact(count: int, numerator: int, denominator: int) -> None:
    """The probability of so many or fewer is the sum of its terms, as fractions."""
    p = Fraction(numerator, denominator)
    terms = [comb(count, n) * p**n * (1 - p) ** (count - n) for n in range(count + 1)]
    assert [at_most(n, count, numerator, denominator) for n in range(count + 1)] == [
        sum(terms[: n + 1]) for n in range(count + 1)
    ]


def test_what_any_chance_of_a_range_allows_is_likely() -> None:
    """A number far from one end of a range of chances and near the other is no surprise; one far from both is."""
    assert not less_likely(500, 1000, [0.1, 0.5], 1e-12)
    assert less_likely(700, 1000, [0.1, 0.5], 1e-12)
    assert less_likely(10, 1000, [0.1, 0.5], 1e-12)
    assert less_likely(1, 10, [0.0, 0.0], 1e-12)
    assert not less_likely(0, 10, [0.0, 0.0], 1e-12)
