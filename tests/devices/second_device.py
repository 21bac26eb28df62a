"""A second device on a machine that has none: tensors of the host that say that they lie elsewhere, and do not mix.

A function mode of torch stands between the code and torch.  It notes on each tensor where it lies, answers for that
place what is asked of it (`device`, `is_cpu`, `to`), and raises as torch does where an operation gets tensors of two
devices.  As on a device, a number of the host (a tensor without dimensions) goes along with tensors of the device,
indices may be the host's, and `copy_` copies from anywhere.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode

from impls.devices import DEVICES, Device
from impls.session import Answer, Session, _checked, _name_of
from impls.worker import devices, serve, wire

SECOND, HOST = "privateuseone", "cpu"
"""The name that torch keeps for a device that is no part of it."""
MIXED = "Expected all tensors to be on the same device, but found at least two devices"
GROUPED = (
    "Tensors of the same index must be on the same device and the same dtype except `step` tensors that can be CPU and "
    "float32/64, and optimizer states that can be bfloat16 for mixed-precision training"
)
"""What torch says where it groups tensors that lie on several devices."""
WAITS = {
    *(torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.cpu, torch.Tensor.__bool__, torch.Tensor.__float__),
    *(torch.Tensor.__int__, torch.Tensor.__index__),
}
"""What needs a number, for which the host would wait: nothing that can be captured."""
UNSCALES = torch._amp_foreach_non_finite_check_and_unscale_
"""CUDA has no kernel of it for bfloat16."""
COPIES = {torch.Tensor.copy_, torch._foreach_copy_, torch.Tensor.set_}
INDEXED = {torch.Tensor.__getitem__, torch.Tensor.__setitem__}
MOVES = {torch.Tensor.to, torch.Tensor.cpu}
NOTE = "_lies_on"
RACE = "two streams touch one memory, and neither waits for the other"


def place(tensor: torch.Tensor) -> str:
    """Return where a tensor lies: on the host where nothing else was noted."""
    return str(tensor.__dict__.get(NOTE, HOST))


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors of arguments or of a result, in lists and dictionaries too."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def written_by(func: Any, args: Any, result: Any) -> list[torch.Tensor]:
    """Return the tensors into which a call writes: what it returns, and the lists of a function of lists."""
    name = getattr(func, "__name__", "")
    if name.startswith("_fused"):
        return [*tensors(args), *tensors(result)]
    return [*tensors(args[:1] if name.startswith("_foreach_") and name.endswith("_") else ()), *tensors(result)]


def memory(tensor: torch.Tensor) -> int:
    """Return where the numbers of a tensor lie."""
    return tensor.untyped_storage().data_ptr() if tensor.layout == torch.strided else id(tensor)


def kind(device: Any) -> str:
    """Return the kind of a device that is named in any way."""
    return str(device).partition(":")[0]


class Graph:
    """The calls of a captured step: each writes into the tensors that it returned when it was captured."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    @torch.no_grad()
    def replay(self) -> None:
        """Make the calls again."""
        for func, args, given, result in self.calls:
            again = func(*args, **given)
            for kept, new in zip(tensors(result), tensors(again), strict=True):
                if kept is not new:
                    kept.copy_(new)


class Stream:
    """A stream: what it was given, and how much of each other stream it comes after."""

    def __init__(self) -> None:
        self.given, self.after = 0, dict[Stream, int]()

    def wait_stream(self, other: Stream) -> None:
        """What is given from here on comes after all that the other was given."""
        self.after = {**self.after, **other.after, other: other.given}


class Streams:
    """The streams of the device, and which of them wrote last into each memory since there was a second one."""

    def __init__(self) -> None:
        self.current = self.first = Stream()
        self.written: dict[int, tuple[Any, Stream, int]] = {}
        self.several = False

    def another(self) -> Stream:
        """Return a new stream, from which on is noted who writes where."""
        self.several = True
        return Stream()

    @contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        """Inside, calls are given to a stream."""
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def note(self, read: list[torch.Tensor], written: list[torch.Tensor]) -> None:
        """Raise where a call touches what another stream writes and was not waited for; note what it writes.

        A view is made by the host, which touches nothing.
        """
        before = {id(tensor) for tensor in read}
        places = {memory(tensor) for tensor in read}
        views = written and all(id(tensor) not in before and memory(tensor) in places for tensor in written)
        if views or not self.several:
            return
        for tensor in (*read, *written):
            _, stream, given = self.written.get(memory(tensor), (None, self.current, 0))
            if stream is not self.current and self.current.after.get(stream, 0) < given:
                raise RuntimeError(RACE)
        self.current.given += 1
        for tensor in written:
            # It is kept, so that its place is nobody else's.
            self.written[memory(tensor)] = (tensor.detach(), self.current, self.current.given)


