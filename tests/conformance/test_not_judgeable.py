"""What cannot be judged is said in one sentence that names what is missing; it is no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import cli
from conformance.commands import judging

STRANGERS = """
import torch


class NeedsModel(torch.optim.AdamW):
    def __init__(self, params, model, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.names = [name for name, _ in model.named_parameters()]
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class TakesNothing(torch.optim.AdamW):
    def __init__(self, params):
        super().__init__([p for group in params for p in group["params"]], lr=0.1)
        self.param_groups[0] = {"params": self.param_groups[0]["params"]}


class NeedsLoss(torch.optim.AdamW):
    def step(self, closure=None):
        raise RuntimeError("there is no loss")


def nothing(params, lr=1e-3, betas=(0.9, 0.999)):
    return None
"""


@pytest.mark.parametrize(
    ("name", "words", "advice"),
    [
        ("NeedsModel", "its constructor requires `model`", "--argument model=VALUE"),
        ("TakesNothing", "can be read off the signature of its constructor, (params)", "--setting lr=NAME"),
        ("NeedsLoss", "its step raised RuntimeError: there is no loss", "--argument NAME=VALUE"),
        ("nothing", "'NoneType' object has no attribute 'step'", "AttributeError"),
    ],
)
def test_a_class_that_cannot_be_built_is_not_judged(
    name: str, words: str, advice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 2, and the sentence says what is missing and how to give it."""
    path = tmp_path / "strangers.py"
    path.write_text(STRANGERS)
    given = ["check", f"{path}:{name}", "--rule", "adamw", "--output", str(tmp_path / "out")]
    assert cli.main(given) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert words in error
    assert advice in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_an_error_of_ours_is_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception that nothing expects ends with status 2, and shows where it came from."""

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(judging, "judge", broken)
    assert cli.main(["check", "torch.SGD"]) == 2
    error = capsys.readouterr().err
    assert "a fault of ours" in error
    assert "is an error of stepproof's own" in " ".join(error.split())


@pytest.mark.parametrize(
    ("given", "said"),
    [(["--dtype", "float8"], "there is no format `float8`"), (["--property", "agreement"], "there is no property")],
)
def test_a_name_that_nothing_has_is_refused_before_the_target_is_asked(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing mistake costs no recognition: here there would be nothing to recognise."""
    assert cli.main(["check", "nowhere.py:Nothing", *given]) == 2
    assert said in capsys.readouterr().err
