"""What an optimizer is, is told from its steps alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from rich.console import Console

from conformance.commands.confusions import hidden, row_of
from conformance.commands.identify import claim_of, described, show
from conformance.engine.verdict import Verdict
from conformance.recognition.constructor import NotJudgeableError, Stated
from conformance.recognition.identification.candidates import Candidate
from conformance.recognition.identification.equality import proven_equal
from conformance.recognition.identification.identity import identify
from conformance.recognition.identification.search import Limits
from conformance.recognition.identification.slots import constructor_of, settings
from conformance.recognition.optimizer import recognise
from impls.session import Session
from spec import rules as book
from tests.builders import entry, result_of, unit_of

STRANGE = Path(__file__).with_name("strange_optimizers.py")
WRONG = Path(__file__).parents[1] / "quality" / "wrong_optimizers.py"
HIDDEN = {
    "SGD": "sgd(nesterov=no, decay=coupled, maximize=no)",
    "AdamW": "adam(decay=decoupled, amsgrad=no, epsilon=outside, maximize=no, averages=raw)",
    "RMSprop": "rmsprop(centered=no, epsilon=outside, start=zero, momentum=lr_outside, decay=coupled, maximize=no)",
    "Adagrad": "adagrad(epsilon=outside, decay=coupled, maximize=no)",
    "NAdam": "nadam(average=beta1, schedule=rising, decay=coupled, maximize=no)",
    "Rprop": "rprop(maximize=no)",
    "SparseAdam": "sparse_adam(maximize=no)",
}


def strange(name: str) -> str:
    return f"{STRANGE}:{name}"


@pytest.mark.parametrize("name", HIDDEN)
def test_an_optimizer_of_torch_is_identified_behind_hidden_names(name: str, session: Session) -> None:
    """Rule and options are right where the names of class, settings and states tell nothing."""
    found = identify(hidden(f"torch.optim:{name}"), session)
    assert found.best is not None
    assert found.best.rule.label == HIDDEN[name]
    assert found.within_rounding


def test_a_switch_is_found_out(session: Session) -> None:
    """What a keyword turns on is told by the steps with it, whatever it is called."""
    found = identify(hidden("torch.optim:RMSprop"), session)
    turned = {tuple(sorted(s.rule.rule.options.items())) for s in found.switches if s.rule is not None}
    centered = book.build("rmsprop", {"decay": "coupled", "centered": "yes"})
    assert tuple(sorted(centered.options.items())) in turned


def test_a_switch_that_a_rule_has_beside_fewer_settings_is_found_out(session: Session) -> None:
    """Nesterov's momentum has no dampening in the book: with that at 0 its steps are explained."""
    found = identify(strange("NesterovBesideDampening"), session)
    (switch,) = found.switches
    assert switch.rule is not None
    assert switch.rule.rule.label == book.build("sgd", {"nesterov": "yes"}).label


@pytest.mark.parametrize(("name", "decay"), [("Sign", "decoupled"), ("CoupledSign", "coupled")])
def test_the_options_of_a_claimed_rule_are_found_out(name: str, decay: str, session: Session) -> None:
    """The first line of a check says which options hold, and how to claim another."""
    claim = claim_of(strange(name), "lion", {}, session)
    assert claim.options == {"decay": decay}
    assert claim.sentence == f"lion with decay={decay}, as its steps show; --option decay=... to claim another"


def test_an_option_that_is_given_is_claimed(session: Session) -> None:
    """It stands, and the line says where the steps differ from it."""
    claim = claim_of(strange("Sign"), "lion", {"decay": "coupled"}, session)
    assert claim.options == {"decay": "coupled"}
    assert claim.sentence.startswith(f"no variant of lion explains the steps of {strange('Sign')}; lion with ")
    assert "differs first at step 1" in claim.sentence


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("EpsilonInsideWithAmsgrad", "makes the steps of amsgrad=raw, epsilon=inside"),
        ("UncorrectedEpsilonInsideWithAmsgrad", "makes steps that no rule of the book explains"),
    ],
)
def test_a_switch_that_does_something_else_is_claimed_by_its_name(name: str, steps: str, session: Session) -> None:
    """A variant that is wrong is judged as what torch's keyword of that name chooses, and the line says so."""
    target = f"{WRONG}:{name}"
    claim = claim_of(target, "", {}, session)
    told = claim.told(Stated())
    assert (claim.rule, claim.options) == ("adam", {"decay": "decoupled"})
    assert told.switches == {"amsgrad": ("amsgrad", "raw")}
    assert claim.sentence.endswith(f"; amsgrad=True {steps}: it is judged as amsgrad=raw, as its name says")
    item = recognise(target, claim.rule, claim.options, session, told)
    result = result_of(unit_of(item, "agreement/local", cases=6), session)
    assert result.verdict is Verdict.FAIL
    assert all(finding.case["switches"] == "amsgrad" for finding in result.findings)


