"""Clauses about two processes that train together."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.agreement import Tally
from conformance.contract.case import ClauseCase
from conformance.contract.clause import Clause, always
from conformance.contract.needs import Needs, dense, every, shown
from conformance.properties import Plan
from conformance.subject import WorkerSubject
from impls.session import WorkerFailure
from spec.rule import UpdateRule


def _one_format(subject: WorkerSubject) -> str:
    if subject.device != "cpu":
        return "two processes need a device each"
    return "" if subject.storage.name == "float32" else "the format plays no part; float32 is judged"


@dataclass(frozen=True, eq=False)
class DistributedClause(Clause):
    """A clause whose experiment runs in two workers at once, which find each other by a file."""

    def run(self, subject: WorkerSubject, case: ClauseCase, tally: Tally, plan: Plan) -> None:
        """Judge one case in both processes and add it to ``tally``."""
        try:
            tallies = self._both(subject, case, plan)
        except WorkerFailure as failure:
            if failure.cause != "timeout":
                raise
            tallies = self._both(subject, case, plan)  # two processes may miss each other once
        for other in tallies:
            tally.cases += other.cases
            tally.element_cases += other.element_cases
            tally.values += other.values
            tally.outside += other.outside
        broken = [other for other in tallies if other.failures][:1]
        for other in broken:
            tally.failures += [dataclasses.replace(f, case=case) for f in other.failures]  # type: ignore[arg-type]

    def _both(self, subject: WorkerSubject, case: ClauseCase, plan: Plan) -> tuple[Tally, Tally]:
        pair = subject.session, subject.session.companion
        tallies = Tally(), Tally()
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            futures = []
            for rank, session in enumerate(pair):
                place = {"rank": rank, "store": str(Path(folder) / "store")}
                ranked = dataclasses.replace(case, arguments={**case.arguments, **place})
                beside = dataclasses.replace(subject, session=session)
                futures.append(pool.submit(super().run, beside, ranked, tallies[rank], plan))
            try:
                for future in futures:
                    future.result()
            except BaseException:
                for session in pair:  # one would wait in vain for the other
                    session.kill()
                raise
        return tallies


def _steps(subject: WorkerSubject, rule: UpdateRule) -> Iterator[Mapping[str, Any]]:
    if rule is next(iter(subject.rules.values())):
        # Of whole tensors the first step is judged: what later ones start from differs by rounding.
        yield {"steps": 1 if rule.whole else 2}


def _clause(
    name: str, sentence: str, source: str, experiment: str, needs: Needs = always
) -> DistributedClause:
    return DistributedClause(
        f"distributed/{name}", sentence, source, f"distributed.{experiment}", _steps,
        needs=every(_one_format, needs),
    )  # fmt: skip


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
    ),
    _clause(
        "sharded",
        "Parameters that fully_shard (FSDP2) cuts into DTensor shards step as whole ones do.",
        "torch, fully_shard: an optimizer is built on sharded parameters like on any",
        "sharded",
        every(shown, dense("it takes sparse gradients alone, and a DTensor has no sparse layout")),
    ),
)
