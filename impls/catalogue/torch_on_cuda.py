"""What torch's kernels for CUDA compute in another way than those for the CPU, path by path.

Each was read in the answers of an H100 (torch 2.11): the narrowest under which none of them is outside that no known
deviation explains.  A path that is not named computes there as on the CPU, but for ``squared_first``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CUDA = "cuda"
PRODUCT_FIRST = "weight first"
OnCuda = Mapping[str, Mapping[str, Any]]
"""Maps the names of paths to the keys of their profiles that are otherwise on CUDA."""


def squared_first(forms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the forms of a path on CUDA: addcmul multiplies both tensors first there, as the formula is written.

    On the CPU it multiplies the weight with one of them.
    """
    return tuple(form for form in forms if form != PRODUCT_FIRST)


def _captured(*forms: str) -> dict[str, Any]:
    """Return what a captured step has: its count is a float32 tensor, and so is what is computed from it.

    Settings alone are still computed by the host, in double precision.
    """
    return {"single": ("t",), "forms": forms}


FUSED = {"scalar": "compute"}
"""A fused kernel takes its settings in the format that it computes in, and rounds 1 - beta there."""
SGD: OnCuda = {"fused": FUSED}
ADAM: OnCuda = {
    "fused": {**FUSED, "forms": ("root first", "step size first")},
    "capturable": _captured("lerp", "step size below", "no step at a rate of zero"),
}
ADAMAX: OnCuda = {"capturable": _captured("lerp", "reciprocal rate below")}
"""A tensor over a number of the host is multiplied by the number's reciprocal."""
NADAM: OnCuda = {"capturable": _captured("lerp")}
RADAM: OnCuda = {"single-tensor": {"forms": ("lerp", "reciprocal", "reciprocal correction")}, **NADAM}
"""The first moment is over a number of the host."""
ASGD: OnCuda = {"capturable": {"scalar": "float32", "forms": ("lerp",)}}
"""The learning rate and the weight of the average are float32 tensors, which the device computes."""
