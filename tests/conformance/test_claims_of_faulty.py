"""What a faulty optimizer is judged as: what it claims, with the options that its steps show apart from the fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.identify import claim_of
from conformance.engine.verdict import Verdict
from conformance.optimizers.torch_class import CLASS, Mistake, written
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from spec.mutants import mutants
from tests.builders import result_of, unit_of

STRANGE = Path(__file__).with_name("strange_optimizers.py")
FAULTY = [
    ("adam", {"decay": "decoupled"}, "second moment: beta1 for beta2"),
    ("adam", {"decay": "decoupled"}, "decoupled decay: sign of -eta*lambda"),
    ("adam", {"decay": "decoupled"}, "first moment: sign of g*(1 - beta1)"),
    ("adam", {"decay": "decoupled", "epsilon": "inside"}, "first moment: beta2 for beta1"),
    ("adam", {"decay": "coupled"}, "update: sign of theta"),
    ("adan", {"decay": "proximal"}, "average gradient: without beta1*m"),
    ("adan", {"decay": "proximal", "betas": "new"}, "average gradient: sign of beta1*g"),
    ("adabelief", {}, "first moment: beta2 for beta1"),
    ("rmsprop", {}, "second moment: without factor v"),
]
"""A rule and its options, and which of its lines is wrong in which way."""


@pytest.mark.parametrize(("name", "options", "fault"), FAULTY)
def test_a_fault_is_judged_by_the_options_that_show_beside_it(
    name: str, options: dict[str, str], fault: str, tmp_path: Path, session: Session
) -> None:
    """Whichever variant is nearest, the one with this fault is judged, and the line says so."""
    rule = book.build(name, options)
    wrong = next(mutant.wrong for mutant in mutants(rule, book.family(name)) if mutant.name == fault)
    (tmp_path / "faulty.py").write_text(written(rule, fault, Mistake(wrong)))
    claim = claim_of(f"{tmp_path / 'faulty.py'}:{CLASS}", name, {}, session)
    assert book.build(name, claim.options).options == rule.options
    assert "judged" in claim.sentence


def test_steps_up_the_gradient_are_claimed_or_wrong(session: Session) -> None:
    """Nothing shows that to follow the gradient is meant, until it is said."""
    target = f"{STRANGE}:ClimbingSign"
    claim = claim_of(target, "lion", {}, session)
    assert claim.options == {"decay": "decoupled"}
    assert claim.sentence == (
        "lion with decay=decoupled is judged: its steps follow the gradient, as with maximize=yes; "
        "--option maximize=yes to claim that"
    )
    assert claim_of(target, "", {}, session).options == {"decay": "decoupled"}
    said = {"maximize": "yes"}
    assert claim_of(target, "lion", said, session).sentence.startswith("lion with decay=decoupled, maximize=yes, as")


def test_a_setting_without_effect_is_told_in_the_first_line(session: Session) -> None:
    """A decay that changes no step is none, which is said."""
    claim = claim_of(f"{STRANGE}:ForgetsDecay", "sgd", {}, session)
    assert claim.options == {"decay": "none"}
    assert claim.sentence == "sgd, as its steps show; without effect: weight_decay"


def test_a_state_of_another_size_than_the_rules_is_not_read(session: Session) -> None:
    """What has its name and is one number for a tensor is another rule's, with a switch too: trajectories judge."""
    item = recognise(f"{STRANGE}:OneNumberForAll", "adam", {}, session)
    assert item.states == dict.fromkeys(("exp_avg", "exp_avg_sq", "max_exp_avg_sq"), "")
    result = result_of(unit_of(item, "agreement/trajectory"), session)
    assert result.verdict is Verdict.FAIL, result.reason


def test_a_rate_that_is_not_heard_is_not_judged_and_said_to_be_untried(session: Session) -> None:
    """A setting that is None by default and changes no step is held as it is, where another one outdoes it."""
    item = recognise(f"{STRANGE}:RateOfItsOwn", "sgd", {}, session)
    assert item.fixed["lr"] == 1e-3
    assert "lr" in item.untried
    result = result_of(unit_of(item, "agreement/local"), session)
    assert result.verdict is Verdict.PASS, result.reason
