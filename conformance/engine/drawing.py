"""Draws cases with Hypothesis; the seed alone decides which.

Hypothesis' own provider also draws constants that it finds in the source of loaded modules, and
looks for cases near those it has tried.  This one draws every number from the seeded generator: the
same cases come in a checkout and from a wheel, after any import and on any machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from conformance.engine.stored_case import written

T = TypeVar("T")
BACKEND = "stepproof"
ROUNDS = 8
"""So often cases are drawn again in place of repeated ones."""


class SeededProvider(HypothesisProvider):
    """Hypothesis' distributions without its pools of constants, which depend on loaded modules."""

    def _maybe_draw_constant(self, choice_type: Any, constraints: Any, *, p: float = 0.0) -> None:
        """Draw no constant."""


AVAILABLE_PROVIDERS[BACKEND] = SeededProvider


def settings(examples: int, acts: int = 1) -> hypothesis.settings:
    """Return settings that name every value, so that no profile or variable of the environment does."""
    return hypothesis.settings(
        backend=BACKEND,
        max_examples=examples,
        stateful_step_count=acts,
        derandomize=False,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )


class Digest:
    """The first 64 bits of the SHA-256 of cases in their order, each by its plain form."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, plain: object) -> None:
        """Take in one case, given as JSON-ready data."""
        self._hash.update(_text(plain).encode() + b"\n")

    def __str__(self) -> str:
        return self._hash.hexdigest()[:16]


def _text(plain: object) -> str:
    return json.dumps(plain, sort_keys=True)


def draw(strategy: SearchStrategy[T], examples: int, seed: int) -> list[T]:
    """Return up to ``examples`` different cases; there are fewer where the strategy has no more.

    Cases differ where they are stored otherwise.
    """

    def once(most: int, start: str) -> list[T]:
        found: list[T] = []

        @hypothesis.seed(start)
        @settings(most)
        @hypothesis.given(strategy)
        def run(case: T) -> None:
            found.append(case)

        _satisfied(run)
        return found

    return _different(once, examples, seed)


def draw_lives(
    machine: Callable[[Callable[[T], None]], type[RuleBasedStateMachine]], examples: int, acts: int, seed: int
) -> list[T]:
    """Return up to ``examples`` different lives of up to ``acts`` acts.

    ``machine`` returns a state machine that hands each life to the function that it is given.
    """

    def once(most: int, start: str) -> list[T]:
        found: list[T] = []
        seeded = hypothesis.seed(start)(machine(found.append))
        _satisfied(lambda: run_state_machine_as_test(seeded, settings=settings(most, acts)))
        return found

    return _different(once, examples, seed)


def _satisfied(run: Callable[[], None]) -> None:
    """Run; a strategy of which nothing is left draws nothing."""
    try:
        run()
    except Unsatisfiable:
        return


def _different(once: Callable[[int, str], list[T]], examples: int, seed: int) -> list[T]:
    found: dict[str, T] = {}
    for round_ in range(ROUNDS):
        before = len(found)
        # Each round begins with the simplest case.
        for case in once(examples - before + min(round_, 1), f"{seed}/{round_}"):
            if len(found) < examples:
                found.setdefault(_text(written(case)), case)
        if len(found) in {before, examples}:
            break
    return list(found.values())
