"""A right class is judged by its formula, whatever it calls its settings and wherever it keeps its states."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.verdict import Verdict
from conformance.recognition.constructor import Stated
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from tests.builders import result_of, unit_of
from tests.conftest import Run

FILE = Path(__file__).with_name("strangers.py")
FAMILIES = sorted(set(book.families()) - {"lbfgs", "sparse_adam"})
"""Every rule that is made of single steps with dense gradients."""
ADAMW = "adam__20000"
SPELLED = {"lr": "learning_rate", "betas[0]": "beta1", "betas[1]": "beta2", "eps": "epsilon", "weight_decay": "wd"}
OTHER = {
    "lr": "step_size",
    "betas[0]": "decay_rates[0]",
    "betas[1]": "decay_rates[1]",
    "eps": "delta",
    "weight_decay": "l2",
}
M, V = "exp_avg", "exp_avg_sq"
FOUND: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str], str]] = {
    "torch": ({}, {}, {}, "step"),
    "spelled": (SPELLED, {}, {M: f"s_{M}", V: f"s_{V}"}, "step"),
    "other": (OTHER, {}, {M: f"kept {M}", V: f"kept {V}"}, "step"),
    "unlike": ({}, SPELLED, {}, "count"),
    "int": ({}, {}, {}, "count"),
    "group": ({}, {}, {}, "group:k"),
    "optimizer": ({}, {}, {}, "optimizer:made"),
    "nested": (SPELLED, {}, {M: f"inner/m~1{M}", V: f"inner/m~1{V}"}, "inner/step"),
    "attribute": ({}, {}, {M: f"optimizer:kept/*/{M}", V: f"optimizer:kept/*/{V}"}, "count"),
    "id": ({}, {}, {M: f"optimizer:kept/*/{M}", V: f"optimizer:kept/*/{V}"}, "step"),
    "packed": ({}, {}, {M: "packed/0", V: "packed/1"}, "count"),
    "listed": (OTHER, {}, {M: "buffers/0", V: "buffers/1"}, "step"),
    "once": (SPELLED, {keyword: f"optimizer:rates/{name}" for keyword, name in SPELLED.items()}, {}, "optimizer:made"),
}
"""By style: names of the constructor, of the groups, of the states, and of the count."""


def first(names: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {keyword: places[0] for keyword, places in names.items()}


@pytest.mark.parametrize("style", sorted(FOUND))
def test_settings_states_and_counts_are_found(style: str, session: Session) -> None:
    """Names and places are those with which the class was built, and its formula agrees."""
    item = recognise(f"{FILE}:{ADAMW}__{style}", "adam", {}, session)
    assert item.options == {"decay": "decoupled"}
    found = first(dict(item.keywords)), first(dict(item.in_groups)), dict(item.states), item.counter
    assert found == FOUND[style]
    result = result_of(unit_of(item, "agreement/local", cases=3), session)
    assert result.verdict is Verdict.PASS, result.reason
    assert result.figures.element_cases > 10_000


@pytest.mark.parametrize("family", FAMILIES)
def test_a_class_of_every_rule_is_judged_under_other_names(family: str, session: Session) -> None:
    """Each rule, in one style after the other, has states that are found and a formula that agrees."""
    style = sorted(FOUND)[FAMILIES.index(family) % len(FOUND)]
    digits = "0" * len(book.families()[family].options)
    item = recognise(f"{FILE}:{family}__{digits}__{style}", family, {}, session)
    assert "" not in item.states.values()
    result = result_of(unit_of(item, "agreement/local", cases=2), session)
    assert result.verdict is Verdict.PASS, result.reason


@pytest.mark.parametrize("style", ["nested", "once"])
def test_a_script_sets_what_is_kept_elsewhere(style: str, session: Session, shows: Run) -> None:
    """A mistake that a parameter under way shows is shown by a script that knows nothing of this project."""
    item = recognise(f"{FILE}:{ADAMW}__{style}_late", "adam", {"decay": "decoupled"}, session)
    result = result_of(unit_of(item, "agreement/local", cases=1), session)
    assert result.verdict is Verdict.FAIL, result.reason
    script = result.findings[0].script
    assert "play(optimizer, [p0]" in script
    shows(script)


def test_what_is_told_is_not_looked_for(session: Session) -> None:
    """A setting and a state are what the user says they are."""
    told = Stated({"lr": "step_size"}, {M: "kept exp_avg"})
    item = recognise(f"{FILE}:{ADAMW}__other", "adam", {"decay": "decoupled"}, session, told)
    assert item.keywords["lr"] == ("step_size",)
    assert item.states[M] == "kept exp_avg"
    assert item.told["states"] == {M: "kept exp_avg"}
