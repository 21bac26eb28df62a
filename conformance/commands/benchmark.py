"""The judge's speed: element-cases a second on one core, and its time over the step it judges."""

from __future__ import annotations

import statistics
import time

from rich.console import Console
from rich.table import Table

from conformance.engine.evidence import Tally
from conformance.optimizers.agreement import judge
from conformance.optimizers.cases import Case, GroupCase, TensorCase
from conformance.optimizers.subject import WorkerSubject, prepare, worker_subject
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import HOST
from impls.session import Session
from reference.formats import FLOAT32

SIZES = (32, 4096, 100_000)
ROUNDS = 15


def measure(subject: WorkerSubject, size: int, round_: int) -> tuple[float, float, float]:
    """Return the seconds of the judge, of the worker's round trip and of the step itself."""
    rule = subject.rules[()]
    settings = {h.symbol.name: h.default for h in rule.hyperparameters} | {"lambda": 0.01}
    case = Case((), (GroupCase(settings, (TensorCase((size,), round_ + 1, round_),)),))
    start = time.perf_counter()
    prepared = prepare(case, rule, subject.storage)
    middle = time.perf_counter()
    outcome = subject.run(case, prepared)
    end = time.perf_counter()
    judge(case, prepared, outcome, subject, Tally())
    judged = time.perf_counter()
    return (middle - start) + (judged - end), end - middle, outcome.step_seconds


def main() -> None:
    """Print a table measured in turn in one run, medians over rounds."""
    console = Console(highlight=False)
    adam = next(item for item in CATALOGUE if item.identifier == "torch.Adam")
    table = Table(title="judging torch.Adam, float32, local agreement, one core", title_justify="left")
    for heading in ("path", "elements", "element-cases/s", "judge / step", "round trip / step"):
        table.add_column(heading, justify="right")
    with Session() as session:
        for path in adam.paths_on(HOST):
            subject = worker_subject(adam, path, HOST, FLOAT32, session)
            for size in SIZES:
                measure(subject, size, 0)
                rows = [measure(subject, size, index) for index in range(1, ROUNDS)]
                judged, trip, step = (statistics.median(column) for column in zip(*rows, strict=True))
                table.add_row(
                    path.name, f"{size:,}", f"{size / judged:,.0f}", f"{judged / step:,.1f}", f"{trip / step:,.1f}"
                )
    console.print(table)


if __name__ == "__main__":
    main()
