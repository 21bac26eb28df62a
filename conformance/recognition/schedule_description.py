"""What the worker says of an unknown scheduler: its arguments, and how the thing is driven that it makes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.recognition import schedule_names as names
from conformance.recognition.constructor import NotJudgeableError
from conformance.schedulers.cases import header_of_optimizer
from impls.catalogue.scheduler_entries import TORCH
from impls.session import Session

LONG, SHORT, SHARE = 24, 6, 0.5
GUESSES: tuple[Any, ...] = (SHORT, SHARE, [2, 5], "function", "scheduler")
"""What a required argument may be, of which the name says nothing."""
FUNCTION, SCHEDULER = "function", "scheduler"
MOST_CALLS = 200
METRIC = "metric"
"""How the worker calls a scheduler of torch's kind whose step takes a metric."""
IDENTITY = {"target": "torch.optim.lr_scheduler:ConstantLR", "keywords": {"factor": 1.0, "total_iters": 1}}


@dataclass(frozen=True)
class Argument:
    """An argument of a constructor: ``default`` is what JSON knows of it, where it has one."""

    name: str
    required: bool
    default: Any = None


@dataclass(frozen=True)
class Description:
    """How a target is called and driven; ``given`` are arguments with which a trial was built."""

    target: str
    known_as: str
    arguments: tuple[Argument, ...]
    interface: str = TORCH
    takes_optimizer: bool = True
    of_step: str = ""
    metric: str = ""
    takes_epoch: bool = False
    lacks: tuple[str, ...] = ()
    keywords: bool = False
    """Whether it takes any keyword."""
    given: Mapping[str, Any] = field(default_factory=dict)


def described(target: str, session: Session) -> Description:
    """Return the description of a target.

    Raises ``NotJudgeableError`` for one that no trial can build, with what the nearest trial said.
    """
    answer = session.request({"op": "describe_schedule", "target": target}).header
    known = answer["parameters"]
    if not answer["callable"] or known is None:
        raise NotJudgeableError(
            f"`{target}` cannot be judged: it is no class and no function whose arguments can be read; "
            "name a scheduler, a function that makes one, or a function of the step"
        )
    anything = any(item["kind"] == "var_keyword" for item in known)
    plain = [item for item in known if not item["kind"].startswith("var_")]
    said = []
    for optimizer, step, arguments in _ways(plain):
        if not optimizer and not arguments and not step:
            continue
        for given in itertools.islice(_calls(arguments), MOST_CALLS):
            trial = session.request(_request(target, given, optimizer=optimizer, step=step)).header
            if trial["failed"]:
                said.append(trial["failed"])
                continue
            lacks = [*trial["lacks"]]
            if not any(item["name"] == "last_epoch" for item in plain):
                lacks.append("argument last_epoch")
            return Description(
                target,
                answer["known_as"],
                tuple(a for a in arguments if a.name not in names.PLUMBING),
                TORCH if trial["interface"] == METRIC else trial["interface"],
                optimizer,
                step,
                trial.get("metric", ""),
                trial.get("takes_epoch", False),
                tuple(lacks),
                anything,
                given,
            )
    first = said[0] if said else "there is nothing to call it with"
    raise NotJudgeableError(
        f"`{target}` cannot be judged: no trial could build it: {first}; name a scheduler, a function that makes "
        "one of an optimizer, or a function of the step"
    )


def _ways(plain: list[Mapping[str, Any]]) -> Iterator[tuple[bool, str, tuple[Argument, ...]]]:
    """Yield ways to call: whether an optimizer comes first, which argument is the step, and the others."""
    every = tuple(Argument(i["name"], "default" not in i, i.get("default")) for i in plain)
    first = every[0].name if every else ""
    step = next((a.name for a in every if a.name in names.STEPS and a.required), "")
    without = (False, "", every)
    if first in names.OPTIMIZERS:
        yield True, "", every[1:]
        return
    if step:
        yield False, step, tuple(a for a in every if a.name != step)
    if first in names.SCHEDULERS or first in names.RATES:
        yield without
    if every:
        yield True, "", every[1:]
    yield without


def _calls(arguments: tuple[Argument, ...]) -> Iterator[dict[str, Any]]:
    """Yield values for the arguments that must be given, the likeliest first."""
    required = [a.name for a in arguments if a.required]
    choices = [_guesses(name) for name in required]
    left_open = [a.name for a in arguments if not a.required and a.default is None]
    more = [{}, *({name: LONG} for name in sorted(left_open, key=lambda name: name not in names.WHOLE))]
    made = itertools.product(range(len(more)), *(range(len(c)) for c in choices))
    for extra, *places in sorted(made, key=lambda at: (sum(at), at)):
        yield {**{name: choice[i] for name, choice, i in zip(required, choices, places, strict=True)}, **more[extra]}


def _guesses(name: str) -> tuple[Any, ...]:
    likely: list[Any] = []
    if name in names.SCHEDULERS:
        likely.append(SCHEDULER)
    if name in names.TABLES:
        likely.append(FUNCTION)
    if name in names.WHOLE:
        likely.append(LONG)
    if name in names.RATES or name in names.SHARES or name in names.LOWEST:
        likely.append(SHARE)
    if name in names.MILESTONES:
        likely.append([2, 5])
    return (*likely, *(guess for guess in GUESSES if guess not in likely))


def _request(target: str, given: Mapping[str, Any], *, optimizer: bool, step: str) -> dict[str, Any]:
    keywords = {name: value for name, value in given.items() if value not in (FUNCTION, SCHEDULER)}
    wraps = {name: IDENTITY for name, value in given.items() if value == SCHEDULER}
    tables = {name: [[1.0] * 8] for name, value in given.items() if value == FUNCTION}
    node: dict[str, Any] = {"target": target, "keywords": keywords, "tables": tables, "wraps": wraps}
    node |= {"takes_optimizer": optimizer, "of_step": step}
    return {
        "op": "drive_schedule",
        "takes_optimizer": optimizer,
        "wrapped": bool(wraps or tables or step),
        "optimizer": header_of_optimizer((SHARE,)),
        "scheduler": node,
    }
