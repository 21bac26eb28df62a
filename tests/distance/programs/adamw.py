"""Steps a folder of cases with AdamW in NumPy: `python adamw.py FOLDER`."""

import json
import sys
from pathlib import Path

import numpy as np


def step(theta, m, v, g, t, eta, beta1, beta2, epsilon, decay):
    one = theta.dtype.type
    m = one(beta1) * m + one(1 - beta1) * g
    v = one(beta2) * v + one(1 - beta2) * (g * g)
    direction = (m / one(1 - beta1**t)) / (np.sqrt(v / one(1 - beta2**t)) + one(epsilon))
    return one(1 - eta * decay) * theta - one(eta) * direction, m, v


def main(folder):
    for path in sorted(folder.glob("*/case.json")):
        case = json.loads(path.read_text())
        settings = [float.fromhex(case[name]) for name in ("eta", "beta1", "beta2", "epsilon", "lambda")]
        now = [np.fromfile(path.with_name(f"{name}.bin"), case["dtype"]) for name in ("theta", "m", "v")]
        gradients = np.fromfile(path.with_name("g.bin"), case["dtype"]).reshape(case["steps"], case["elements"])
        after = []
        with np.errstate(all="ignore"):
            for n, g in enumerate(gradients):
                now = step(*now, g, case["t"] + n, *settings)
                after.append(now)
        for name, rows in zip(("theta", "m", "v"), zip(*after, strict=True), strict=True):
            np.concatenate(rows).tofile(path.with_name(f"{name}.out.bin"))


main(Path(sys.argv[1]))
