"""The standalone script of a finding on a function of the step count: optax and JAX, nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from conformance.schedules.cases import described, only
from conformance.schedules.subject import Failure


def script_optax(failure: Failure) -> str:
    """Return a script that asks the function for one count; it ends with status 1 while it fails."""
    case = failure.case
    node = described(only(case.node, failure.group), case.base[failure.group :])
    function = "jax.jit(schedule)" if case.compiled else "schedule"
    lines = [
        f'"""{case.node.entry.name}: {failure.quantity}."""', "", "import sys", "", "import jax",
        "import jax.numpy as jnp", "import optax", "", f"schedule = {_built(node)}",
        f"value = float({function}(jnp.asarray({int(failure.time)}, jnp.int32)))",
    ]  # fmt: skip
    if failure.error:
        return "\n".join([*lines, f"print('no longer raises {failure.error.partition(':')[0]}')", ""])
    lo, hi = failure.legal
    end = "float('inf')" if math.isinf(hi) else repr(hi)
    lines += [
        f"print(f'{{value!r}}; legal: from {lo!r} to {hi!r}')",
        f"sys.exit(not {lo!r} <= value <= {end})",
        "",
    ]
    return "\n".join(lines)


def _built(node: Mapping[str, Any]) -> str:
    given = []
    if "parts" in node:
        given.append(f"[{', '.join(_built(part) for part in node['parts'])}]")
    for name, value in node["keywords"].items():
        pairs = name == "boundaries_and_scales"
        given.append(f"{name}={dict(map(tuple, value)) if pairs else value!r}")
    return f"{node['target'].replace(':', '.')}({', '.join(given)})"
