"""Yogi and AdaBound, which torch does not have, beside AdamW under one schedule: `python yogi_adabound.py [SVG]`."""

from __future__ import annotations

import sys
from pathlib import Path

from curves import written
from stepproof_optim import AdaBound, AdamW, Yogi
from training import trained
from warmup_cosine import RATE, STEPS, ours


def main(file: str = "yogi_adabound.svg") -> int:
    """Train with each of them and write their curves."""
    curves = [
        trained("Yogi", STEPS, lambda params: Yogi(params, lr=RATE), ours),
        trained("AdaBound", STEPS, lambda params: AdaBound(params, lr=RATE, final_lr=0.1, gamma=0.1), ours),
        trained("AdamW", STEPS, lambda params: AdamW(params, lr=RATE), ours),
    ]
    written(curves, "Digits 0 and 1: Yogi, AdaBound and AdamW", Path(file))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
