"""The worker runs what it is asked to, exactly, whatever the optimizer prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from impls.session import Session, TargetError, WorkerFailure


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One worker for all tests."""
    with Session(timeout=30) as started:
        yield started


def raw(tensor: torch.Tensor) -> bytes:
    """Return the bytes of a tensor."""
    return tensor.detach().contiguous().view(torch.uint8).numpy().tobytes()


SETTINGS = {
    "torch.optim:AdamW": {"lr": 0.01, "betas": [0.9, 0.99], "eps": 1e-6, "weight_decay": 0.1},
    "torch.optim:SGD": {"lr": 0.01, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1},
}
KEYS = {"torch.optim:AdamW": ["exp_avg", "exp_avg_sq"], "torch.optim:SGD": ["momentum_buffer"]}


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("target", SETTINGS)
def test_a_loaded_state_continues_bit_for_bit(session: Session, target: str, dtype: str) -> None:
    """A step from a loaded state equals the step of an optimizer that got there by itself."""
    generator = torch.Generator().manual_seed(0)
    kind, settings = getattr(torch, dtype), SETTINGS[target]
    p = torch.nn.Parameter(torch.randn(33, generator=generator).to(kind))
    gradients = [torch.randn(33, generator=generator).to(kind) for _ in range(3)]
    optimizer = getattr(torch.optim, target.split(":")[1])([p], foreach=False, **settings)
    for gradient in gradients[:2]:
        p.grad = gradient.clone()
        optimizer.step()
    buffers = [raw(p), *(raw(optimizer.state[p][key]) for key in KEYS[target]), raw(gradients[2])]
    header = {
        "op": "run",
        "target": target,
        "device": "cpu",
        "dtype": dtype,
        "constructor": {"foreach": False},
        "states": KEYS[target],
        "counter": "step" if "Adam" in target else None,
        "groups": [{"options": settings, "tensors": [{"shape": [33], "count": 2}]}],
        "steps": [{}],
        "read": "last",
    }
    answer = session.request(header, buffers)
    p.grad = gradients[2].clone()
    optimizer.step()
    assert bytes(answer.buffers[0]) == raw(p)
    for key, buffer in zip(KEYS[target], answer.buffers[1:], strict=True):
        assert bytes(buffer) == raw(optimizer.state[p][key])


def test_the_worker_folder_is_not_on_the_path(tmp_path: Path) -> None:
    """The worker's own modules cannot be imported by the names of their files."""
    probe = tmp_path / "probe.py"
    probe.write_text("import serve, wire\n")
    with Session(directory=tmp_path) as alone, pytest.raises(TargetError, match="serve"):
        alone.request({"op": "describe", "target": "probe:FOUND", "constructor": {}})


def test_a_wrong_target_names_what_is_missing(session: Session) -> None:
    """A target that does not exist raises an error that names it, and the worker lives on."""
    with pytest.raises(TargetError, match="AdamX"):
        session.request({"op": "describe", "target": "torch.optim:AdamX", "constructor": {}})
    assert session.request({"op": "hello"}).header["devices"]


def test_an_absent_interpreter_is_said_so() -> None:
    """An interpreter that does not exist fails at the start, in one sentence."""
    with Session("no/such/python") as broken, pytest.raises(WorkerFailure) as failure:
        broken.request({"op": "hello"})
    assert failure.value.cause == "start"
