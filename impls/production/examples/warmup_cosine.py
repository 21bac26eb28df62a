"""AdamW with a warm-up into half a cosine, ours and torch's side by side: `python warmup_cosine.py [SVG]`.

torch has no warm-up that begins at 0, so that its own begins at a millionth.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from curves import written
from stepproof_optim import AdamW
from stepproof_optim.lr_scheduler import CosineAnnealingLR, WarmupLR
from torch.optim import lr_scheduler as schedules
from training import trained

STEPS, WARMUP = 120, 20
RATE = 1e-2


def ours(optimizer: AdamW) -> WarmupLR:
    """Return the schedule in one piece: any schedule may stand in the place of the cosine."""
    return WarmupLR(optimizer, WARMUP, into=CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP))


def theirs(optimizer: torch.optim.Optimizer) -> schedules.SequentialLR:
    """Return torch's schedule of the same shape."""
    parts = [
        schedules.LinearLR(optimizer, start_factor=1e-6, total_iters=WARMUP),
        schedules.CosineAnnealingLR(optimizer, T_max=STEPS - WARMUP),
    ]
    return schedules.SequentialLR(optimizer, parts, milestones=[WARMUP])


def main(file: str = "warmup_cosine.svg") -> int:
    """Train with both and write their curves."""
    curves = [
        trained("stepproof_optim.AdamW", STEPS, lambda params: AdamW(params, lr=RATE), ours),
        trained("torch.optim.AdamW", STEPS, lambda params: torch.optim.AdamW(params, lr=RATE), theirs),
    ]
    written(curves, "Digits 0 and 1: AdamW, a warm-up into half a cosine", Path(file))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
