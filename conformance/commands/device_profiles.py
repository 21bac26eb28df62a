"""Holds the profiles of a device against those of the host: ``python -m conformance.commands.device_profiles cuda``.

For each path of torch's optimizers on the device: how wide an enclosure is there, as a share of what it is under the
profile of the same path on the host, or of the single-tensor path where the host has none; and the formula mutants that
the host's profile kills on the same cases and the device's lets live.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from conformance.commands.exit_status import CONFORMS, DOES_NOT
from conformance.distance.recorded import subject_of
from conformance.engine.drawing import draw
from conformance.engine.power import Power
from conformance.engine.verdict import Cell
from conformance.optimizers import agreement, mutants
from conformance.optimizers.agreement import Sample
from conformance.optimizers.prepared import prepare
from conformance.optimizers.strategies import beside_thresholds, local_cases
from conformance.optimizers.subject import SINGLE, WorkerSubject
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import DEVICES, HOST
from reference.formats import Array

CASES, ELEMENTS, SEED = 24, 256, 0


@dataclass(frozen=True)
class Compared:
    """A path on a device beside the host's: the median and the upper decile of the width, and mutants that live."""

    cell: Cell
    host_path: str
    median: float
    decile: float
    killed: int
    spared: tuple[str, ...]


def compared(device: str, dtype: str, only: Sequence[str] = (), cases: int = CASES) -> Iterator[Compared]:
    """Yield every path of torch on ``device`` that holds ``dtype``, of the implementations called ``only``."""
    for item in CATALOGUE:
        if only and item.identifier not in only:
            continue
        on_host = {path.name: path for path in item.paths_on(HOST)}
        for path in item.paths_on(device):
            if dtype in path.dtypes:
                twin = path.name if path.name in on_host else SINGLE
                there = Cell(item.identifier, path.name, device, dtype, "")
                yield _compare(there, Cell(item.identifier, twin, HOST, dtype, ""), cases)


def _compare(there: Cell, here: Cell, cases: int) -> Compared:
    powers, widths = (Power(mutants.of), Power(mutants.of)), list[Array]()
    subjects = subject_of(there), subject_of(here)
    for samples in zip(*(_samples(subject, cases) for subject in subjects), strict=True):
        widths += _ratios(*samples)
        for power, subject, sample in zip(powers, subjects, samples, strict=True):
            mutants.kill(power, [sample], subject.storage, "")
    ratios = np.concatenate(widths) if widths else np.ones(1)
    on_device, on_host = ({(f, m) for f, of in power.killed.items() for m in of} for power in powers)
    spared = tuple(f"{formula}: {mutant}" for formula, mutant in sorted(on_host - on_device))
    median, decile = (float(np.quantile(ratios, place)) for place in (0.5, 0.9))
    return Compared(there, here.path, median, decile, len(on_device), spared)


def _samples(subject: WorkerSubject, cases: int) -> Iterator[Sample]:
    for alone in subject.variants():
        drawn = draw(local_cases(alone.rules, alone.fixed, ELEMENTS), cases, SEED)
        for case in (*drawn, *beside_thresholds(alone.rules, alone.fixed)):
            prepared = prepare(case, alone.rules[case.switches], alone.storage)
            yield from agreement.samples(case, prepared, alone, {}, lambda _: True)


def _ratios(there: Sample, here: Sample) -> Iterator[Array]:
    """Yield the widths of one sample's enclosures over the host's, where both are bounded and have a width."""
    for name, legal in there.legal.items():
        with np.errstate(all="ignore"):
            one, other = legal.hi - legal.lo, here.legal[name].hi - here.legal[name].lo
            ratio = (one / other).astype(float).reshape(-1)
        yield ratio[np.isfinite(ratio) & (ratio > 0.0)]


def main() -> int:
    """Print a line for each path; ends with 1 where a mutant lives under the device's profile alone."""
    parser = argparse.ArgumentParser("python -m conformance.commands.device_profiles", description=__doc__)
    parser.add_argument("device", choices=[name for name in DEVICES if name != HOST])
    parser.add_argument("only", nargs="*", metavar="IMPLEMENTATION", help="torch.AdamW, say (default: all)")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--cases", type=int, default=CASES, help=f"cases of each variant (default: {CASES})")
    given, console = parser.parse_args(), Console(soft_wrap=True, markup=False, highlight=False)
    alive = 0
    for item in compared(given.device, given.dtype, given.only, given.cases):
        of, alive = item.cell, alive + len(item.spared)
        width = f"{item.median:.2f} of the width (a tenth above {item.decile:.2f}) of {item.host_path} on the {HOST}"
        console.print(f"{of.implementation} {of.path} {of.dtype}: {width}; {item.killed} mutants killed")
        for mutant in item.spared:
            console.print(f"    lives: {mutant}")
    return DOES_NOT if alive else CONFORMS


if __name__ == "__main__":
    sys.exit(main())