def test_a_rule_is_found_where_none_is_claimed(session: Session) -> None:
    """Settings have their parts in it, whatever they are called."""
    claim = claim_of(strange("Sign"), "", {}, session)
    assert (claim.rule, claim.options) == ("lion", {"decay": "decoupled"})
    lines = list(described(identify(strange("Sign"), session)))
    assert "  settings     speed is lr, near is betas[0], far is betas[1], pull is weight_decay" in lines


def test_a_setting_that_does_something_else_is_named(session: Session) -> None:
    """The rule is the one that fits without it, and where it differs with it is said."""
    found = identify(strange("DecaysByTheSameForAll"), session)
    assert found.best is not None
    assert found.best.rule.name == "sgd"
    ((slot, agreement),) = found.astray.items()
    assert (slot.label, agreement.steps) == ("weight_decay", 0)
    assert "  no effect    weight_decay" not in described(found)
    assert any(
        line.startswith("  not its own  weight_decay: it is so at its default 0 alone") for line in described(found)
    )


def test_what_keeps_all_digits_is_not_taken_for_what_agrees_in_half_of_them(session: Session) -> None:
    """A sign is no quotient by a root of which the epsilon was made up: it is the sign that its default makes."""
    found = identify(strange("SignOfMomentum"), session)
    assert found.best is not None
    assert found.best.rule.name == "lion"
    assert [slot.label for slot in found.astray] == ["momentum"]


@pytest.mark.parametrize(
    ("heavy", "rule", "named"), [(True, "sgd", {"lr", "momentum"}), (False, "adam", {"lr", "eps"})]
)
def test_settings_of_groups_alone_have_their_parts(heavy: bool, rule: str, named: set[str], session: Session) -> None:
    """What a constructor does not name is given in the groups, beside the flags that they must have."""
    target = f"{STRANGE.parents[1]}/quality/odd_constructors.py:InGroups"
    found = identify(target, session, told=Stated(flags={"heavy": heavy}))
    assert found.best is not None
    assert found.best.rule.name == rule
    assert named <= set(found.best.named)


def test_a_setting_without_effect_is_named(session: Session) -> None:
    """A decay that changes no step is none."""
    found = identify(strange("ForgetsDecay"), session)
    assert found.best is not None
    assert found.best.rule.options["decay"] == "none"
    assert "  no effect    weight_decay" in described(found)


def test_a_setting_that_is_refused_beside_others_costs_none_of_them_its_part(session: Session) -> None:
    """What is refused is not tried and is said to be so; the others are at work one by one."""
    found = identify(strange("Nesterov"), session)
    assert found.best is not None
    assert found.best.rule.label == book.build("sgd", {"nesterov": "yes", "decay": "coupled"}).label
    assert set(found.best.named) == {"lr", "momentum", "weight_decay"}
    told = list(described(found))
    assert "  not tried    dampening: it stays at its default 0" in told
    assert not any(line.startswith("  no effect") for line in told)


def test_a_setting_that_is_none_by_default_has_its_part(session: Session) -> None:
    """It is given a number, and does what the rule's setting does."""
    found = identify(strange("MayHaveMomentum"), session)
    assert found.best is not None
    assert found.best.rule.name == "sgd"
    assert found.best.named["momentum"].unset


