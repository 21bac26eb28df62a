"""transformers: its Adafactor, with the learning rate given.  It joins `LIBRARIES` with its rule.

States are matched to the rule's keywords when there is one; rows and columns are kept for matrices.
"""

from __future__ import annotations

from impls.catalogue import EAGER, ExecutionPath, Implementation

GIVEN_RATE = {"relative_step": False, "scale_parameter": False, "warmup_init": False}

TRANSFORMERS: tuple[Implementation, ...] = (
    Implementation(
        "transformers.Adafactor", "transformers.optimization:Adafactor", "adafactor",
        (ExecutionPath("default", GIVEN_RATE, profile=EAGER | {"coefficient": "storage"}),),
        library="transformers",
    ),
)  # fmt: skip
