"""The standalone script of a finding on a function of the step count: optax and JAX, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.engine.script_builder import Target, arguments, assembled, compared, raising, target
from conformance.schedulers.cases import described, only
from conformance.schedulers.subject import WrongReading


def script_optax(failure: WrongReading, title: str, formula: Sequence[str]) -> str:
    """Return a script that asks the function for one count."""
    case = failure.case
    node = described(only(case.node, failure.group), case.base[failure.group :])
    targets: dict[str, Target] = {}
    function = "jax.jit(schedule)" if case.compiled else "schedule"
    built = f"schedule = {_built(node, targets)}"
    value = f"float({function}(jnp.asarray({int(failure.time)}, jnp.int32)))"
    if failure.error:
        body = raising([built, f"value = {value}"], failure.error, failure.expected)
    else:
        body = [built, *formula, *compared(failure.quantity, value, failure.legal)]
    return assembled(title, body, targets.values())


def _built(node: Mapping[str, Any], targets: dict[str, Target]) -> str:
    parts = [f"[{', '.join(_built(part, targets) for part in node['parts'])}]"] if "parts" in node else []
    settings = dict(node["keywords"])
    if isinstance(settings.get("boundaries_and_scales"), list):
        settings["boundaries_and_scales"] = dict(settings["boundaries_and_scales"])
    called = targets.setdefault(node["target"], target(node["target"]))
    return f"{called.name}({arguments(*parts, **settings)})"
