"""The worker's operation `contract`: one experiment, and what it saw."""

from __future__ import annotations

import inspect
import re
import traceback
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..calling import asks_for_closure, called, from_json
from ..failures import CALLS, RequestError, headline
from ..limits import used_up
from ..place import FOREIGN, WORKER
from ..state_path import groups_of
from ..surroundings import OwnProgramError, restore, unwrap_steps, wrapped_steps
from ..torch_platform import dtype_named, to_bytes
from .calls import saved_state, take_step
from .harness import Observation, Trial, raised, rows_of
from .hyperparameters import in_tensors, stated, typed_as_tensor
from .scaling import unscale

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPERIMENTS = sorted({file.stem for file in Path(__file__).parent.glob("[a-z]*.py")} - {"calls", "harness", "serve"})
"""The modules beside this one that hold experiments."""
CALLING = frozenset(inspect.getfile(function) for function in (take_step, called))
"""The files whose lines call into the code under test."""
MISCALLED = re.compile(r"missing \d+ required|unexpected keyword|positional arguments? but|multiple values for")
"""What Python says of a call that does not fit the signature."""


def contract(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """The answer lists the observations; the arrays of steps that differ are its buffers."""
    restore()
    experiment = find(header["experiment"])
    trial = Trial(
        called(header["target"], header.get("calling", {})),
        from_json(header["path"]),
        from_json(header["settings"]),
        dtype_named(header["dtype"]),
        header["device"],
        header["arguments"],
        header["sparse"],
    )
    seen: list[dict[str, Any]] = []
    buffers: list[bytes] = []
    error: dict[str, str] | None = None
    before = wrapped_steps()
    try:
        seen.extend(_plain(observation, buffers) for observation in experiment(trial))
    except BaseException as raised:
        if used_up(raised):
            raise  # the worker cannot go on
        error = _told(raised)
    finally:
        unwrap_steps(but=before)
    return {"observations": seen, "error": error}, buffers


def find(name: str) -> Any:
    """The experiment called `module.function`."""
    module, _, function = name.partition(".")
    if module not in EXPERIMENTS:
        raise RequestError(f"there is no experiment {name!r}; its module is one of {', '.join(EXPERIMENTS)}")
    return getattr(import_module("." + module, __package__), function)


def _told(raised: BaseException) -> dict[str, str]:
    frames = traceback.extract_tb(raised.__traceback__)
    inside = [frame for frame in frames if "/worker/contract/" not in frame.filename]
    where = f"{inside[-1].name}: {inside[-1].line}" if inside else ""
    known = [frame for frame in frames if frame.filename.startswith(WORKER)]
    line = known[-1].line or "" if known else ""
    told = "".join(traceback.format_tb(raised.__traceback__, limit=-CALLS))
    return {
        "message": headline(raised)[:300],
        "where": where,
        "line": line,
        "ours": str(is_ours(raised)),
        "traceback": f"{told}{headline(raised)}",
    }


def is_ours(raised: BaseException) -> bool:
    """Whether the suite itself made the mistake: by the innermost line that is not the framework's.

    Beyond a call into the code under test it is not, unless that call gave what no signature asks for.
    """
    if isinstance(raised, OwnProgramError):
        return False
    frames = [frame for frame in traceback.extract_tb(raised.__traceback__) if not FOREIGN.match(frame.filename)]
    if not frames or not frames[-1].filename.startswith(WORKER):
        return False
    if frames[-1].filename not in CALLING:
        return True
    return isinstance(raised, TypeError) and bool(MISCALLED.search(str(raised)))


def _plain(observation: Observation, buffers: list[bytes]) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "what": observation.what,
        "compared": observation.compared,
        "differing": observation.differing,
        "got": _value(observation.got),
        "expected": _value(observation.expected),
        "place": observation.place,
    }
    if observation.step is not None:
        plain["step"] = {}
        for part, value in observation.step.items():
            if part in {"before", "gradient", "got", "expected"}:
                plain["step"][part] = _rows(value, buffers)
            else:
                plain["step"][part] = value
    return plain


def _rows(rows: dict[str, torch.Tensor], buffers: list[bytes]) -> dict[str, str]:
    buffers.extend(to_bytes(row) for row in rows.values())
    return {key: str(row.dtype).rpartition(".")[2] for key, row in rows.items()}


def _value(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float)) else str(value)


