"""A function of the count that is a schedule until it is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def late_once_compiled(init_value: float, decay_rate: float, transition_steps: int) -> Callable[[Any], Any]:
    """An exponential decay, which is one step late where the count is traced."""

    def schedule(count: Any) -> Any:
        late = 1 if isinstance(count, jax.core.Tracer) else 0
        return init_value * decay_rate ** ((count - late) / transition_steps)

    return schedule
