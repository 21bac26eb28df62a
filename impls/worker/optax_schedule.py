"""Runs functions of the step count as optax does: `optax.sgd` takes the learning rate from them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
import optax

from .failures import RequestError, phase
from .serialisation import from_pickle, to_pickle
from .target import resolve

Answer = dict[str, Any]


def built(node: dict[str, Any]) -> Any:
    """Schedules that are joined are built first; boundaries and scales come in pairs."""
    keywords = {name: dict(value) if _pairs(value) else value for name, value in node["keywords"].items()}
    parts = [[built(part) for part in node["parts"]]] if "parts" in node else []
    with phase("construct"):
        return resolve(node["target"])(*parts, **keywords)


def _pairs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, list) and len(one) == 2 for one in value)


@dataclass
class Run:
    """A transformation under a schedule, its state, and what it used so far."""

    schedule: Any
    compiled: bool
    used: list[float] = field(default_factory=list)
    transformation: Any = None
    state: Any = None
    gradient: Any = None

    def build(self) -> None:
        """The parameter is 0 and every gradient 1, so that the update is the learning rate."""
        made = optax.sgd(self.schedule)
        update = jax.jit(made.update) if self.compiled else made.update
        self.transformation = optax.GradientTransformation(made.init, update)
        self.gradient = jnp.ones((), jnp.float32)
        self.state = made.init(jnp.zeros((), jnp.float32))

    def update(self, *, read: bool) -> None:
        """One step of the optimizer moves the count; reading it again leaves the count alone."""
        with phase("step"):
            change, following = self.transformation.update(self.gradient, self.state)
            rate = -float(np.float64(change))
        if read:
            self.used.append(rate)
        else:
            self.state = following

    def act(self, name: str, given: Any) -> None:
        """The actions are those of the schedulers of torch, as far as a function has them."""
        if name == "run":
            for _ in range(given):
                with phase("step"):
                    change, self.state = self.transformation.update(self.gradient, self.state)
                    self.used.append(-float(np.float64(change)))
        elif name == "skip":
            for _ in range(given):
                self.update(read=False)
        elif name == "read":
            self.update(read=True)
        elif name == "epochs":
            with phase("step"):
                self.used += [float(np.float64(self.schedule(jnp.asarray(int(at), jnp.int32)))) for at in given]
        elif name == "save":
            with phase("save"):
                kept = to_pickle(jax.tree.map(np.asarray, self.state))
            self.build()
            with phase("load"):
                self.state = jax.tree.map(jnp.asarray, from_pickle(kept))
        else:
            raise RequestError(f"there is no action {name!r} on a function of the count")


def run(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[Answer, list[bytes]]:
    """Every learning rate is a schedule of its own; the actions run for each."""
    runs = [Run(built(node), header["compiled"]) for node in header["schedules"]]
    for one in runs:
        one.build()
        for name, *given in header["actions"]:
            one.act(name, given[0] if given else None)
    used = [list(reading) for reading in zip(*(one.used for one in runs))]
    return {"used": used, "group": used, "last": [], "momentum": [], "notes": {}}, []
