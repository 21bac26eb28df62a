"""Whether a clause applies is seen in a step: words in a source file decide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract.clauses import BY_IDENTIFIER
from conformance.engine.claim import Plan
from conformance.engine.verdict import Level, Verdict
from conformance.optimizers.subject import WorkerSubject
from conformance.recognition.optimizer import recognise
from impls.session import Session
from tests.builders import entry, result_of, subject_of, unit_of

FOLDER = Path(__file__).parent
COMPLEX, DEVICE = BY_IDENTIFIER["elements/complex"], BY_IDENTIFIER["whole/default-device"]
BETAS = BY_IDENTIFIER["hyperparameters/tensor-betas"]


def _subject(target: str, session: Session) -> WorkerSubject:
    item = recognise(f"{FOLDER / target}", "sgd", {}, session)
    return subject_of(item, session)


def test_an_optimizer_that_speaks_of_complex_and_refuses_it_is_not_asked(session: Session) -> None:
    """A comment about something too complex claims no complex parameters; the refusal is the reason."""
    reason = COMPLEX.applies(_subject("words.py:RealNumbersAlone", session))
    assert reason == "it takes no complex parameter: TypeError: real numbers alone"


@pytest.mark.parametrize(("name", "broken"), [("Descent", False), ("ByItsLength", True)])
def test_an_optimizer_that_takes_complex_parameters_in_silence_is_asked(
    name: str, broken: bool, session: Session
) -> None:
    """What makes a step with a complex parameter is held to it, whatever its source says."""
    subject = _subject(f"wordless.py:{name}", session)
    assert "complex" not in (FOLDER / "wordless.py").read_text()
    assert not COMPLEX.applies(subject)
    assert bool(COMPLEX.judge(subject, Plan(1, 1, 0)).tally.failures) is broken


@pytest.mark.parametrize(("name", "level"), [("ByItsLength", Level.SHOULD), ("TorchsByItsLength", Level.MUST)])
def test_complex_numbers_must_be_right_of_whom_somebody_says_so(name: str, level: Level, session: Session) -> None:
    """Torch says so of its own classes and of what inherits from them; of others it only should hold."""
    item = recognise(f"{FOLDER / 'wordless.py'}:{name}", "sgd", {}, session)
    result = result_of(unit_of(item, "elements/complex"), session)
    assert (result.verdict, result.level) == (Verdict.FAIL, level)
    assert {finding.level for finding in result.findings} == {level}
    assert ("nobody says that it steps complex parameters" in result.reason) is (level is Level.SHOULD)


@pytest.mark.parametrize(("name", "broken"), [("Descent", False), ("RateWhereverItLies", True)])
def test_the_default_device_concerns_every_optimizer(name: str, broken: bool, session: Session) -> None:
    """No word promises or excuses what happens on another default device."""
    subject = _subject(f"wordless.py:{name}", session)
    assert not DEVICE.applies(subject)
    assert bool(DEVICE.judge(subject, Plan(1, 1, 0)).tally.failures) is broken


@pytest.mark.parametrize(("name", "asked"), [("torch.Muon", True), ("torch.Adafactor", False)])
def test_only_what_multiplies_matrices_is_asked_about_tensors_made_to_one(
    name: str, asked: bool, session: Session
) -> None:
    """Means over a whole tensor are not those of matrices made of it: a rule with such ones is not asked."""
    reason = BY_IDENTIFIER["elements/flattened"].applies(subject_of(entry(name), session))
    assert reason == ("" if asked else "its rule multiplies no matrices")


@pytest.mark.parametrize("name", ["RefusesTensors", "SaysThatItRefuses"])
def test_what_refuses_betas_as_tensors_is_not_asked(name: str, session: Session) -> None:
    """The refusal is the reason; that an annotation has the word claims nothing."""
    item = recognise(f"{FOLDER / 'untyped.py'}:{name}", "adamw", {}, session)
    reason = BETAS.applies(subject_of(item, session))
    assert reason == "it takes no Tensor as its `betas`: TypeError: betas are numbers alone"


def test_what_takes_betas_as_tensors_in_silence_is_asked(session: Session) -> None:
    """It is right with them, and nothing is said of it."""
    item = recognise(f"{FOLDER / 'untyped.py'}:TakesTensors", "adamw", {}, session)
    assert result_of(unit_of(item, BETAS.identifier), session).verdict is Verdict.PASS
    shared = result_of(unit_of(item, "groups/settings-not-shared"), session)
    assert shared.verdict is Verdict.PASS


@pytest.mark.parametrize(("name", "level"), [("WrongWithTensors", Level.SHOULD), ("TypedAndWrong", Level.MUST)])
def test_betas_as_tensors_must_be_right_where_their_type_has_one(name: str, level: Level, session: Session) -> None:
    """Of what takes them by its arithmetic alone it only should hold."""
    item = recognise(f"{FOLDER / 'untyped.py'}:{name}", "adamw", {}, session)
    result = result_of(unit_of(item, BETAS.identifier), session)
    assert (result.verdict, result.level) == (Verdict.FAIL, level)
    assert ("no type of its `betas` has a Tensor" in result.reason) is (level is Level.SHOULD)
