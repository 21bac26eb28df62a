"""The two moments of Adam's family: symbols, states, hyperparameters, and the lines that use them."""

from __future__ import annotations

import dataclasses

import sympy as sp

from spec.family import Option
from spec.lines.assignments import decayed, decoupled_decay, moving_average, moving_average_of_square, weighted_average
from spec.rule import NONNEGATIVE, UNIT, Assignment, Cast, Expm1, Form, Hyperparameter, Log1p, State
from spec.symbols import lr, t, theta, theta_t, weight_decay

m, m_t, mhat_t = sp.symbols("m m_t mhat_t", real=True)
v, v_t, vhat_t, x, x_t, d_t = sp.symbols("v v_t vhat_t x x_t d_t", nonnegative=True)
beta1, beta2, epsilon = sp.symbols("beta1 beta2 epsilon", nonnegative=True)
c1, c2, w1, w2 = sp.symbols("c1 c2 w1 w2", positive=True)

BETA1 = Hyperparameter(beta1, "betas[0]", 0.9, UNIT, "decay rate of the first moment")
BETA2 = Hyperparameter(beta2, "betas[1]", 0.999, UNIT, "decay rate of the second moment")
EPSILON = Hyperparameter(epsilon, "eps", 1e-8, NONNEGATIVE, "keeps the denominator from zero")
FIRST = State(m, m_t, "exp_avg", "first moment", degree=1)
SECOND = State(v, v_t, "exp_avg_sq", "second moment", degree=2)
MAXIMUM = State(x, x_t, "max_exp_avg_sq", "largest second moment so far", degree=2)
EPSILON_PLACES = Option(
    "epsilon",
    {
        "outside": "beside the root of the corrected v: Kingma and Ba 2015, Algorithm 1, torch, optax",
        "before_correction": "beside the root of v: Kingma and Ba 2015, section 2, Keras, TensorFlow",
        "inside": "under the root of the corrected v: optax eps_root",
        "floor": "the smallest denominator: heavyball",
    },
)


def averages(gradient: sp.Symbol) -> list[Assignment]:
    """Return the moving averages of the gradient and of its square."""
    return [
        moving_average("first moment", m_t, m, beta1, gradient),
        moving_average_of_square("second moment", v_t, v, beta2, gradient),
    ]


def corrected_averages(gradient: sp.Symbol) -> list[Assignment]:
    """Return averages that are kept corrected: a value enters by its share of all weights so far."""
    average = weighted_average("first moment", m_t, m, w1, gradient)
    square = weighted_average("second moment", v_t, v, w2, gradient**2)
    weight_first = Form("weight first", (1 - w2) * v + sp.UnevaluatedExpr(w2 * gradient) * gradient)
    square = dataclasses.replace(square, forms=(weight_first, *square.forms))
    return [
        Assignment("first share", w1, _share(beta1)),
        Assignment("second share", w2, _share(beta2)),
        dataclasses.replace(average, forms=_of_shares(average, w1, beta1)),
        dataclasses.replace(square, forms=_of_shares(square, w2, beta2)),
    ]


def _share(beta: sp.Symbol) -> sp.Expr:
    return (1 - beta) / (1 - beta**t)


def _of_shares(average: Assignment, share: sp.Symbol, beta: sp.Symbol) -> tuple[Form, ...]:
    """Return the forms of an average by a share.

    The share may be what a rate leaves of 1, which is computed first: as 1 minus the share, with powers or with expm1
    and log1p (heavyball), or as a quotient of its own (optimi).
    """
    forms = [dataclasses.replace(form, when=form.when.subs(share, _share(beta))) for form in average.forms]
    rates = {
        "share left over": (1 - share, sp.true),
        "share left over, by expm1": (1 - (1 - beta) / -Expm1(t * Log1p(beta - 1)), beta > 0),
        "share left over, by its own quotient": ((beta**t - beta) / (beta**t - 1), sp.true),
    }
    kept = [Form("", average.expression), *(form for form in forms if form.name in {"lerp", "weight first"})]
    return (*forms, *(_by_rate(name, form, share, *rate) for name, rate in rates.items() for form in kept))


def _by_rate(name: str, form: Form, share: sp.Symbol, rate: sp.Expr, when: sp.Basic) -> Form:
    """Return a form in which the share is what a ``rate`` leaves of 1."""
    left = sp.UnevaluatedExpr(1 - sp.UnevaluatedExpr(rate))
    return Form(name, form.expression.subs(share, left), sp.And(form.when, when))


def corrections() -> list[Assignment]:
    """Return what the moments must be divided by to have weights that sum to one."""
    return [
        Assignment("first bias correction", c1, 1 - beta1**t),
        Assignment("second bias correction", c2, 1 - beta2**t),
    ]