def test_a_switch_beside_which_a_setting_is_refused_is_turned(session: Session) -> None:
    """The setting is judged then, and both lines of what is found say which switch is given."""
    target = strange("RefusesARate")
    claim = claim_of(target, "", {}, session)
    assert claim.sentence == "sgd, as its steps show; own_rate=False is given: otherwise it refuses a setting"
    assert claim.told(Stated()).arguments == {"own_rate": False}
    assert "  turned       own_rate=False: otherwise it refuses a setting" in described(identify(target, session))
    item = recognise(target, claim.rule, claim.options, session, claim.told(Stated()))
    assert result_of(unit_of(item, "agreement/local", cases=6), session).verdict is Verdict.PASS


def test_the_table_of_confusions_says_what_is_right(session: Session) -> None:
    """A row holds what an entry is taken for, what is proven to be the same, and whether its entry says so."""
    row = row_of(entry("torch.SparseAdam"), session)
    assert row.right
    assert row.cells[:3] == ("torch.SparseAdam", "sparse_adam(maximize=no)", "yes")
    same = "adam(decay=none, amsgrad=no, epsilon=before_correction, maximize=no, averages=raw)"
    assert row.cells[3] == f"{same} (proven equal)"
    wrong = dataclasses.replace(entry("torch.SparseAdam"), rule="adamw", options={})
    assert not row_of(wrong, session).right


def test_what_is_no_rule_of_the_book_is_said_to_be_none(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest rule is named with where it differs, and nothing is judged without a claim."""
    assert show(Console(), strange("CubeRoot"), session) == 2
    assert "implements no rule of the book" in capsys.readouterr().out
    with pytest.raises(NotJudgeableError, match=r"nearest .* differs first at step 1, by .*--rule NAME"):
        claim_of(strange("CubeRoot"), "", {}, session)


def test_candidates_that_are_one_update_are_proven_to_be(session: Session) -> None:
    """Additive Yogi from zeros is Adam; RAdam's thresholds differ where no step of a trial is."""
    adam = identify("torch.optim:AdamW", session, Limits(("adam", "yogi")))
    assert [other.rule.name for other in adam.fitting] == ["adam", "yogi"]
    assert proven_equal(adam.fitting[0], adam.fitting[1])
    radam = identify("torch.optim:RAdam", session, Limits(("radam",)))
    assert [other.rule.options["threshold"] for other in radam.fitting] == ["above_5", "from_5"]
    assert not proven_equal(radam.fitting[0], radam.fitting[1])


def test_unlike_rules_are_not_proven_equal() -> None:
    """Coupled and decoupled decay are two updates, with the same states and settings."""
    one, other = (book.build("adam", {"decay": kind}) for kind in ("coupled", "decoupled"))
    fixed = {h.symbol.name: h.default for h in one.hyperparameters}
    assert proven_equal(Candidate(one, {}, fixed), Candidate(one, {}, fixed))
    active = {**fixed, "lambda": 0.5}
    assert not proven_equal(Candidate(one, {}, active), Candidate(other, {}, active))


def test_every_number_of_a_signature_has_a_slot_of_its_own() -> None:
    """Numbers differ, several under one keyword stay together, and counts keep their default."""
    signature = [
        {"name": "params", "kind": "positional_or_keyword"},
        {"name": "lr", "kind": "positional_or_keyword", "default": 1e-3},
        {"name": "betas", "kind": "positional_or_keyword", "default": [0.9, 0.999]},
        {"name": "steps", "kind": "positional_or_keyword", "default": 5},
        {"name": "momentum", "kind": "positional_or_keyword", "default": None},
        {"name": "maximize", "kind": "positional_or_keyword", "default": False},
    ]
    found = constructor_of(signature, {}, function=False)
    assert [slot.label for slot in found.slots] == ["lr", "betas[0]", "betas[1]", "steps"]
    assert len({slot.value for slot in found.slots}) == 4
    assert settings(found.slots)["steps"] == 5
    assert settings(found.slots)["betas"] == [found.slots[1].value, found.slots[2].value]
    assert (dict(found.switches), found.unset) == ({"maximize": False}, ("momentum",))


def test_torchs_own_switches_are_no_settings() -> None:
    """What chooses a path and is None at first is no number that was left out."""
    signature = [{"name": "params", "kind": "positional_or_keyword"}]
    signature += [{"name": name, "kind": "keyword_only", "default": None} for name in ("foreach", "fused", "momentum")]
    assert constructor_of(signature, {}, function=False).unset == ("momentum",)
