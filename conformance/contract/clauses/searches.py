"""Clauses about optimizers that call the function themselves, several times a step."""

from __future__ import annotations

import itertools
from typing import Any

from conformance.contract.arguments import each, once
from conformance.contract.clause import Clause
from conformance.contract.iterates import FROM_START, FromStart, Iterates
from conformance.engine.verdict import Level
from reference.lbfgs.problems import PROBLEMS

TITLE = "Searches, which call the function themselves"

ENOUGH = 1000
NOCEDAL = "Nocedal 1980; Nocedal and Wright 2006, chapters 3 and 7"
WOLFE = "Nocedal and Wright 2006, equation 3.7a: sufficient decrease"
TORCH = "torch, torch.optim.LBFGS"
SEARCHED: dict[str, Any] = {"line_search_fn": "strong_wolfe"}
STARTS = {name: list(problem.start) for name, problem in PROBLEMS.items()}


def _run(problem: str, *, steps: int, start: list[float] | None = None, **settings: object) -> dict[str, object]:
    begun = STARTS[problem] if start is None else start
    return {"problem": problem, "start": begun, "settings": {"lr": 1.0, **settings}, "steps": steps}


COURSES = tuple(
    _run(problem, steps=steps, lr=lr, max_iter=iterations, max_eval=ENOUGH, line_search_fn=line_search)
    | {"iterations": iterations}
    for problem, line_search, (lr, iterations, steps) in itertools.product(
        STARTS, (None, "strong_wolfe"), ((1.0, 20, 4), (0.25, 1, 40))
    )
)
HARDLY_LOWER = _run("skewed", start=[1.0], steps=2, lr=3.0, max_iter=2, **SEARCHED) | {"iterations": 2}
"""A first trial that is lower by less than a sufficient decrease, where the slope is flat enough."""
REFUSED = (
    ("lr", -1.0),
    ("lr", float("nan")),
    ("history_size", 0),
    ("history_size", -1),
    ("max_iter", 0),
    ("tolerance_change", float("nan")),
    ("line_search_fn", "armijo"),
)
CLAUSES = (
    Iterates(
        "search/iterates",
        "Every point it visits follows from what it saw and kept, as the formula says.",
        NOCEDAL,
        "searches.course",
        each(*COURSES, HARDLY_LOWER),
        searching=True,
    ),
    FromStart(
        FROM_START,
        "It visits the reference's points as far as the propagated enclosure decides.",
        NOCEDAL,
        "searches.course",
        once(*COURSES),
        searching=True,
    ),
    Clause(
        "search/descends",
        "With a line search no step ends higher than it began.",
        WOLFE,
        "searches.descends",
        each(
            *(_run(problem, steps=5, **SEARCHED) for problem in STARTS),
            _run("barrier", start=[3.0], steps=2, lr=10.0, **SEARCHED),
            _run("steep", start=[1.0], steps=2, lr=100.0, **SEARCHED),
        ),
        searching=True,
    ),
    Clause(
        "search/moves",
        "With a line search a step from a point that is not stationary moves, however few its evaluations.",
        WOLFE,
        "searches.moves",
        each(*(_run("quadratic", start=[3.0], steps=1, lr=4.0, max_iter=most, **SEARCHED) for most in (1, 2, 20))),
        searching=True,
    ),
    Clause(
        "search/evaluations",
        "A step calls the closure no more often than max_eval says.",
        f"{TORCH}: max_eval is the maximal number of function evaluations per step",
        "searches.evaluations",
        each(
            *(
                _run("rosenbrock", steps=4, max_eval=most, line_search_fn=search)
                for most in (1, 2, 3, 5, 25)
                for search in (None, "strong_wolfe")
            )
        ),
        searching=True,
    ),
    Clause(
        "search/one-by-one",
        "Iterations of one step visit the points of steps of one iteration.",
        f"{TORCH}: a step makes max_iter iterations",
        "searches.one_by_one",
        each(
            *(
                _run(problem, steps=8, max_eval=ENOUGH, line_search_fn=search)
                for problem in STARTS
                for search in (None, "strong_wolfe")
            )
        ),
        searching=True,
    ),
    Clause(
        "search/pieces",
        "A parameter in pieces is minimised as in one.",
        f"{TORCH}: all parameters are one vector",
        "searches.pieces",
        each(
            _run("quadratic", steps=3, **SEARCHED) | {"pieces": [2, 1, 3]},
            _run("rosenbrock", steps=3) | {"pieces": [1, 1]},
        ),
        searching=True,
    ),
    Clause(
        "search/gradient-layout",
        "A gradient whose memory is laid out otherwise does the same.",
        "torch, tensor views: strides are not values",
        "searches.gradient_layout",
        once({"settings": {"lr": 0.5}}),
        searching=True,
    ),
    Clause(
        "search/resumed",
        "Saved after a step and loaded into a fresh optimizer, the search goes on as it did.",
        "torch, saving and loading a general checkpoint",
        "searches.resumed",
        each(
            *(
                _run("rosenbrock", steps=1, max_iter=4, line_search_fn=search) | {"through": through}
                for search in (None, "strong_wolfe")
                for through in ("state_dict", "deepcopy", "torch.save")
            )
        ),
        searching=True,
    ),
    Clause(
        "search/refused",
        "A value without meaning is refused with a ValueError when the optimizer is made.",
        f"{TORCH}: lr is refused below zero",
        "searches.refused",
        once({"values": [list(pair) for pair in REFUSED]}),
        level=Level.SHOULD,
        searching=True,
    ),
    Clause(
        "search/closure",
        "The closure runs with gradients enabled, and the first loss of a step is returned.",
        "torch, Optimizer.step: a closure that reevaluates the model and returns the loss",
        "searches.closure_called",
        each(_run("rosenbrock", steps=1, **SEARCHED), _run("rosenbrock", steps=1)),
        searching=True,
    ),
)
