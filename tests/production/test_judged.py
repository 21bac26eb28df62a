"""A sample of what `tox run -e production` judges whole."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from conformance.catalogue.optimizer_units import units
from conformance.engine import ledger
from conformance.engine.verdict import Verdict
from impls.libraries import LIBRARIES
from impls.session import Session
from tests.builders import results_of

OURS = LIBRARIES["stepproof_optim"]
GOOD = {Verdict.PASS, Verdict.NOT_APPLICABLE}
SAMPLE = ("agreement/local", "state/round-trip", "groups/settings-not-shared", "hyperparameters/refused-in-group")


@pytest.mark.parametrize(("name", "path", "dtype"), [("AdamW", "foreach", "float32")])
def test_a_sample_conforms(name: str, path: str, dtype: str, production_session: Session) -> None:
    """No cell of the sample fails, deviates or is undecided."""
    item = next(i for i in OURS.implementations if i.identifier.endswith(f".{name}"))
    item = dataclasses.replace(item, paths=tuple(p for p in item.paths if p.name == path))
    (unit,) = units((item,), device="cpu", dtypes=(dtype,), properties=SAMPLE, budget=0.1, seed=0)
    results = results_of(dataclasses.replace(unit, measure_power=False), production_session)
    assert len(results) == len(SAMPLE)
    assert not [f"{r.cell}: {r.verdict} {r.reason}" for r in results if r.verdict not in GOOD]


def test_no_deviation_is_known() -> None:
    """The ledger of what we ship has no entry."""
    kept = tomllib.loads((Path(ledger.__file__).parents[1] / "ledger" / "stepproof_optim.toml").read_text())
    assert kept == {}
