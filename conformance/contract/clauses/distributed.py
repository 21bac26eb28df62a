"""Clauses about two processes that train together."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.contract.arguments import once
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Arguments, Clause, always
from conformance.contract.request import target_of
from conformance.contract.requirements import (
    Needs,
    all_of,
    needs_dense_gradients,
    needs_groups,
    needs_step_alone,
    needs_visible_state,
)
from conformance.engine.claim import Plan
from conformance.engine.evidence import Tally
from conformance.optimizers.subject import WorkerSubject
from impls.session import SuiteError
from spec.rule import UpdateRule

TITLE = "Distributed"


def _one_format(subject: WorkerSubject) -> str:
    if subject.device != "cpu":
        return "two processes need a device each"
    return "" if subject.storage.name == "float32" else "the format plays no part; float32 is judged"


@dataclass(frozen=True, eq=False)
class DistributedClause(Clause):
    """A clause whose experiment runs in two workers at once, which find each other by a file."""

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        """Judge one case in both processes and add it to ``tally``."""
        for found in self._both(subject, case, plan):
            found.failures = [dataclasses.replace(f, case=case) for f in found.failures]
            tally.add(found)

    def _both(self, subject: WorkerSubject, case: ClauseCase, plan: Plan) -> tuple[Tally, Tally]:
        pair = subject.session, subject.session.companion
        for session in pair:
            # A worker that is still starting would keep the other one waiting in the experiment.
            session.request({"op": "signature", "target": target_of(self, subject)})
        tallies = Tally(), Tally()
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            futures = []
            for rank, session in enumerate(pair):
                place = {"rank": rank, "store": str(Path(folder) / "store")}
                ranked = dataclasses.replace(case, arguments={**case.arguments, **place})
                beside = dataclasses.replace(subject, session=session)
                futures.append(pool.submit(super().run, beside, ranked, tallies[rank], plan))
            try:
                broken = [error for future in futures if (error := _own_error(future)) is not None]
            except BaseException:
                for session in pair:  # one would wait in vain for the other
                    session.kill()
                raise
        if broken and not any(tally.failures for tally in tallies):
            raise broken[0]  # where one process has a failure the other waits for it in vain
        return tallies


def _own_error(future: Future[None]) -> SuiteError | None:
    """Return the error of stepproof with which a process ended, if it did; raises what else ended it."""
    try:
        future.result()
    except SuiteError as error:
        return error
    return None


def _steps(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    """Yield two steps of one variant; of whole tensors the first step of every variant.

    What later ones start from differs by rounding, and after many iterations nothing of them is decided.
    """
    if not rule.elementwise:
        yield {"steps": 1}
    elif rule is next(iter(subject.rules.values())):
        yield {"steps": 2}


def _clause(
    name: str, sentence: str, source: str, experiment: str, needs: Needs = always, arguments: Arguments = _steps
) -> DistributedClause:
    tried, both = f"distributed.{experiment}", all_of(_one_format, needs)
    return DistributedClause(f"distributed/{name}", sentence, source, tried, arguments, needs=both)


_needs_shards = all_of(
    needs_visible_state, needs_dense_gradients("it takes sparse gradients alone, and a DTensor has no sparse layout")
)


CLAUSES: tuple[Clause, ...] = (
    _clause(
        "data-parallel",
        "Gradients that DistributedDataParallel averages give the step of their average.",
        "torch, DistributedDataParallel: the same as one process with the averaged gradient",
        "data_parallel",
    ),
    _clause(
        "zero-redundancy",
        "Under ZeroRedundancyOptimizer every process ends with the parameters of one process.",
        "torch, ZeroRedundancyOptimizer: wraps any optimizer and shards its states",
        "zero_redundancy",
        all_of(needs_groups, needs_step_alone),
    ),
    _clause(
        "sharded",
        "Parameters that fully_shard (FSDP2) cuts into DTensor shards step as whole ones do.",
        "torch, fully_shard: an optimizer is built on sharded parameters like on any",
        "sharded",
        _needs_shards,
    ),
    _clause(
        "memory",
        "On parameters that are DTensors nothing of a step is kept but the states.",
        "this contract: a state is kept once for each parameter",
        "memory",
        _needs_shards,
        once({"steps": 5, "later": 60}),
    ),
)
