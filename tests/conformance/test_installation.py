"""A library that a worker can import is judged; one that it cannot is said to be not run, with the reason."""

from __future__ import annotations

import pytest

from conformance import installation
from conformance.cli import main
from conformance.installation import find, probe
from impls.catalogue import CATALOGUE
from impls.libraries import LIBRARIES, OTHERS, Library
from impls.session import Session
from spec import rules as book

ABSENT = Library("absent", "no_such_library", "no-such-library", ())
PRESENT = Library("hypothesis", "hypothesis", "hypothesis", CATALOGUE[:1])


def test_a_library_is_probed_in_the_worker() -> None:
    """The version is that of the package, and a missing module is the reason."""
    with Session() as session:
        version, reason = probe(PRESENT, session)
        assert version[0].isdigit()
        assert not reason
        version, reason = probe(ABSENT, session)
    assert not version
    assert "No module named 'no_such_library'" in reason


def test_what_is_not_installed_is_not_run_and_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are judged all the same."""
    monkeypatch.setattr(installation, "LIBRARIES", {"absent": ABSENT, "hypothesis": PRESENT})
    found = find(["torch", "absent", "hypothesis"], None)
    assert found.implementations == (*CATALOGUE, *PRESENT.implementations)
    assert len(found.not_run) == 1
    assert found.not_run[0].startswith("not run: absent: ModuleNotFoundError")
    assert "pip install 'stepproof[absent]'" in found.not_run[0]


def test_an_unknown_library_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest name is offered."""
    assert main(["report", "--library", "optaks"]) == 2
    assert "did you mean optax" in capsys.readouterr().err


@pytest.mark.parametrize("item", OTHERS, ids=lambda item: item.identifier)
def test_every_entry_claims_a_rule_of_the_book(item: object) -> None:
    """Its rule and options exist, and its states, switches and keywords speak of that rule."""
    entry = next(i for i in OTHERS if i is item)
    rule = book.build(entry.rule, entry.options)
    states, keywords = {s.keyword for s in rule.states}, {h.keyword for h in rule.hyperparameters}
    switched = [book.build(entry.rule, {**entry.options, **dict([o])}) for o in entry.switches.values()]
    states |= {s.keyword for other in switched for s in other.states}
    assert entry.states.keys() <= states | {"exp_avg", "exp_avg_sq"}
    assert {*entry.fixed, *entry.domains} <= keywords
    assert entry.library in LIBRARIES
    assert entry.identifier.startswith(f"{entry.library}.")
