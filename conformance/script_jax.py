"""The standalone script of a finding in a gradient transformation: JAX and its library alone."""

from __future__ import annotations

from conformance.agreement import Outside
from conformance.subject import Prepared, WorkerSubject, prepare


def script_of_transformation(subject: WorkerSubject, failure: Outside) -> str:
    """Return a script that makes the step of one tensor and shows the value beside what is legal."""
    rule = subject.rules[failure.case.switches]
    prepared = prepare(failure.case, rule, subject.storage)
    header = subject.request(failure.case, prepared, every=False)
    item = prepared[failure.tensor]
    module, _, name = subject.implementation.target.rpartition(":")
    jit = bool(header["constructor"].get("jit"))
    settings = {k: v for k, v in header["constructor"].items() if k != "jit"}
    settings |= header["groups"][item.group]["options"]
    lines = [
        f'"""{subject.implementation.identifier}, {subject.path.name}: {failure.quantity}."""',
        "",
        "import sys",
        "",
        "import jax",
        "import jax.numpy as jnp",
        f"import {module}",
        "import optax",
        "",
        f"jax.config.update('jax_enable_x64', {subject.storage.name == 'float64'})",
        f"dtype = jnp.{subject.storage.name}",
        f"settings = {settings!r}",
        f"p = {_values(item.values[rule.parameter.symbol.name], item.shape)}",
        f"state = {module}.{name}(**settings).init(p)",
        *_loaded(subject, failure, item),
    ]
    for step in range(failure.step + 1):
        changes = header["steps"][step].get("options", [])[item.group : item.group + 1]
        lines += [f"settings |= {options!r}" for options in changes]
        lines += _step(f"{module}.{name}", _values(item.gradients[step], item.shape), jit=jit)
    return "\n".join(lines + _ending(subject, failure)) + "\n"


def _loaded(subject: WorkerSubject, failure: Outside, item: Prepared) -> list[str]:
    if item.count == 0:
        return []
    rule, claimed = subject.rules[failure.case.switches], subject.implementation
    lines = []
    if claimed.counter is not None:
        lines.append(_assignment(claimed.counter, f"jnp.int32({item.count})"))
    for symbol, path in subject.keys(rule).items():
        lines.append(_assignment(path, _values(item.values[symbol], item.shape)))
    return lines


def _assignment(path: str, value: str) -> str:
    """Return the line that gives a field of one transformation of a chain another value."""
    place, _, name = path.partition(".")
    before, after = f"*state[:{place}]", f"*state[{int(place) + 1}:]"
    return f"state = ({before}, state[{place}]._replace({name}={value}), {after})"


def _step(target: str, gradient: str, *, jit: bool) -> list[str]:
    body = "    updates, state = transformation.update(g, state, p)"
    return [
        f"transformation = {target}(**settings)",
        *(["@jax.jit"] if jit else []),
        "def step(p, state, g):",
        body,
        "    return optax.apply_updates(p, updates), state",
        f"p, state = step(p, state, {gradient})",
    ]


def _values(array: object, shape: tuple[int, ...]) -> str:
    flat = [float(x) for x in array]  # type: ignore[attr-defined]
    if len(set(flat)) == 1 and len(flat) > 1:
        return f"jnp.full({tuple(shape)!r}, {flat[0]!r}, dtype)"
    return f"jnp.asarray({flat!r}, dtype).reshape({tuple(shape)!r})"


def _ending(subject: WorkerSubject, failure: Outside) -> list[str]:
    keys = subject.keys(subject.rules[failure.case.switches])
    value = f"float(p.flatten()[{failure.place}])"
    if failure.quantity in keys:
        value = f"float({_read(keys[failure.quantity])}.flatten()[{failure.place}])"
    if failure.quantity == "t" and subject.implementation.counter:
        value = f"float({_read(subject.implementation.counter)})"
    lo, hi = failure.legal
    return [
        f"value = {value}",
        f"low, high = float.fromhex({lo.hex()!r}), float.fromhex({hi.hex()!r})",
        f"print(f'{failure.quantity} = {{value!r}}; legal: [{{low!r}}, {{high!r}}]')",
        "sys.exit(0 if low <= value <= high else 1)",
    ]


def _read(path: str) -> str:
    return "state" + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in path.split("."))
