"""lion-pytorch: the Lion of `lion_pytorch`, as its functions in PyTorch compute it."""

from __future__ import annotations

from impls.catalogue.entries import ExecutionPath, Implementation
from impls.catalogue.library import Library
from impls.catalogue.torch_paths import EAGER

LEAST_RATE = 2.0**-60
"""It refuses a learning rate of 0; from here on the judge's cases are drawn."""

LIBRARY = Library(
    "lion_pytorch",
    "lion_pytorch",
    "lion-pytorch",
    (
        Implementation(
            "lion_pytorch.Lion",
            "lion_pytorch:Lion",
            "lion",
            (ExecutionPath("default", profile={**EAGER, "coefficient": "storage"}),),
            options={"decay": "decoupled"},
            counter=None,
            domains={"lr": (LEAST_RATE, float("inf"))},
            library="lion_pytorch",
        ),
    ),
)
