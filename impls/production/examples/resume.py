"""A training that stops in the middle and goes on from its checkpoint ends at the same bits: `python resume.py`.

It is shown in float32, and in bfloat16 where parameters are rounded at random: then torch's generator goes into the
checkpoint as well.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from stepproof_optim import AdamW
from training import Curve, images, network, train
from warmup_cosine import STEPS, ours

HALF = STEPS // 2
RUNS: dict[str, tuple[torch.dtype, dict[str, Any]]] = {
    "float32": (torch.float32, {}),
    "bfloat16 at random": (torch.bfloat16, {"rounding": "stochastic", "wide_states": True}),
}


def begun(dtype: torch.dtype, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return a network, its optimizer and its schedule."""
    model = network().to(dtype)
    optimizer = AdamW(model.parameters(), lr=1e-2, **options)
    return model, optimizer, ours(optimizer)


def end(model: Any, optimizer: Any) -> list[torch.Tensor]:
    """Return the parameters and all that the optimizer keeps of them."""
    kept = [value for p in model.parameters() for value in optimizer.state[p].values()]
    return [*(p.detach() for p in model.parameters()), *kept]


def resumed(name: str, dtype: torch.dtype, options: dict[str, Any], file: Path) -> bool:
    """Tell whether a training that goes on from a file ends at the bits of one that did not stop."""
    data = images()
    model, optimizer, schedule = begun(dtype, options)
    whole = Curve(f"{name}, whole")
    train(model, optimizer, schedule, data, whole, STEPS)

    first, stopped, before = begun(dtype, options)
    curve = Curve(f"{name}, stopped")
    train(first, stopped, before, data, curve, HALF)
    checkpoint = {
        "model": first.state_dict(),
        "optimizer": stopped.state_dict(),
        "schedule": before.state_dict(),
        "generator": torch.get_rng_state(),
    }
    torch.save(checkpoint, file)

    again, other, after = begun(dtype, options)
    loaded = torch.load(file, weights_only=True)
    again.load_state_dict(loaded["model"])
    other.load_state_dict(loaded["optimizer"])
    after.load_state_dict(loaded["schedule"])
    torch.set_rng_state(loaded["generator"])
    curve.name = f"{name}, resumed"
    train(again, other, after, data, curve, STEPS)
    same = all(map(torch.equal, end(again, other), end(model, optimizer)))
    return same and (curve.losses, curve.rates) == (whole.losses, whole.rates)


def main() -> int:
    """Return 0 where every run ends at the same bits, or 1."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: resumed(name, *given, Path(folder) / "checkpoint.pt") for name, given in RUNS.items()}
    for name, same in found.items():
        print(
            f"{name}: {'the same bits' if same else 'other bits'} after {STEPS} steps, of which {HALF} were made before"
        )
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
