"""The configuration of a gate says what is wrong with it, and finds the classes of a project."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from conformance.commands.gate import cut, located
from conformance.commands.gate_parts import asked_of, properties
from conformance.commands.proposals import claimed_by_name
from conformance.commands.usage_errors import UsageError
from conformance.configuration.discovery import ClassSort, scanned
from conformance.configuration.reading import ConfigurationError, converted, find, read
from conformance.configuration.schema import SCHEMA, schema_text
from conformance.configuration.settings import FileFormat, OptimizerTable
from conformance.configuration.writing import Proposal, written
from conformance.exchange import NAMES

TABLE: dict[str, Any] = {
    "budget": 3,
    "optimizers": [{"target": "a.b:C", "rule": "adam", "options": {"decay": "decoupled"}}],
    "schedulers": [{"target": "a.b:D"}],
}


def test_a_configuration_is_read_from_a_project_and_from_a_file_of_its_own(tmp_path: Path) -> None:
    """The nearest one counts, and its folder is where its paths are meant from."""
    (tmp_path / "pyproject.toml").write_text('[tool.stepproof]\n[[tool.stepproof.optimizers]]\ntarget = "a:B"\n')
    inner = tmp_path / "inner" / "deep"
    inner.mkdir(parents=True)
    assert find(inner) == tmp_path / "pyproject.toml"
    (tmp_path / "inner" / "stepproof.toml").write_text('[[schedulers]]\ntarget = "a:C"\n')
    assert find(inner) == tmp_path / "inner" / "stepproof.toml"
    assert [table.target for table in read(tmp_path / "pyproject.toml").settings.optimizers] == ["a:B"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"buget": 3}, "has no key `buget`; did you mean `budget`?"),
        ({"budget": -1}, "`budget = -1`: expected `float` > 0.0"),
        ({"jobs": 0}, "`jobs = 0`: expected `int` >= 1"),
        ({"levels": {"state/*": "often"}}, "give one of must, should"),
        ({"optimizers": [{"target": "a:B", "dtypes": ["float8"]}]}, "give one of float64, float32, bfloat16, float16"),
        ({"optimizers": [{"target": "a:B", "optons": {}}]}, "optimizers 1 (a:B) has no key `optons`; did you mean"),
        ({"formats": ["float32"]}, "give one of annotations, badge, ctrf"),
        ({"formats": ["float32"]}, "formats of numbers are the key `dtypes`"),
        ({"optimizers": [{"rule": "adam"}]}, "missing required field `target`"),
        ({"optimizers": [{"target": "a:B"}, {"target": "a:B"}]}, "stands there twice; give one of them a `name`"),
        ({"schedulers": [{"target": "a:B"}, {"target": "a:B"}]}, "stands there twice; leave one out"),
        ({"optimizers": 3}, "`optimizers = 3`: expected `array`"),
    ],
)
def test_what_may_not_stand_there_is_named_with_what_may(wrong: Mapping[str, Any], said: str) -> None:
    """The value given, the legal range and the nearest key are in the sentence."""
    with pytest.raises(ConfigurationError) as error:
        converted(wrong, "stepproof.toml", "the top level")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool", "is no TOML"),
        ("[project]\nname = 'a'\n", "has no table [tool.stepproof]"),
        ("a = '\ud800'", "is no TOML"),
    ],
)
def test_a_file_that_configures_nothing_is_told(tmp_path: Path, text: str, said: str) -> None:
    """No file ends in a traceback."""
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigurationError, match=said.replace("[", r"\[")):
        read(file)


def test_without_a_configuration_a_target_is_judged_as_the_defaults_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at all is an error that names the next command."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="stepproof init"):
        located(None, [])
    assert located(None, ["a.b:C"]).settings.optimizers == (OptimizerTable(target="a.b:C"),)


def test_a_gate_is_cut_to_the_names_that_are_asked_for() -> None:
    """An unknown name is an error with the nearest one."""
    settings = converted(TABLE, "", "")
    assert not cut(settings, ["a.b:C"]).schedulers
    assert cut(settings, ["C"]) == cut(settings, ["a.b:C"])
    with pytest.raises(UsageError, match=r"did you mean .*a\.b:C"):
        cut(settings, ["a.bC"])


def test_patterns_name_properties_and_leave_them_out() -> None:
    """A pattern that names none is an error."""
    chosen = properties(["state/*"], ["state/round-trip"])
    assert chosen
    assert all(name.startswith("state/") for name in chosen)
    assert "state/round-trip" not in chosen
    with pytest.raises(UsageError, match="there is no property"):
        properties(["stat/*"], [])


def test_an_object_is_named_and_any_other_word_is_itself() -> None:
    """A table says what a command line says."""
    table = OptimizerTable(target="a:B", arguments={"model": "a.b:net", "mode": "fast", "count": 3})
    assert asked_of(table).said.arguments == {"model": {"object": "a.b:net"}, "mode": "fast", "count": 3}


SOURCES = {
    "pkg/__init__.py": "from .base import Base\n",
    "pkg/base.py": "from torch.optim import *\nclass Base(Optimizer):\n    pass\nclass _Hidden(Base):\n    pass\n",
    "pkg/more.py": "from pkg import Base\nclass Derived(Base):\n    pass\n",
    "pkg/rates.py": "from torch.optim.lr_scheduler import LRScheduler as L\nclass Rate(L):\n    pass\n",
    "pkg/plain.py": "class Plain:\n    def step(self): ...\n    def zero_grad(self): ...\nclass Other:\n    pass\n",
    "pkg/tried.py": "try:\n    import a\nexcept ImportError:\n    import torch\n    class A(torch.optim.SGD): ...\n",
    "pkg/broken.py": "class Broken(torch.optim.Optimizer:\n",
    "src/deep/optim.py": "import torch.optim as o\nclass Deep(o.AdamW):\n    pass\n",
    "tests/fakes.py": "import torch\nclass Fake(torch.optim.SGD):\n    pass\n",
    ".venv/lib/thing.py": "import torch\nclass Installed(torch.optim.SGD):\n    pass\n",
}


def test_a_project_s_optimizers_and_schedulers_are_found_without_importing_it(tmp_path: Path) -> None:
    """Over files and packages, with folders that are put on the path; tests and environments are left out."""
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {(one.target, one.folder, one.sort) for one in scanned(tmp_path).classes}
    assert found == {
        ("pkg.base:Base", ".", ClassSort.OPTIMIZER),
        ("pkg.more:Derived", ".", ClassSort.OPTIMIZER),
        ("pkg.plain:Plain", ".", ClassSort.OPTIMIZER),
        ("pkg.tried:A", ".", ClassSort.OPTIMIZER),
        ("pkg.rates:Rate", ".", ClassSort.SCHEDULER),
        ("deep.optim:Deep", "src", ClassSort.OPTIMIZER),
    }
    assert scanned(tmp_path).unread == ("pkg/broken.py: SyntaxError line 1",)


def test_a_written_configuration_is_read_as_what_was_proposed() -> None:
    """Whatever stands in a remark or a name."""
    proposals = [
        Proposal("optimizer", "a:B", "adam", {"decay": "decoupled"}, ('it "is"\nadam\x1b[1m',)),
        Proposal("scheduler", "a:C", "cosine"),
        Proposal("optimizer", "a:E", ""),
    ]
    text = written(proposals, nested=True, general={"pythonpath": ("src",)}, remarks=["left out: a:D"])
    settings = converted(tomllib.loads(text)["tool"]["stepproof"], "", "")
    assert settings.pythonpath == ("src",)
    assert [(table.target, table.rule, table.options) for table in settings.optimizers] == [
        ("a:B", "adam", {"decay": "decoupled"}),
        ("a:E", "", {}),
    ]
    assert settings.schedulers[0].schedule == "cosine"


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("FastAdamW", ("adamw", {"decay": "decoupled"})),
        ("My_Lion", ("lion", {})),
        ("LambdaThing", ("", {})),
        ("fused_adam", ("adam", {})),
    ],
)
def test_the_name_of_a_class_is_a_claim(name: str, claims: tuple[str, dict[str, str]]) -> None:
    """The longest name of a rule that it holds counts."""
    assert claimed_by_name(name) == claims


def test_the_formats_of_a_configuration_are_those_that_there_are() -> None:
    """A key that stands for a file is the name of one."""
    assert get_args(FileFormat) == NAMES


def test_the_schema_for_editors_is_that_of_the_settings() -> None:
    """Every key has a description."""
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()
    tables = json.loads(schema_text())["$defs"]
    for table in ("Configuration", "OptimizerTable", "SchedulerTable"):
        assert all("description" in key for key in tables[table]["properties"].values())