def _corrected(name: str, target: sp.Symbol, moment: sp.Symbol, correction: sp.Symbol) -> Assignment:
    reciprocal = Form("reciprocal correction", moment * sp.UnevaluatedExpr(1 / Cast(correction)))
    return Assignment(name, target, moment / correction, (reciprocal,))


def corrected_moments(amsgrad: str = "no") -> list[Assignment]:
    """Return the corrected moments; ``amsgrad`` takes the largest ``raw`` or ``corrected`` one."""
    first = _corrected("corrected first moment", mhat_t, m_t, c1)
    second = _corrected("corrected second moment", vhat_t, v_t, c2)
    if amsgrad == "raw":
        compared = Form("by comparison", sp.Piecewise((v_t, v_t >= x), (x, True)), by_name=True)
        largest = Assignment("maximum", x_t, sp.Max(x, v_t, evaluate=False), (compared,))
        return [first, largest, _corrected("corrected second moment", vhat_t, x_t, c2)]
    if amsgrad == "corrected":
        return [first, second, Assignment("maximum", x_t, sp.Max(x, vhat_t, evaluate=False))]
    return [first, second]


def denominator(place: str, amsgrad: str = "no") -> Assignment:
    """Return the root of the second moment with epsilon at its place."""
    corrected = x_t if amsgrad == "corrected" else vhat_t
    raw = v_t if amsgrad == "no" else x_t
    expression = {
        "outside": sp.sqrt(corrected) + epsilon,
        "before_correction": (sp.sqrt(raw) + epsilon) / sp.sqrt(c2),
        "inside": sp.sqrt(corrected + epsilon),
        "floor": sp.Max(sp.sqrt(corrected), epsilon, evaluate=False),
    }[place]
    root_first = Form("root first", sp.sqrt(raw) / sp.sqrt(c2) + epsilon)
    equal = place == "outside" and amsgrad != "corrected"
    return Assignment("denominator", d_t, expression, (root_first,) if equal else ())


def decayed_parameter(decay: str) -> tuple[list[Assignment], sp.Symbol]:
    """Return the line of decoupled decay, if it is chosen, and the parameter to update."""
    return ([decoupled_decay()], decayed) if decay == "decoupled" else ([], theta)


def size_below(parameter: sp.Symbol, raw: sp.Symbol) -> tuple[Form, ...]:
    """Return the forms that divide the denominator by the step size; there is no such step of 0."""
    size = sp.UnevaluatedExpr(-lr * sp.UnevaluatedExpr(1 / c1))
    root = sp.sqrt(raw) / sp.UnevaluatedExpr(sp.sqrt(c2) * size)
    step = parameter + m_t / (root + sp.UnevaluatedExpr(epsilon * sp.UnevaluatedExpr(1 / size)))
    still = Form("no step at a rate of zero", parameter, sp.Eq(lr, 0), by_name=True)
    return (*only_above_zero("step size below", step), still)


def only_above_zero(name: str, step: sp.Expr) -> tuple[Form, ...]:
    """Return a form that divides by the learning rate: legal above 0, at 0 where a deviation says so."""
    return Form(name, step, lr > 0), Form(f"zero {name}", step, sp.Eq(lr, 0), by_name=True)


def update(parameter: sp.Symbol, *further: Form) -> Assignment:
    """Return the step along the corrected first moment over the denominator."""
    step_size_first = parameter - sp.UnevaluatedExpr(lr / c1) * m_t / d_t
    reciprocal = Form("reciprocal", parameter - lr * mhat_t * sp.UnevaluatedExpr(1 / d_t))
    forms: tuple[Form, ...] = (Form("step size first", step_size_first), reciprocal, *further)
    forms += decay_inside(parameter, mhat_t / d_t)
    return Assignment("update", theta_t, parameter - lr * mhat_t / d_t, forms)


def step_along(parameter: sp.Symbol) -> Assignment:
    """Return the step along an average that is kept corrected, over the denominator."""
    reciprocal = Form("reciprocal", parameter - lr * m_t * sp.UnevaluatedExpr(1 / d_t))
    forms = (reciprocal, *decay_inside(parameter, m_t / d_t))
    return Assignment("update", theta_t, parameter - lr * m_t / d_t, forms)


def decay_inside(parameter: sp.Symbol, step: sp.Expr) -> tuple[Form, ...]:
    """Return the form that adds decoupled decay, where there is any, to the step: optax."""
    return (Form("decay inside", theta - lr * (step + weight_decay * theta)),) if parameter == decayed else ()
