"""What is alive in this process, as the collector of garbage knows it: what was looked at is set aside."""

from __future__ import annotations

import functools
import gc
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGINAL = "_torchdynamo_orig_callable"
"""Where what torch.compile returns keeps what it was given."""
_CACHED = type(functools.lru_cache(lambda: None))
_CLEARING: dict[Callable[[], Any], None] = {}
_COMPILED: dict[str, None] = {}


def set_aside() -> None:
    """The collector looks no more at what is alive already, since importing torch leaves 300,000 objects.

    What torch's functions cached and what was compiled is noted before, because nothing lists it afterwards.
    """
    gc.collect()
    _note()
    gc.freeze()


def compiled_parts() -> list[str]:
    """Functions of others than torch that were given to torch.compile."""
    _note()
    return sorted(_COMPILED.keys() - {""})


def framework_caches() -> list[Callable[[], Any]]:
    """What empties the caches of torch's own functions: what they keep of each number is no optimizer's."""
    _note()
    fake = getattr(sys.modules.get("torch._subclasses.fake_tensor"), "FakeTensorMode", None)
    native = getattr(sys.modules.get("torch"), "_C", None)
    others = (getattr(fake, "cache_clear", None), getattr(native, "_clear_DTensor_sharding_propagator_cache", None))
    return [*_CLEARING, *(clear for clear in others if clear is not None)]


def _note() -> None:
    for item in gc.get_objects():
        kind = type(item)  # a proxy of what is gone raises when it is asked what it is an instance of
        if kind is FunctionType:
            kept = vars(item)
            if ORIGINAL in kept and not kept.get("_torchdynamo_disable"):
                _COMPILED[_shown(kept[ORIGINAL])] = None
        elif kind is _CACHED and str(getattr(item, "__module__", "")).partition(".")[0] == "torch":
            _CLEARING[item.cache_clear] = None


def _shown(function: Any) -> str:
    """A function by its module and name; nothing where it is torch's own or ours."""
    module = str(getattr(function, "__module__", None) or "")
    ours = module.partition(".")[0] in {"torch", __name__.partition(".")[0]}
    return "" if ours else f"{module}.{getattr(function, '__qualname__', type(function).__name__)}"