def offers(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """What an optimizer offers is read off its signatures and off an instance.

    A closure is what torch's interface calls so: schedulers and programs may give it by its name.
    """
    restore()
    make = called(header["target"], header.get("calling", {}))
    keywords = inspect.signature(make).parameters
    try:
        takes = "closure" in inspect.signature(make.step).parameters
    except (AttributeError, TypeError, ValueError):  # a function that makes optimizers has no step
        takes = False
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=dtype_named(header["dtype"]), device=header["device"]))
    settings = usable(make, header, parameter)
    capturable = ""
    if "capturable" in keywords:
        capturable = raised(partial(one_step, make, parameter, {**settings, "capturable": True}))
    found = shown(make, settings, parameter)
    return {
        "sparse": not raised(partial(one_step, make, parameter, settings, rows=[0])),
        "capturable": capturable,
        "constructor": list(keywords),
        "typed as tensors": [name for name in keywords if typed_as_tensor(make, name)],
        "documented": sorted(stated(make)),
        "step": takes,
        "unscaling": raised(partial(unscale, parameter, itself=found["scaling"])),
        **found,
    }, []


def takes_complex(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """Whether an optimizer takes a complex parameter is seen in a step; what it raises is the answer."""
    restore()
    make = called(header["target"], header.get("calling", {}))
    pairs = torch.ones(5, 2, dtype=dtype_named(header["dtype"]), device=header["device"])
    parameter = torch.nn.Parameter(torch.view_as_complex(pairs))
    settings = usable(make, header, torch.nn.Parameter(pairs[0]))
    return {"refusal": raised(partial(one_step, make, parameter, settings, sparse=header["sparse"]))}, []


def takes_tensor(header: dict[str, Any], _buffers: list[memoryview]) -> tuple[dict[str, Any], list[bytes]]:
    """Whether an optimizer takes a setting as a Tensor is seen in a step; what it raises is the answer.

    One that makes no step with the number either says nothing about Tensors.
    """
    restore()
    make = called(header["target"], header.get("calling", {}))
    parameter = torch.nn.Parameter(torch.zeros(2, dtype=dtype_named(header["dtype"]), device=header["device"]))
    settings = {**from_json(header["settings"]), **from_json(header["constructor"])}
    given = {**settings, header["keyword"]: in_tensors(settings[header["keyword"]])}
    numbers, tensors = (
        raised(partial(one_step, make, parameter, each, sparse=header["sparse"])) for each in (settings, given)
    )
    return {"refusal": "" if numbers else tensors}, []


def usable(make: Any, header: dict[str, Any], parameter: Any) -> dict[str, Any]:
    """The path alone, or where no vector is taken with the defaults the settings of the experiments beside it."""
    path = from_json(header["constructor"])
    if raised(partial(make, [parameter], **path)):
        return {**from_json(header["settings"]), **path}
    return path


def shown(make: Any, settings: dict[str, Any], parameter: Any) -> dict[str, Any]:
    """What an instance shows, made of a vector or else of a matrix; nothing where neither is taken."""
    for values in (parameter, parameter.detach().reshape(1, -1)):
        with suppress(BaseException):  # an instance that cannot be made is another clause's matter
            optimizer = make([torch.nn.Parameter(values.detach())], **settings)
            groups = groups_of(optimizer)
            return {
                "scaling": bool(getattr(optimizer, "_step_supports_amp_scaling", False)),
                "groups": bool(groups),
                "group": [key for key in groups[0] if key != "params"] if groups else [],
                "requires closure": asks_for_closure(optimizer),
                "usual checkpoint": bool(groups) and {"state", "param_groups"} <= set(saved_state(optimizer)),
                "torch's own": isinstance(optimizer, torch.optim.Optimizer),
            }
    unknown = {"scaling": False, "group": [], "requires closure": False}
    return {**unknown, "groups": True, "usual checkpoint": True, "torch's own": True}


def one_step(
    make: Any, parameter: Any, settings: dict[str, Any], *, sparse: bool = False, rows: Sequence[int] = ()
) -> None:
    """A step of one parameter on its device, with a sparse gradient of some rows where they are named."""
    optimizer = make([parameter], **settings)
    gradient = torch.ones_like(parameter.detach())
    chosen = rows or (range(len(gradient)) if sparse else ())
    parameter.grad = rows_of(gradient, chosen) if chosen else gradient
    take_step(optimizer)