class SecondDevice(TorchFunctionMode):
    """The mode; what is called while a ``graph`` is there becomes part of it."""

    graph: Graph | None = None

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.streams = streams

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer for the place of tensors, or make the call and note where its results lie."""
        given = dict(kwargs or {})
        name = getattr(getattr(func, "__self__", None), "__name__", "")
        if getattr(func, "__name__", "") == "__get__" and name in {"device", "is_cpu", "is_privateuseone"}:
            lies = place(args[0])
            return torch.device(lies) if name == "device" else lies == (HOST if name == "is_cpu" else SECOND)
        if getattr(func, "__name__", "") == "__set__":
            self._refuse_mixed(func, args, [*tensors(args)])
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **given)
        if SecondDevice.graph is not None and func in WAITS and place(args[0]) == SECOND:
            raise RuntimeError("operation not permitted when stream is capturing")
        if func in MOVES:
            moved = self._moved(func, args, dict(given))
            return moved if moved is args[0] else self._made(func, args, given, moved)
        device = kind(given.pop("device")) if given.get("device") is not None else ""
        if device == "meta":
            return func(*args, **given, device=device)
        found = [*tensors(args), *tensors(given)]
        self._refuse_mixed(func, args, found)
        there = {place(tensor) for tensor in found}
        result = func(*args, **given)
        lies = device or (SECOND if SECOND in there else HOST)
        for tensor in tensors(result):
            if not any(tensor is one for one in found):
                tensor.__dict__[NOTE] = lies
        return result if getattr(func, "__name__", "") == "__get__" else self._made(func, args, given, result)

    def _made(self, func: Any, args: Any, given: Any, result: Any) -> Any:
        """Return the result of a call, of which a stream and a graph take note where the device makes it."""
        if SECOND in {place(tensor) for tensor in tensors([args, given, result])}:
            self.streams.note([*tensors([args, given])], written_by(func, args, result))
            if SecondDevice.graph is not None:
                SecondDevice.graph.calls.append((func, args, given, result))
        return result

    def _refuse_mixed(self, func: Any, args: Any, found: list[torch.Tensor]) -> None:
        if func is UNSCALES and found[0].dtype == torch.bfloat16 and place(found[0]) == SECOND:
            raise NotImplementedError("no kernel of this device unscales bfloat16")
        if func in COPIES:
            return
        if func in INDEXED:
            found = [args[0], *tensors(args[2:])]
        with torch._C.DisableTorchFunctionSubclass():
            there = {place(tensor) for tensor in found if place(tensor) == SECOND or tensor.dim()}
        if len(there) > 1:
            raise RuntimeError(f"{MIXED}, {SECOND}:0 and {HOST}! (in {getattr(func, '__name__', func)})")

    def _moved(self, func: Any, args: Any, given: dict[str, Any]) -> Any:
        tensor, *rest = args
        target = place(tensor)
        named = given.pop("device", None)
        for item in (*rest, named, given.pop("other", None)):
            if isinstance(item, torch.Tensor):
                target = place(item)
                given.setdefault("dtype", item.dtype)
            elif isinstance(item, (str, torch.device)):
                target = kind(item)
        if target == "meta":
            return tensor.to("meta", **given)
        target = HOST if func is torch.Tensor.cpu else target
        kept = [item for item in rest if not isinstance(item, (str, torch.device, torch.Tensor))]
        if func is torch.Tensor.cpu:
            kept, given = [], {}
        moved = tensor.to(*kept, **given) if kept or given else tensor
        if target != place(tensor):
            moved = moved.clone() if moved is tensor else moved
        if moved is not tensor:
            moved.__dict__[NOTE] = target
        return moved


def _beside(other: torch.Tensor, tensor: torch.Tensor) -> bool:
    """Tell whether torch groups a gradient or a state with its parameter."""
    number = not other.dim() and other.dtype in {torch.float32, torch.float64}
    same = number or other.dtype in {tensor.dtype, torch.bfloat16}
    return same and other.is_meta == tensor.is_meta


def _grouped(lists: Any, with_indices: bool = False) -> dict[Any, Any]:
    """Return tensors grouped by where they lie and by dtype, as torch groups them by device."""
    found: dict[Any, Any] = {}
    first = lists[0]
    for n, tensor in enumerate(first):
        key = torch.device(place(tensor)), tensor.dtype
        columns, indices = found.setdefault(key, ([[] for _ in lists], []))
        for column, items in zip(columns, lists, strict=True):
            if items:
                if items[n] is not None and not _beside(items[n], tensor):
                    raise RuntimeError(GROUPED)
                column.append(items[n])
        indices.append(n)
    return found


@contextmanager
def capturing(graph: Graph) -> Iterator[None]:
    """Inside, calls become part of the graph; afterwards every tensor of the device is what it was, as on a device."""
    alive = [item for item in gc.get_objects() if issubclass(type(item), torch.Tensor) and place(item) == SECOND]
    with torch.no_grad():
        before = [(tensor, tensor.clone()) for tensor in alive]
    SecondDevice.graph = graph
    try:
        yield
    finally:
        SecondDevice.graph = None
        with torch.no_grad():
            for tensor, copy in before:
                tensor.copy_(copy)


def described() -> AbstractContextManager[Any]:
    """Inside, the second device is one of those that are described."""
    return mock.patch.dict(DEVICES, {SECOND: Device(SECOND, "second", captures=True)})


@contextmanager
def second_device() -> Iterator[None]:
    """Inside, torch has a second device."""
    make: Callable[..., Any] = torch.nn.Parameter.__new__
    view = torch.Tensor.as_subclass

    def parameter(cls: Any, data: Any = None, requires_grad: bool = True) -> Any:
        made = make(cls, data, requires_grad)
        if data is not None:
            made.__dict__[NOTE] = place(data)
        return made

    def as_subclass(tensor: torch.Tensor, cls: Any) -> Any:
        made = view(tensor, cls)
        made.__dict__[NOTE] = place(tensor)
        return made

    streams = Streams()
    module = SimpleNamespace(
        is_available=lambda: True,
        synchronize=lambda: None,
        CUDAGraph=Graph,
        graph=capturing,
        Stream=streams.another,
        stream=streams.on,
        current_stream=lambda: streams.current,
        _sleep=lambda _: None,
    )
    grouped = mock.patch("torch.optim.optimizer._group_tensors_by_device_and_dtype", _grouped)
    named = mock.patch.object(torch, SECOND, module, create=True)
    cast = torch.autocast
    casting = mock.patch.object(
        torch, "autocast", lambda device, **how: cast(HOST if device == SECOND else device, **how)
    )
    known = mock.patch.object(devices, "ACCELERATORS", (*devices.ACCELERATORS, SECOND))
    capturable = mock.patch("torch.optim.adam._get_capturable_supported_devices", return_value=[SECOND])
    made = mock.patch.object(torch.nn.Parameter, "__new__", parameter)
    viewed = mock.patch.object(torch.Tensor, "as_subclass", as_subclass)
    with grouped, named, known, capturable, casting, made, viewed, SecondDevice(streams):
        yield


class InThisProcess(Session):
    """A session that answers in this process, beside a second device where that is asked for."""

    def request(self, header: dict[str, Any], buffers: Any = ()) -> Answer:
        """Return the worker's answer; raises as a session does."""
        message = _through_the_wire(wire.encode(header, buffers))
        beside = second_device() if header.get("device") == SECOND else nullcontext()
        with beside, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = serve.answer(message)
        return _checked(_through_the_wire(answer), _name_of(header))


def _through_the_wire(frame: bytes) -> wire.Message:
    receiver, rest = wire.Receiver(), memoryview(frame)
    while receiver.message is None:
        count = len(receiver.space)
        receiver.space[:] = rest[:count]
        rest = rest[count:]
        receiver.advance(count)
    return receiver.message
