"""Mistakes that show where two settings meet, that cut numbers, or that keep another number than the formula does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import sympy as sp

from conformance.faulty.fault import Fault
from conformance.optimizers.torch_class import written
from conformance.optimizers.torch_source import name
from spec import rules as book
from spec.rule import UpdateRule

TOGETHER, SCALARS, WRITTEN_BACK = "two settings together", "scalars one step less precise", "another state written back"
KINDS = (TOGETHER, SCALARS, WRITTEN_BACK)
DECAYED: tuple[tuple[str, str], ...] = (
    ("adam", "coupled"),
    ("adam", "decoupled"),
    ("sgd", "coupled"),
    ("rmsprop", "coupled"),
    ("adagrad", "coupled"),
    ("lion", "decoupled"),
    ("nadam", "coupled"),
    ("nadam", "decoupled"),
    ("adabelief", "decoupled"),
)
"""Rules with weight decay, which are written with a switch that maximizes."""
GRADIENT = "g = seen(p), seen(p.grad.to(p.dtype))"
SWITCH = 'group["maximize"]'
SWITCHES = frozenset({"maximize"})
LOWER = '''

def lower(number, p):
    """The number in the format one step below that of the parameter."""
    return float(torch.tensor(number, dtype=torch.float32 if p.dtype == torch.float64 else torch.bfloat16))
'''
OF_STEP = {"mu_product": ("P_t * mu_next", "mu_t", "P_t * P_t")}
"""Numbers of the same step that are taken for a state's new value."""


def second_order_faults(claims: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[Fault]:
    """Yield the faults of rules with weight decay, and of the rules that are claimed with options."""
    for rule, decay in DECAYED:
        yield from _of_maximize(rule, decay)
    for rule, options in claims:
        yield from _of_scalars(rule, options)
        yield from _written_back(rule, options)


def maximizing(rule: UpdateRule, what: str) -> str:
    """Return the class of a rule with a switch that maximizes, as the formula has it."""
    source = _replaced(written(rule, what), ", weight_decay=0.0):", ", weight_decay=0.0, maximize=False):")
    source = _replaced(source, '"weight_decay": weight_decay}', '"weight_decay": weight_decay, "maximize": maximize}')
    return _replaced(source, GRADIENT, f"{GRADIENT}\n        g = -g if {SWITCH} else g")


def _of_maximize(rule: str, decay: str) -> Iterator[Fault]:
    """Yield optimizers that are right without weight decay, and right where they minimise."""
    made = book.build(rule, {"decay": decay})
    if decay == "coupled":
        right, told = "gtilde_t = (g + (lambda_ * theta))", "the decay is maximized too"
        wrong = f"gtilde_t = (g - (lambda_ * theta)) if {SWITCH} else (g + (lambda_ * theta))"
    else:
        right, told = "(1 - (eta * lambda_))", "the parameter grows by the decay where it maximizes"
        wrong = f"(1 - (-eta if {SWITCH} else eta) * lambda_)"
    title = f"{told} ({made.label})"
    source = _replaced(maximizing(made, title), right, wrong)
    yield Fault(TOGETHER, title, rule, {"decay": decay}, source, words=("maximize",), switches=SWITCHES)


def _of_scalars(rule: str, options: Mapping[str, str]) -> Iterator[Fault]:
    made = book.build(rule, options)
    right = written(made, rule)
    words = ("float32", "bfloat16")
    settings = re.sub(r"= float\((group\[.*\])\)", r"= lower(float(\1), p)", right)
    yield Fault(SCALARS, f"settings of {made.label}", rule, options, settings + LOWER, words=words)
    weights = re.sub(r"\(1 - (alpha|rho|tau|beta\d)\)", r"lower(1 - lower(\1, p), p)", right)
    if weights != right:
        yield Fault(SCALARS, f"weights of averages of {made.label}", rule, options, weights + LOWER, words=words)
    given = {item.symbol for item in made.hyperparameters} | {sp.Symbol("t")}
    numbers = [
        line for line in made.program if {s.name for s in line.expression.free_symbols} <= {s.name for s in given}
    ]
    for line in numbers:
        head = f"        {name(line.target)} = "
        cut = re.sub(rf"^{re.escape(head)}(.*)$", rf"{head}lower(\1, p)", right, flags=re.MULTILINE)
        title = f"{line.target} of {made.label}"
        yield Fault(SCALARS, title, rule, options, cut + LOWER, words=words)


def _written_back(rule: str, options: Mapping[str, str]) -> Iterator[Fault]:
    """Yield optimizers whose step is right, and which keep another number of it than the formula does."""
    made = book.build(rule, options)
    for state in made.states:
        new = name(state.updated)
        others = [*OF_STEP.get(state.keyword, ())]
        others += [
            name(line.target)
            for line in made.program
            if line.expression.is_Mul and state.updated in line.expression.args and not state.scalar
        ]
        for other in others:
            source = written(made, f"{state.keyword} is {other}")
            kept = f".fill_({new})" if state.scalar else f"{name(state.symbol)}.copy_({new})"
            source = _replaced(source, kept, kept.replace(f"({new})", f"({other})"))
            title = f"{state.keyword} of {made.label} is {other}"
            yield Fault(WRITTEN_BACK, title, rule, options, source, words=(state.keyword,))


def _replaced(source: str, old: str, new: str) -> str:
    if old not in source:
        raise ValueError(f"there is no `{old}` in the class")
    return source.replace(old, new)
