"""What is in the catalogue is recognised as its entry, with the switches and paths that stand there."""

from __future__ import annotations

import pytest

from conformance.recognition.optimizer import recognise
from impls.catalogue.entries import Implementation
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.session import Session

DISTINCT = [item for item in CATALOGUE if not item.adapts]


@pytest.mark.parametrize("item", DISTINCT, ids=lambda item: item.identifier)
def test_an_entry_is_recognised_by_its_target_rule_and_options(item: Implementation, session: Session) -> None:
    """A stored case names these three: it is replayed with the switches of the entry that it came from."""
    found = recognise(item.target, item.rule, dict(item.options), session)
    assert (found.target, found.options, found.switches) == (item.target, item.options, item.switches)
