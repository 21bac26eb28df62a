"""The steps of one tensor with JAX, as the lines of a standalone script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.engine.evidence import RAISED
from conformance.engine.script_builder import Body, literal, repeated, target
from conformance.optimizers.agreement import Outside
from conformance.optimizers.prepared import Prepared, prepare
from conformance.optimizers.subject import WorkerSubject

STEP_OF = """
def step_of(settings):
    \"\"\"One step as a training loop makes it.\"\"\"
    transformation = {called}(**settings)
{compiled}
    def step(p, state, g):
        updates, state = transformation.update(g, state, p)
        return optax.apply_updates(p, updates), state

    return step
"""


def body(subject: WorkerSubject, failure: Outside) -> Body:
    """Return the lines that make the steps of one tensor up to the one that failed."""
    rule = subject.rules[failure.case.switches]
    prepared = prepare(failure.case, rule, subject.storage)
    header = subject.request(failure.case, prepared, every=False)
    item = prepared[failure.tensor]
    called = target(subject.implementation.target)
    settings = {**header["constructor"], **header["groups"][item.group]["options"]}
    compiled = "\n    @jax.jit" if settings.pop("jit", False) else ""
    lines = [
        f"jax.config.update('jax_enable_x64', {subject.storage.name == 'float64'})",
        f"dtype = jnp.{subject.storage.name}",
        f"settings = {literal(settings)}",
        f"p = {_values(item.values[rule.parameter.symbol.name], item.shape)}",
        f"state = {called.name}(**settings).init(p)",
        *_loaded(subject, failure, item),
        "step = step_of(settings)",
        *_steps(failure, item, header),
    ]
    function = STEP_OF.format(called=called.name, compiled=compiled)
    return Body(lines, _value(subject, failure), [called], [function])


def _loaded(subject: WorkerSubject, failure: Outside, item: Prepared) -> Iterator[str]:
    """Yield the lines that give the tensor its state, in the dtypes that `init` chose."""
    if item.count == 0:
        return
    given = {
        path: _values(item.values[symbol], item.shape)
        for symbol, path in subject.keys(subject.rules[failure.case.switches]).items()
    }
    if subject.implementation.counter is not None:
        given[subject.implementation.counter] = f"jnp.asarray({item.count})"
    for path, value in given.items():
        yield f"state = {_replaced('state', path.split('.'), f'{value}.astype({_read(path)}.dtype)')}"


def _replaced(owner: str, path: Sequence[str], value: str) -> str:
    """Return the expression of a tree with another value at a path."""
    if not path:
        return value
    name, *rest = path
    if not name.isdigit():
        return f"{owner}._replace({name}={_replaced(f'{owner}.{name}', rest, value)})"
    inner = _replaced(f"{owner}[{name}]", rest, value)
    return f"(*{owner}[:{name}], {inner}, *{owner}[{int(name) + 1}:])"


def _steps(failure: Outside, item: Prepared, header: Mapping[str, Any]) -> list[str]:
    """Return the steps up to the one that failed."""
    last = failure.case.steps - 1 if failure.quantity == RAISED else failure.step
    blocks = []
    for step in range(last + 1):
        changes = header["steps"][step].get("options", [])[item.group : item.group + 1]
        changed = [f"step = step_of(settings := settings | {literal(options)})" for options in changes]
        blocks.append([*changed, f"p, state = step(p, state, {_values(item.gradients[step], item.shape)})"])
    return repeated(blocks)


def _values(array: Any, shape: tuple[int, ...]) -> str:
    flat = [float(x) for x in array]
    if len(set(flat)) == 1 and len(flat) > 1:
        return f"jnp.full({shape!r}, {literal(flat[0])}, dtype)"
    return f"jnp.asarray({literal(flat)}, dtype)" + f".reshape({shape!r})" * (shape != (len(flat),))


def _value(subject: WorkerSubject, failure: Outside) -> str:
    """Return the expression of the value that is outside."""
    keys, counter = subject.keys(subject.rules[failure.case.switches]), subject.implementation.counter
    if failure.quantity == "t" and counter:
        return f"float({_read(counter)})"
    owner = _read(keys[failure.quantity]) if failure.quantity in keys else "p"
    return f"float({owner}.flatten()[{failure.place}])"


def _read(path: str) -> str:
    return "state" + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in path.split("."))
