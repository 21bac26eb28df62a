"""Yogi: a second moment that changes by no more than (1 - beta2)*g^2 at a step."""

from __future__ import annotations

import sympy as sp

from spec import rule_claims as claim
from spec.family import Citation, Family, FormulaClaim, Option
from spec.lines import assignments as lines
from spec.lines import moments
from spec.lines.moments import beta1, beta2, c1, d_t, epsilon, m, m_t, v, v_t
from spec.rule import NONNEGATIVE, Assignment, Form, Hyperparameter, State, UpdateRule, with_default
from spec.rules.adam import adam
from spec.symbols import LEARNING_RATE, PARAMETER, g, lr, t, theta_t

first_value = sp.Symbol("v0", nonnegative=True)
FIRST_VALUE = Hyperparameter(first_value, "initial_accumulator", 1e-6, NONNEGATIVE, "first value of m and v")
HYPERPARAMETERS = (with_default(LEARNING_RATE, 1e-2), moments.BETA1, moments.BETA2, with_default(moments.EPSILON, 1e-3))
OPTIONS = (
    Option(
        "start",
        {
            "zero": "m and v start at 0: Zaheer et al. 2018, Algorithm 2",
            "constant": "at a small number: optax, pytorch_optimizer, TensorFlow Addons",
            "first_batch": "v at the square of a first gradient: section 5 of the paper",
        },
    ),
    Option("correction", {"none": "no bias correction: the paper", "both": "optax, pytorch_optimizer"}),
    Option("form", {"sign": "the paper", "additive": "without the sign: Adam's second moment"}),
    lines.DECAY,
    lines.MAXIMIZE,
)


def yogi(
    start: str = "zero", correction: str = "none", form: str = "sign", decay: str = "none", maximize: str = "no"
) -> UpdateRule:
    """Build Yogi's program for one choice of its options."""
    program, gradient = lines.used_gradient(maximize=maximize, coupled=decay == "coupled")
    shrunk, parameter = moments.decayed_parameter(decay)
    change = sp.sign(v - gradient**2) * gradient**2 if form == "sign" else v - gradient**2
    second = v - (1 - beta2) * change
    if start == "first_batch":
        second = sp.Piecewise((gradient**2, sp.Eq(t, 1)), (second, True))
    forms = _averages(gradient) if form == "additive" and start != "first_batch" else ()
    program += [
        lines.moving_average("first moment", m_t, m, beta1, gradient),
        Assignment("second moment", v_t, second, forms),
    ]
    if correction == "both":
        program += [*moments.corrections(), *moments.corrected_moments()]
        program += [moments.denominator("outside"), *shrunk, moments.update(parameter)]
    else:
        program += [
            Assignment("denominator", d_t, sp.sqrt(v_t) + epsilon),
            *shrunk,
            Assignment("update", theta_t, parameter - lr * m_t / d_t),
        ]
    initial = FIRST_VALUE.symbol if start == "constant" else sp.S.Zero
    states = (
        State(m, m_t, "exp_avg", "first moment", 1, initial),
        State(v, v_t, "exp_avg_sq", "second moment", 2, initial),
    )
    chosen = {"start": start, "correction": correction, "form": form, "decay": decay, "maximize": maximize}
    used = (*HYPERPARAMETERS, *((FIRST_VALUE,) if start == "constant" else ()))
    return UpdateRule("yogi", chosen, PARAMETER, states, lines.with_decay(decay, *used), tuple(program))


def _averages(gradient: sp.Symbol) -> tuple[Form, ...]:
    """Return the forms of a second moment without the sign: those of a moving average of the square."""
    average = lines.moving_average_of_square("second moment", v_t, v, beta2, gradient)
    return (Form("moving average", average.expression), *average.forms)


ZAHEER = "Zaheer et al. 2018, section 4"
PLAIN, ADDITIVE = yogi(), yogi(form="additive", correction="both")


def claims() -> tuple[FormulaClaim, ...]:
    """Return what is claimed of it."""
    return (
        claim.same_step(
            "form/additive-is-adam", "Without the sign Yogi's second moment is Adam's.", ZAHEER, ADDITIVE, adam(), {}
        ),
        claim.holds(
            "second-moment/change",
            "The second moment changes by (1 - beta2)*g^2, up or down.",
            ZAHEER,
            "substitution of both signs",
            sp.Matrix([PLAIN.composed(v_t).subs(v, g**2 + c1), PLAIN.composed(v_t).subs(v, 0)]),
            sp.Matrix([g**2 + c1 - (1 - beta2) * g**2, (1 - beta2) * g**2]),
        ),
        claim.decoupled(yogi(decay="decoupled")),
        claim.coupled(yogi(decay="coupled", form="additive"), "Loshchilov and Hutter 2019"),
    )


FAMILY = Family(
    "yogi",
    "Yogi",
    Citation(
        "M. Zaheer, S. Reddi, D. Sachan, S. Kale and S. Kumar",
        2018,
        "Adaptive methods for nonconvex optimization",
        "NeurIPS 31",
        "Algorithm 2",
    ),
    OPTIONS,
    yogi,
    claims,
)
