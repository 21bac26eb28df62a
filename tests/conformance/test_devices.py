"""A device is one description: the command line, the paths and what is said to be not run follow from it."""

from __future__ import annotations

import pytest

from conformance import claims
from conformance.catalogue import optimizer_units
from conformance.cli import main
from conformance.commands.run_part import RunPart
from conformance.engine.ledger import OPTIMIZERS
from impls.catalogue.entries import ExecutionPath
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import DEVICES, FLOATS, HOST, Device
from impls.libraries import OTHERS
from reference.profile import Profile
from tests.builders import entry

FAKE = Device("fake", "FAKE", ("float32", "bfloat16"), flushes=True, units={"root": 3.0}, scalar="float32")
EAGER = ["single-tensor", "foreach"]


@pytest.fixture
def _described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe a third device, and touch nothing else."""
    monkeypatch.setitem(DEVICES, FAKE.name, FAKE)


@pytest.mark.usefixtures("_described")
def test_the_command_line_offers_a_device_that_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    """It is one of those that `--device` takes."""
    with pytest.raises(SystemExit):
        main(["check", "torch.SGD", "--device", "fakes"])
    said = capsys.readouterr().err
    assert all(name in said.partition("choose from")[2] for name in (HOST, "cuda", "fake"))


@pytest.mark.usefixtures("_described")
def test_a_device_that_a_machine_has_not_is_said_to_be_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for, nothing is judged; not asked for, the report of the others says it."""
    assert main(["check", "torch.SGD", "--device", "fake"]) == 2
    assert "not run: no FAKE device" in capsys.readouterr().out
    part = RunPart((entry("torch.SGD"),), (), 1.0, 0)
    assert "not run: no FAKE device" in part.not_run(["cpu", "cuda"])
    assert "not run: no FAKE device" not in part.not_run(["cpu", "fake"])


@pytest.mark.usefixtures("_described")
def test_what_is_judged_on_a_device_follows_from_its_description() -> None:
    """Every path that names no device is judged there: in its formats, under the wider of both profiles."""
    names = claims.identifiers(OPTIMIZERS)
    units = optimizer_units.units(CATALOGUE, device="fake", dtypes=FLOATS, properties=names, budget=1.0, seed=0)
    mine = [unit for unit in units if unit.implementation.identifier == "torch.SGD"]
    assert [(u.path.name, u.dtype) for u in mine] == [(p, d) for p in EAGER for d in FAKE.dtypes]
    for unit in units:
        profile = str(Profile.from_mapping(unit.path.profile, unit.implementation.rule))
        assert "subnormals flushed" in profile
        assert "root within 3 units" in profile
    assert {u.implementation.identifier for u in units} == {item.identifier for item in CATALOGUE}


@pytest.mark.usefixtures("_described")
def test_a_format_that_a_device_does_not_hold_is_said_to_be_not_run() -> None:
    """No cell is missing without a word."""
    part = RunPart((entry("torch.SGD"),), (), 1.0, 0, device="fake")
    assert {unit.cell("").dtype for unit in part.units()} == set(FAKE.dtypes)
    said = [sentence for sentence in part.not_run([HOST]) if "no such format on fake" in sentence]
    assert [sentence.split(":")[1].strip() for sentence in said] == ["float64", "float16"]


def test_the_wider_of_both_profiles_holds() -> None:
    """A path keeps what is wider than the device's, and scalars that it does not leave to it."""
    path = ExecutionPath("a", profile={"units": {"root": 8.0, "divide": 1.0}, "scalar": "float64"})
    assert path.on(FAKE).profile == {**path.profile, "flush": True}
    left = ExecutionPath("b", scalars_to_device=True).on(FAKE).profile
    assert left == {"flush": True, "units": {"root": 3.0}, "scalar": "float32", "forms": ("*",)}
    assert path.on(FAKE).on(FAKE) == path.on(FAKE)


def test_the_host_changes_no_path() -> None:
    """What an entry declares is what is judged on the CPU."""
    for item in (*CATALOGUE, *OTHERS):
        there = [path for path in item.paths if path.runs_on(HOST)]
        assert there
        assert [(p.name, p.dtypes, p.profile) for p in item.paths_on(HOST)] == [
            (p.name, p.dtypes, p.profile) for p in there
        ]
