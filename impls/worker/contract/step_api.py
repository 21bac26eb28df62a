"""The step and its surroundings in the program: paths, closures, hooks, derivatives, waiting."""

from __future__ import annotations

import dataclasses
import inspect
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.utils._python_dispatch

from ..calling import asks_for_closure
from ..devices import another_stream, captured, without_waiting
from ..state_path import groups_of, held
from .calls import add_hook, clear_gradients, resume, take_step
from .harness import (
    Observation,
    Stepper,
    Trial,
    build,
    condition,
    dense,
    described_step,
    entries,
    follow,
    members,
    parameters,
    raised,
    reading,
    same,
    set_gradients,
    start_of,
    stepper_on,
    train,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SHAPES = ((17,), (3, 4))


def paths(trial: Trial) -> Iterator[Observation]:
    """This path beside each other path of the optimizer."""
    for name, path in trial.arguments["paths"]:
        there = dataclasses.replace(trial, path=path)
        one, other = (stepper_on(each, parameters(trial, [(67,)])) for each in (trial, there))
        yield from follow(trial, f"beside {name}", one, other, trial.arguments["steps"])


def closure(trial: Trial) -> Iterator[Observation]:
    """A closure is called once, with gradients enabled, and its loss comes back."""
    params, twins = parameters(trial, SHAPES), parameters(trial, SHAPES)
    optimizer, other = build(trial, params), build(trial, twins)
    for step in range(2):
        calls: list[bool] = []

        def evaluate(step: int = step, calls: list[bool] = calls) -> torch.Tensor:
            calls.append(torch.is_grad_enabled())
            set_gradients(trial, params, step)
            return torch.tensor(3.5)

        with torch.set_grad_enabled(step == 0):  # a program may step where it needs no gradients
            loss = take_step(optimizer, evaluate)
        train(trial, other, twins, step, step + 1)
        yield condition("calls of the closure", len(calls) == 1, len(calls), 1)
        yield condition("gradients enabled in the closure", all(calls), calls, [True])
        returned = loss is not None and float(loss) == 3.5
        yield condition("what step returns", returned, None if loss is None else float(loss), 3.5)
        yield from same(
            f"step {step + 1} with a closure", reading(trial, optimizer, params), reading(trial, other, twins)
        )
    set_gradients(trial, params, 9)
    if not asks_for_closure(optimizer):
        yield condition("what step returns without a closure", take_step(optimizer) is None, "something", None)


def step_hooks(trial: Trial) -> Iterator[Observation]:
    """The hooks before and after a step run once each, with the optimizer, until they are removed."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    start = params[0].detach().clone()
    seen: list[Any] = []

    def before(who: Any, *_: Any) -> None:
        seen.append(("before", who is optimizer, bool((params[0] == start).all())))

    def after(who: Any, *_: Any) -> None:
        seen.append(("after", who is optimizer, bool((params[0] == start).all())))

    handles = [add_hook(optimizer, "step_pre", before), add_hook(optimizer, "step_post", after)]
    train(trial, optimizer, params, 0, 1)
    twins = parameters(trial, SHAPES)
    train(trial, build(trial, twins), twins, 0, 1)
    stays = bool((twins[0] == start).all())  # as under a rate too small for the format
    expected = [("before", True, True), ("after", True, stays)]
    yield condition("hooks of one step: when, of this optimizer, parameter untouched", seen == expected, seen, expected)
    for handle in handles:
        handle.remove()
    train(trial, optimizer, params, 1, 2)
    yield condition("calls of removed hooks", len(seen) == len(expected), len(seen) - len(expected), 0)


def hook_arguments(trial: Trial) -> Iterator[Observation]:
    """A hook before a step puts a closure in the place of its arguments."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    set_gradients(trial, params, 0)
    calls: list[Any] = []

    def closure() -> torch.Tensor:
        calls.append(None)
        return torch.zeros(())

    add_hook(optimizer, "step_pre", lambda *_: ((closure,), {}))
    what = "calls of the closure that a hook put in the place of the arguments"
    if raised(partial(take_step, optimizer)):
        yield condition(what, True, "refused", "refused")
        return
    yield condition(what, len(calls) == 1, len(calls), 1)


def zero_grad(trial: Trial) -> Iterator[Observation]:
    """Gradients that are there are removed, or filled with zeros where it takes ``set_to_none=False``."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    set_gradients(trial, params, 0)
    kept = [p.grad for p in params]
    if "set_to_none" in inspect.signature(optimizer.zero_grad).parameters:
        clear_gradients(optimizer, set_to_none=False)
        zeros = [p.grad is k and not bool(dense(k).any()) for p, k in zip(params, kept)]
        said = "gradients after zero_grad(set_to_none=False)"
        yield condition(said, all(zeros), "not zeros in place", "zeros in place")
    clear_gradients(optimizer)
    none = all(p.grad is None for p in params)
    yield condition("gradients after zero_grad()", none, "not None", None)


def in_place(trial: Trial) -> Iterator[Observation]:
    """A step writes into the parameter that it was given."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params)
    before = [(p.data_ptr(), True, True, str(p.dtype)) for p in params]
    train(trial, optimizer, params, 0, 2)
    held = {id(p): p for p in (members(optimizer) if groups_of(optimizer) else params)}  # in whatever order
    for n, (p, one) in enumerate(zip(params, before)):
        now = held.get(id(p))
        other = () if now is None else (now.data_ptr(), now.is_leaf, now.requires_grad, str(now.dtype))
        names = ("memory", "leaf", "requires_grad", "dtype")
        wrong = [name for name, x, y in zip(names, one, other) if x != y] if other else ["object"]
        yield condition(f"parameter {n} after the step", not wrong, f"another {', '.join(wrong)}", "as it was")


def differentiable(trial: Trial) -> Iterator[Observation]:
    """With ``differentiable`` the step is the same, and autograd finds the derivatives of the formula."""
    for made in trial.arguments["made"]:
        for by in trial.arguments["by"]:
            twin, leaf = parameters(trial, [(17,)]), parameters(trial, [(17,)])
            p = [leaf[0].clone()]
            one, other = stepper_on(trial, twin), stepper_on(trial, p, differentiable=True)
            yield from follow(trial, "differentiable", one, other, made)
            state = other.optimizer.state[p[0]]
            state.update({k: v.detach() for k, v in state.items() if isinstance(v, torch.Tensor)})
            yield from derived(trial, f"step {made + 1}", other, made, by)


def derived(trial: Trial, what: str, stepper: Stepper, made: int, by: str) -> Iterator[Observation]:
    """The derivative of the sum of all elements after a step, by the gradient or by a Tensor setting."""
    gradient = values(trial, (17,), 9000)
    start = start_of(trial, stepper, made, gradient.clone())
    stepper.params[0].grad = variable = gradient
    if by != "gradient":
        variable = torch.tensor(trial.settings[by], dtype=torch.float64)
        stepper.optimizer.param_groups[0][by] = variable
    variable.requires_grad_()
    key = f"derivative by {by}"
    take_step(stepper.optimizer)
    total = stepper.params[0].sum()
    found = torch.autograd.grad(total, variable, allow_unused=True)[0] if total.requires_grad else None
    if found is None:
        yield condition(f"{what}: {key}", False, "nothing that autograd follows", "the formula's derivative")
        return
    step = described_step(start, gradient != 0, {"got": {key: found.reshape(-1)}}, every=True)
    yield Observation(f"{what}: {key}", found.numel(), found.numel(), step=step)


class Watched(torch.utils._python_dispatch.TorchDispatchMode):  # type: ignore[no-untyped-call]  # noqa: SLF001
    """Writes down every operation after which the host would wait for the device."""

    waiting = frozenset(
        {
            "aten::_local_scalar_dense",
            "aten::is_nonzero",
            "aten::equal",
            "aten::nonzero",
            "aten::masked_select",
            "aten::_unique2",
        }
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the operation."""
        if func.name().partition(".")[0] in self.waiting:
            self.seen.append(func.name())
        return func(*args, **(kwargs or {}))


def no_synchronisation(trial: Trial) -> Iterator[Observation]:
    """A capturable step reads no number of a tensor, and on a device that can tell never waits."""
    params = parameters(trial, SHAPES)
    optimizer = build(trial, params, capturable=True)
    train(trial, optimizer, params, 0, 2)
    set_gradients(trial, params, 2)
    with Watched() as watched:
        error = raised(partial(strictly, optimizer, trial.device))
    if error:
        watched.seen.append(error)
    what = "what a capturable step waits for"
    yield condition(what, not watched.seen, ", ".join(dict.fromkeys(watched.seen)), "nothing")


def strictly(optimizer: Any, device: str) -> None:
    """A step in which an error is raised where the host would wait for the device."""
    with without_waiting(device):
        take_step(optimizer)


@dataclasses.dataclass
class Captured:
    """A step of an optimizer that a device records as a graph."""

    device: str
    optimizer: Any
    replay: Any = None

    def capture(self) -> None:
        """The step is recorded, and not made."""
        self.replay = captured(self.device, partial(take_step, self.optimizer))


def replayed(trial: Trial) -> Iterator[Observation]:
    """A captured step, replayed, is the step itself."""
    one, other = (capturable_step(trial) for _ in range(2))
    graph = Captured(trial.device, one.optimizer)
    error = raised(graph.capture)
    if error:
        yield condition("a step is captured", False, error, "it is")
        return
    for step in range(3, 3 + trial.arguments["steps"]):
        for stepper in (one, other):
            overwrite_gradients(trial, stepper.params, step)
        graph.replay()
        take_step(other.optimizer)
        yield from same(f"replay {step - 2}", *(reading(trial, each.optimizer, each.params) for each in (one, other)))


def replayed_anew(trial: Trial) -> Iterator[Observation]:
    """Each setting as a Tensor, and the counts, are changed between capture and replay; what refuses that is right."""
    for keyword, value in trial.arguments["changes"]:
        make = partial(capturable_step, trial, **{keyword: tensors_there(trial, trial.settings[keyword])})
        refusal = raised(make) or replay_beside(trial, make(), partial(overwrite_setting, keyword, value))
        yield from refusal_or(f"{keyword} as a Tensor, changed to {value}", refusal)
    if trial.arguments["counter"]:
        refusal = replay_beside(trial, capturable_step(trial), partial(count_further, trial.arguments["counter"]))
        yield from refusal_or("step counts that are changed", refusal)


def refusal_or(what: str, seen: Any) -> Iterator[Observation]:
    """A refusal, or the observations of a replay beside what it must be."""
    if isinstance(seen, str):
        yield condition(what, True, seen, "refused")
    else:
        yield from same(what, *seen)


def replay_beside(trial: Trial, one: Stepper, change: Callable[[Any], str]) -> str | list[dict[str, Any]]:
    """What a replay leaves after a change, and what a step does of an optimizer that loads all that; or a refusal."""
    graph = Captured(trial.device, one.optimizer)
    refusal = raised(graph.capture) or change(one.optimizer)
    if refusal:
        return refusal
    other = capturable_step(trial, steps=0)
    for p, q in zip(other.params, one.params):
        p.detach().copy_(q.detach())
    resume(other.optimizer, one.optimizer)
    for stepper in (one, other):
        overwrite_gradients(trial, stepper.params, 3)
    graph.replay()
    take_step(other.optimizer)
    return [reading(trial, each.optimizer, each.params) for each in (one, other)]


def overwrite_setting(keyword: str, value: Any, optimizer: Any) -> str:
    """A setting is overwritten in the Tensors that hold it; where a group keeps a number, that is said."""
    numbers = value if isinstance(value, (list, tuple)) else (value,)
    for group in optimizer.param_groups:
        kept = group[keyword] if isinstance(group[keyword], (list, tuple)) else (group[keyword],)
        if not all(isinstance(each, torch.Tensor) for each in kept):
            return "the group keeps a number"
        for each, number in zip(kept, numbers):
            each.fill_(number)
    return ""


def count_further(counter: str, optimizer: Any) -> str:
    """Five steps more are counted for each parameter that has made any."""
    counts = {id(count): count for p in members(optimizer) if (count := held(optimizer, p, counter)) is not None}
    if not all(isinstance(count, torch.Tensor) for count in counts.values()):
        return "its counts are numbers of Python"
    for count in counts.values():
        count.add_(5)
    return ""


def tensors_there(trial: Trial, setting: Any) -> Any:
    """A setting as a Tensor on the device, or several."""
    if isinstance(setting, (list, tuple)):
        return tuple(tensors_there(trial, number) for number in setting)
    return torch.tensor(float(setting), device=trial.device)


def overwrite_gradients(trial: Trial, params: Sequence[Any], step: int) -> None:
    """The gradients that there are become those of a step, where they lie."""
    for n, p in enumerate(params):
        if p.grad is not None:
            entries(p.grad).copy_(entries(trial.with_layout(values(trial, p.shape, 1000 * (step + 1) + n))))


def capturable_step(trial: Trial, steps: int = 2, **more: Any) -> Stepper:
    """A capturable optimizer under way; the last of its parameters has no gradient when the next step is made."""
    params = parameters(trial, (*SHAPES, (5,)))
    stepper = stepper_on(trial, params, capturable=True, **more)
    train(trial, stepper.optimizer, params, 0, steps)
    set_gradients(trial, params, 2)
    params[-1].grad = None
    return stepper


def on_another_stream(trial: Trial) -> Iterator[Observation]:
    """A step comes after all that its stream was given before, and before all that it is given later."""
    read = []
    for place in (another_stream(trial.device), nullcontext()):
        params = parameters(trial, SHAPES)
        optimizer = build(trial, params)
        set_gradients(trial, params, 0)
        with place:
            for step in range(trial.arguments["steps"]):
                overwrite_gradients(trial, params, step)
                take_step(optimizer)
            for p in params:
                entries(p.grad).fill_(0.0)
        read.append(reading(trial, optimizer, params))
    yield from same("on another stream", *read)
