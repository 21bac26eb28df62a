"""AdaBound's step size, from Adam's to that of gradient descent."""

from __future__ import annotations

import numpy as np

from reference.experiments.experiment import Curve, Experiment, ExperimentOutcome, steps
from spec import rules as book

STEPS = 20_000
RATE, FINAL, GAMMA = 1e-3, 0.1, 1e-3


def closing() -> ExperimentOutcome:
    """Run AdaBound under gradients +-1 and follow what multiplies the moving average."""
    rule = book.build("adabound")
    names = {h.keyword: h.symbol.name for h in rule.hyperparameters}
    chosen = {"betas[0]": 0.0, "betas[1]": 0.999, "eps": 1e-8, "gamma": GAMMA, "final_lr": FINAL}
    settings = {names[key]: value for key, value in chosen.items()}
    rates, previous = [], 0.0
    run = steps(rule, settings, np.zeros(1), lambda count, _: np.array([(-1.0) ** count]), [RATE] * STEPS)
    for after in run:
        current = float(after["theta"][0])
        rates.append(abs(current - previous))
        previous = current
    figures = {"first over Adam's": rates[0] / RATE, "last over final_lr": rates[-1] / FINAL}
    starts_as_adam = abs(rates[0] - RATE) < abs(rates[0] - FINAL)
    # The bounds at t are final_lr*(1 -+ 1/(gamma*t + 1)) and wider: those of the step before are not reached.
    closed = abs(rates[-1] - FINAL) < FINAL / (GAMMA * (STEPS - 1) + 1)
    seen = starts_as_adam and closed
    kept = sorted({round(place) for place in np.geomspace(1, STEPS, 120)})
    line = Curve("AdaBound", tuple(np.log10(kept)), tuple(rates[k - 1] for k in kept))
    return ExperimentOutcome(seen, figures, (line,))


EXPERIMENTS = (
    Experiment(
        "adabound/closing",
        "AdaBound's step size goes from Adam's to that of gradient descent.",
        "Luo, Xiong, Liu and Sun 2019, section 4",
        ("log10 step", "step size"),
        closing,
    ),
)
