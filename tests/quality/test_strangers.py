"""A right class is judged by its formula, whatever it calls its settings and wherever it keeps its states."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cli import main
from conformance.contract.clauses import CLAUSES
from conformance.engine.claim import level_of
from conformance.engine.verdict import Level, Verdict
from conformance.optimizers.properties import PROPERTIES
from conformance.recognition.constructor import Stated
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from spec.rule import UpdateRule
from tests.builders import claim as claim_of
from tests.builders import result_of, results_of, unit_of
from tests.conftest import Run

FILE = Path(__file__).with_name("strangers.py")
OWN_PROGRAMS = ("distributed/", "whole/import", "whole/leaves-nothing")
ASKED = [claim.identifier for claim in (*CLAUSES, *PROPERTIES) if not claim.identifier.startswith(OWN_PROGRAMS)]
CALM = {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.DEVIATION}
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


def accusations(rule: UpdateRule, style: str, asked: list[str], session: Session) -> list[tuple[str, Verdict, str]]:
    """Return what the class of a rule is accused of and what is left open, but for what only should hold."""
    options = book.families()[rule.name].options
    digits = "".join(str(list(option.values).index(rule.options[option.name])) for option in options)
    item = recognise(f"{FILE}:{rule.name}__{digits}__{style}", rule.name, dict(rule.options), session)
    found = results_of(unit_of(item, *asked, cases=3), session)
    wrong = [result for result in found if result.verdict not in CALM and result.shown is not Level.SHOULD]
    return [(result.cell.property, result.verdict, result.reason) for result in wrong]


@pytest.mark.parametrize("style", sorted(FOUND))
def test_no_style_breaks_the_contract(style: str, session: Session) -> None:
    """The clauses are dealt out to the styles: of its own each style breaks none, and leaves none open."""
    place = sorted(FOUND).index(style)
    assert accusations(book.build("adam", {"decay": "decoupled"}), style, ASKED[place :: len(FOUND)], session) == []


@pytest.mark.thorough
@pytest.mark.parametrize("style", sorted(FOUND))
@pytest.mark.parametrize("family", FAMILIES)
def test_no_rule_in_any_style_breaks_the_contract(family: str, style: str, session: Session) -> None:
    """Every clause is asked of every rule in every style, of one variant after the other."""
    variants = book.families()[family].variants()
    rule = variants[(sorted(FOUND).index(style) + len(FOUND) * FAMILIES.index(family)) % len(variants)]
    assert accusations(rule, style, ASKED, session) == []


@pytest.mark.thorough
@pytest.mark.parametrize("style", sorted(FOUND))
def test_the_command_passes_a_class_of_every_style(style: str, tmp_path: Path) -> None:
    """Without a word about its settings and states it exits with 0: every mutant is killed, and every cell decided."""
    family = FAMILIES[sorted(FOUND).index(style)]
    digits = "0" * len(book.families()[family].options)
    given = ["check", f"{FILE}:{family}__{digits}__{style}", "--rule", family, "--dtype", "float32"]
    assert main([*given, "--output", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize(("style", "level"), [("group", Level.SHOULD), ("int", Level.MUST)])
def test_one_count_for_several_parameters_is_no_mistake(style: str, level: Level, session: Session) -> None:
    """Where one t counts for all, a late parameter only should begin at one; elsewhere it must."""
    item = recognise(f"{FILE}:{ADAMW}__{style}", "adam", {"decay": "decoupled"}, session)
    subject = unit_of(item).subject(session)
    for claim in (claim_of("groups/late-first-gradient"), claim_of("gradients/late")):
        assert level_of(claim, subject) is level


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
