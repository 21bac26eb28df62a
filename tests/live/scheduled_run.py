"""An optimizer under a scheduler, step by step against rule and schedule together.

Every step of a long run is judged from the state that the run itself was in before it: the lr is in
the schedule's enclosure, and parameter and moments are in the rule's for exactly that lr.  That is
an induction over the steps, in which nothing accumulates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from conformance.schedulers import enclosures as legal
from conformance.schedulers.cases import ScheduleCase, SchedulerNode, described
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session
from reference.formats import FLOAT32, Array
from reference.intervals.enclosure import StepEnclosure, as_intervals
from reference.profile import Profile
from spec import rules as book

ELEMENTS = 8
HYPERPARAMETERS = {"eta": 0.0, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "lambda": 0.1}
STATES = {"m": "exp_avg", "v": "exp_avg_sq"}


@dataclass(frozen=True)
class Together:
    """What a run showed: steps, values compared, and the first that was outside, in words."""

    steps: int
    values: int
    wrong: str = ""


def warmup_into_cosine(warmup: int, steps: int) -> SchedulerNode:
    """Return a linear warm-up of torch into a cosine, as people write it."""
    rise = SchedulerNode("torch.LinearLR", settings=({"start_factor": 1e-3, "end_factor": 1.0, "total_iters": warmup},))
    fall = SchedulerNode("torch.CosineAnnealingLR", settings=({"T_max": steps - warmup, "eta_min": 1e-5},))
    return SchedulerNode("torch.SequentialLR", parts=(rise, fall), milestones=(warmup,))


def gradients(steps: int, seed: int) -> list[Array]:
    """Return float32 gradients of several magnitudes, zeros among them."""
    random = np.random.default_rng(seed)
    scales = 10.0 ** random.integers(-6, 3, (steps + 1, ELEMENTS))
    drawn = random.standard_normal((steps + 1, ELEMENTS)) * scales * (random.random((steps + 1, ELEMENTS)) > 0.1)
    return list(drawn.astype(np.float32))


def train(
    session: Session, case: ScheduleCase, drawn: list[Array], rates: list[float] | None = None
) -> tuple[list[float], list[dict[str, Array]]]:
    """Train with AdamW in the worker; returns the lr of each step, and every state before and after.

    With ``rates`` no scheduler is built and the lr is set by hand.
    """
    header: dict[str, Any] = {
        "op": "train_scheduled",
        "dtype": "float32",
        "shape": [ELEMENTS],
        "states": list(STATES.values()),
        "rates": rates,
        "optimizer": {
            "target": "torch.optim:AdamW",
            "groups": [{"lr": case.base[0]}],
            "probe": False,
            "constructor": {"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.1, "foreach": False},
        },
        "scheduler": None if rates else described(case.node, case.base),
    }
    answer = session.request(header, [tensor.tobytes() for tensor in drawn])
    read = [np.frombuffer(buffer, np.float32) for buffer in answer.buffers]
    names = ("theta", *STATES)
    states = [dict(zip(names, read[i : i + 3], strict=True)) for i in range(0, len(read), 3)]
    zero: Array = np.zeros(ELEMENTS, np.float32)
    return answer.header["rates"], [{"theta": drawn[0], "m": zero, "v": zero}, *states]


def judge(session: Session, node: SchedulerNode, base: float, steps: int, seed: int = 0) -> Together:
    """Judge a run of AdamW under a scheduler for ``steps`` steps."""
    case, drawn = ScheduleCase(node, (base,), steps), gradients(steps, seed)
    rates, states = train(session, case, drawn)
    for step, (rate, number) in enumerate(zip(rates, legal.stepped(case, 0, steps), strict=True)):
        if not number.ball.contains(arb(rate)):
            return Together(step, step, f"the lr of step {step} is {rate!r}, outside {number.ball.str(17)}")
    _, by_hand = train(session, case, drawn, rates)
    for step, (mine, other) in enumerate(zip(states, by_hand, strict=True)):
        if any(not np.array_equal(mine[name], other[name]) for name in mine):
            return Together(step, step, f"step {step} differs from a run in which the lr is set by hand")
    return _steps(rates, states, drawn)


def _steps(rates: list[float], states: list[dict[str, Array]], drawn: list[Array]) -> Together:
    rule = book.build("adamw")
    item = next(item for item in CATALOGUE if item.identifier == "torch.AdamW")
    profile = Profile.from_mapping(item.path("single-tensor", "cpu").profile, item.rule)
    values = 0
    for step, rate in enumerate(rates):
        scalars: Mapping[str, float] = {**HYPERPARAMETERS, "eta": rate, "t": float(step + 1)}
        with np.errstate(all="ignore"):
            before = {**states[step], "gtilde_t": drawn[step + 1], "g": drawn[step + 1]}
            enclosed = StepEnclosure(rule, profile, FLOAT32, scalars)(as_intervals(before, FLOAT32))
        for name, after in states[step + 1].items():
            values += after.size
            if not enclosed[name].contains(after.astype(FLOAT32.work)).all():
                return Together(step, values, f"{name} of step {step + 1} is outside the rule's enclosure")
    return Together(len(rates), values)


def moments_without_schedule(session: Session, node: SchedulerNode, base: float, steps: int) -> bool:
    """Tell whether the moments of a scheduled run are, bit for bit, those of a constant lr."""
    case, drawn = ScheduleCase(node, (base,), steps), gradients(steps, 1)
    _, scheduled = train(session, case, drawn)
    _, constant = train(session, case, drawn, [base] * steps)
    return all(np.array_equal(a[k], b[k]) for a, b in zip(scheduled, constant, strict=True) for k in STATES)
