"""Claims of the literature about whole runs, as deterministic experiments with the NumPy references."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from reference.experiments.experiment import Experiment, ExperimentOutcome


def experiments() -> tuple[Experiment, ...]:
    """Return every experiment of this folder, module by module."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "experiment")
    return tuple(item for name in modules for item in importlib.import_module(f"{__name__}.{name}").EXPERIMENTS)


def run_all() -> Iterator[tuple[Experiment, ExperimentOutcome]]:
    """Yield each experiment with its outcome."""
    for item in experiments():
        yield item, item.run()


__all__ = ["Experiment", "ExperimentOutcome", "experiments", "run_all"]
