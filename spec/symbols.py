"""Symbols that every update rule shares, with the field's letters."""

from __future__ import annotations

import sympy as sp

from spec.rule import NONNEGATIVE, Hyperparameter, State

t = sp.Symbol("t", integer=True, positive=True)
"""The step count, from 1."""

g = sp.Symbol("g", real=True)
"""The gradient as the implementation is given it."""

gradient_t = sp.Symbol("gtilde_t", real=True)
"""The gradient that the rule uses: after maximize and coupled decay."""

theta = sp.Symbol("theta", real=True)
theta_t = sp.Symbol("theta_t", real=True)
PARAMETER = State(theta, theta_t, "parameter", "parameter", degree=0)

lr = sp.Symbol("eta", nonnegative=True)
lr_t = sp.Symbol("eta_t", nonnegative=True)
"""The learning rate of a step, where a rule changes it."""
first_lr = sp.Symbol("eta_1", positive=True)
"""The first learning rate of a run that is not 0: today's where nothing changed it, and 1 where there was none."""
LEARNING_RATE = Hyperparameter(lr, "lr", 1e-3, NONNEGATIVE, "learning rate")

weight_decay = sp.Symbol("lambda", nonnegative=True)
WEIGHT_DECAY = Hyperparameter(weight_decay, "weight_decay", 0.0, NONNEGATIVE, "weight decay")
