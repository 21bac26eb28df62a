"""The counterexample on which Adam fails and AMSGrad converges."""

from __future__ import annotations

import numpy as np

from reference.experiments.experiment import Experiment, ExperimentOutcome, curve, steps
from reference.formats import Array
from spec import rules as book
from spec.rule import UpdateRule

REDDI = "Reddi, Kale and Kumar 2018"
STEPS = 3000
RUNS, EARLY, LONG = 2048, 1000, 10_000
RARE, LARGE, USUAL = 0.01, 1010.0, -10.0


def _online(count: int, _: Array) -> Array:
    """Return the gradient of 3x at every third step, from the first, and of -x at the others."""
    return np.array([3.0 if count % 3 == 1 else -1.0])


def _run_online(rule: UpdateRule) -> list[float]:
    settings = {"beta1": 0.0, "beta2": 0.1, "epsilon": 0.0}
    rates = [0.5 / np.sqrt(count) for count in range(1, STEPS + 1)]
    return [float(after["theta"][0]) for after in steps(rule, settings, np.ones(1), _online, rates, (-1.0, 1.0))]


def online() -> ExperimentOutcome:
    """Run both rules on f_t(x) = 3x, -x, -x in turn over [-1, 1], whose best point is -1."""
    adam, amsgrad = (_run_online(book.build(name)) for name in ("adam", "amsgrad"))
    figures = {"Adam ends at": adam[-1], "AMSGrad ends at": amsgrad[-1]}
    seen = min(adam[-300:]) > 0.0 and max(amsgrad[-300:]) < -0.9
    return ExperimentOutcome(seen, figures, (curve("Adam", adam), curve("AMSGrad", amsgrad)))


def _run_stochastic(rule: UpdateRule) -> tuple[list[float], float]:
    generator = np.random.Generator(np.random.PCG64(2018))
    settings = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}

    def gradients(_: int, parameter: Array) -> Array:
        return np.where(generator.random(parameter.shape) < RARE, LARGE, USUAL)

    rates = [0.5 / np.sqrt(count) for count in range(1, LONG + 1)]
    run = steps(rule, settings, np.zeros(RUNS), gradients, rates, (-1.0, 1.0))
    means = []
    for after in run:
        ends = after["theta"]
        means.append(float(np.mean(ends)))
    return means, float(np.std(ends) / np.sqrt(RUNS))


def stochastic() -> ExperimentOutcome:
    """Run both rules on 1010x with probability 0.01 and -10x otherwise, over 2048 seeded runs at once."""
    (adam, _), (amsgrad, error) = (_run_stochastic(book.build(name)) for name in ("adam", "amsgrad"))
    early = EARLY - 1  # every run has met a large gradient by then
    figures = {
        "Adam at step 1000": adam[early],
        "Adam at step 10000": adam[-1],
        "AMSGrad at step 1000": amsgrad[early],
        "AMSGrad at step 10000": amsgrad[-1],
        "standard error": error,
    }
    seen = adam[-1] > adam[early] - 3 * error and amsgrad[-1] < amsgrad[early] - 3 * error
    return ExperimentOutcome(seen, figures, (curve("Adam, mean", adam), curve("AMSGrad, mean", amsgrad)))


EXPERIMENTS = (
    Experiment(
        "reddi/online",
        "On 3x, -x, -x in turn Adam ends at the worst point and AMSGrad at the best.",
        f"{REDDI}, theorem 1",
        ("step", "x, best at -1"),
        online,
    ),
    Experiment(
        "reddi/stochastic",
        "On 1010x at 1 % and -10x else Adam leaves the best point, AMSGrad not.",
        f"{REDDI}, section 5",
        ("step", "mean of x, best at -1"),
        stochastic,
    ),
)
