"""Everything that can be judged by name: the NumPy references, torch, other libraries."""

from __future__ import annotations

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.libraries import OTHERS
from reference import rules as references

NUMPY = ExecutionPath("numpy", profile={"intermediate": "compute"})
"""Half formats are computed in float32, scalars in double; every rule as its spec writes it."""
FRAMEWORK, PREFIX = "numpy", "reference."


def implementations() -> tuple[Implementation, ...]:
    """Return one catalogue entry for each reference."""
    return tuple(
        Implementation(
            f"{PREFIX}{name}",
            f"reference.rules.{name}:step",
            name,
            (NUMPY,),
            counter=None,
            framework=FRAMEWORK,
            library=FRAMEWORK,
        )
        for name in references.names()
    )


def entries() -> tuple[Implementation, ...]:
    """Return everything that can be judged by name: the references, the catalogue, other libraries."""
    return (*implementations(), *CATALOGUE, *OTHERS)
