"""Runs the cases of a claim, listed or drawn, until one stops the subject or breaks the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis.strategies import SearchStrategy

from conformance.engine.claim import Kind
from conformance.engine.drawing import Digest, draw
from conformance.engine.evidence import Evidence, Stop
from impls.session import NotAsked, SuiteError, TargetError, WorkerFailure

Body = Callable[[Any], None]
"""Judges one case."""


@dataclass
class Exploration:
    """The cases of one cell as they are judged; what they gave is in ``evidence``."""

    kind: Kind
    evidence: Evidence = field(default_factory=Evidence)
    digest: Digest = field(default_factory=Digest)
    enough: Callable[[], bool] = lambda: False
    """Tells whether the cases that follow need not be judged."""
    refuses: Callable[[TargetError], bool] = lambda _: False
    """Tells whether the subject may refuse a case as it does, so that the others are judged."""

    def listed(self, cases: Iterable[Any], body: Body) -> None:
        """Judge cases in their order; the first that stops the subject, or breaks the judge, is the last."""
        for case in cases:
            if self._over:
                break
            plain, before = self.kind.write(case), len(self.evidence.tally.ratios)
            self.digest.add(plain)
            try:
                body(case)
            except NotAsked:
                self.evidence.tally.unasked += 1
            except (TargetError, WorkerFailure) as error:
                if isinstance(error, SuiteError):
                    self._broke(error, plain)
                elif isinstance(error, TargetError) and self.refuses(error):
                    self.evidence.tally.refused.append(f"{error.kind}: {error.message}")
                else:
                    self.evidence.stop = Stop(error, case)
            except Exception as error:  # noqa: BLE001 - what was found before is kept
                self._broke(error, plain)
            self._note(plain, before)
        self.evidence.digest = str(self.digest)

    def drawn(self, strategy: SearchStrategy[Any], examples: int, seed: int, body: Body) -> None:
        """Judge up to ``examples`` different cases of a strategy, the same for the same seed."""
        if not self._over:
            self.listed(draw(strategy, examples, seed), body)

    def _note(self, case: dict[str, Any], before: int) -> None:
        """Keep a case whose largest legal ratio is the largest of all so far."""
        largest = self.evidence.extreme[0] if self.evidence.extreme else 0.0
        for ratios in self.evidence.tally.ratios[before:]:
            legal = ratios[ratios <= 1.0]
            if legal.size and (top := float(legal.max())) > largest:
                self.evidence.extreme, largest = (top, case), top

    @property
    def _over(self) -> bool:
        return self.evidence.stop is not None or self.evidence.broken is not None or self.enough()

    def _broke(self, error: Exception, case: dict[str, Any]) -> None:
        self.evidence.broken, self.evidence.broken_at = error, case
