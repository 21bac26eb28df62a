"""What other libraries than torch implement of the rule book; each is an optional extra.

An entry states what the library's documentation claims.  A library is judged where a worker can
import it, and reported as not run where it cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

from impls.catalogue import Implementation
from impls.libraries.optax import OPTAX
from impls.libraries.optax_schedules import OPTAX_SCHEDULES
from impls.libraries.pytorch_optimizer import PYTORCH_OPTIMIZER
from impls.libraries.timm import TIMM
from impls.libraries.timm_schedulers import TIMM_SCHEDULERS
from impls.libraries.transformers import TRANSFORMERS
from impls.libraries.transformers_schedules import TRANSFORMERS_SCHEDULES
from impls.scheduler import Scheduler


@dataclass(frozen=True)
class Library:
    """A library: its name, the module a worker must import, its package, and what it implements."""

    name: str
    module: str
    package: str
    implementations: tuple[Implementation, ...]
    schedulers: tuple[Scheduler, ...] = ()


LIBRARIES: dict[str, Library] = {
    library.name: library
    for library in (
        Library("pytorch_optimizer", "pytorch_optimizer", "pytorch_optimizer", PYTORCH_OPTIMIZER),
        Library("timm", "timm.optim", "timm", TIMM, TIMM_SCHEDULERS),
        Library("optax", "optax", "optax", OPTAX, OPTAX_SCHEDULES),
        Library(
            "transformers", "transformers.optimization", "transformers", TRANSFORMERS, TRANSFORMERS_SCHEDULES
        ),
    )
}
OTHERS: tuple[Implementation, ...] = tuple(
    item for library in LIBRARIES.values() for item in library.implementations
)
"""Every implementation of every other library."""
