"""A user's ledger lies over ours: layered, visible, as strict, and edited without touching the rest."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.commands.ledger_layers import layer
from conformance.commands.ledger_text import appended, cut
from conformance.engine.ledger import OURS, VARIABLE, LedgerError, load, must_show
from conformance.engine.verdict import Cell, CellResult, Verdict
from conformance.report.deviation_section import deviations, unjudged

MINE = """# Ours, until the rewrite.
recorded = "2.*"

[[optimizer]] # the first
id = "mine"
property = "agreement/local"
implementation = "pkg:Mine"
reason = '''
[[optimizer]]
id = "not an entry"
'''

# The second was seen by two people.
[[optimizer]]
id = "second"
property = "agreement/local"
implementation = "pkg:Second"
reason = "It does otherwise."
"""
CELL = Cell("pkg:Mine", "default", "cpu", "float32", "agreement/local")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ledger of two entries, in the folder in which the tests then are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "mine.toml")
    path = Path("mine.toml")
    path.write_text(MINE)
    return path


def test_a_named_ledger_lies_over_ours_and_each_entry_says_where_it_stands(mine: Path) -> None:
    """The environment names files, an option more of them, and every entry knows its layer."""
    more = mine.with_name("more.toml")
    more.write_text(MINE.replace('"mine"', '"third"').replace('"second"', '"fourth"'))
    layer([more, mine])
    assert os.environ[VARIABLE] == os.pathsep.join(["mine.toml", "more.toml"])
    found = {entry.identifier: entry.ledger for entry in load()}
    assert (found["mine"], found["fourth"]) == ("mine.toml", "more.toml")
    assert found["torch-float32-step-counter"] == OURS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"mine"', '"torch-float32-step-counter"'), ["the ledger of stepproof", "`mine.toml`", "another id"]),
        (('"second"', '"mine"'), ["`mine` twice in `mine.toml`"]),
        (('"mine"', '"../mine"'), ["`../mine`", "an id has letters"]),
        (('"It does otherwise."', '"  "'), ["`second`", "no reason"]),
        (('"2.*"', "2"), ["mine.toml", "recorded = 2"]),
        (("[[optimizer]] #", "[optimizer] #"), ["mine.toml"]),
        (("id = ", "idd = "), ["mine.toml", "its keys are"]),
        (("# Ours", "\x00"), ["mine.toml", "no TOML"]),
    ],
)
def test_a_ledger_that_is_malformed_is_refused_by_name(mine: Path, change: tuple[str, str], words: list[str]) -> None:
    """One sentence names the file, or both where an identifier stands in two layers."""
    mine.write_text(MINE.replace(*change))
    with pytest.raises(LedgerError) as raised:
        layer([])
    assert [word for word in words if word not in str(raised.value)] == []


@pytest.mark.usefixtures("mine")
def test_deviations_says_from_which_ledger_an_entry_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepproof deviations` lists both layers, and names the file of a user's."""
    assert main(["deviations", "pkg:"]) == 0
    assert "mine (mine.toml)" in capsys.readouterr().out


@pytest.mark.usefixtures("mine")
def test_an_entry_of_a_user_must_show_in_any_cell_that_it_names() -> None:
    """Ours binds what the catalogue holds alone; with a version that the file was not recorded with, neither does."""
    entry = next(e for e in load() if e.identifier == "mine")
    assert must_show(entry, CELL, "torch", "2.13.0", catalogued=False)
    assert not must_show(entry, CELL, "torch", "3.0.0", catalogued=False)
    own = next(e for e in load() if e.identifier == "torch-float32-step-counter")
    assert not must_show(own, CELL, "torch", "2.13.0", catalogued=False)


@pytest.mark.usefixtures("mine")
def test_entries_that_a_run_did_not_judge_are_counted_and_named() -> None:
    """Which entries a run is silent about is said; of ours nobody asks."""
    shown = CellResult(CELL, Verdict.DEVIATION, deviation="mine")
    assert list(unjudged([shown], {"pkg:Mine": "2.13.0"})) == [
        "not run: entries of the ledger mine.toml not judged in this run: 1 (second)"
    ]
    (entry,) = deviations([shown])
    assert (entry.identifier, entry.ledger, entry.status) == ("mine", "mine.toml", "in force")
    left_out = CellResult(CELL, Verdict.NOT_RUN)
    assert "2 (mine, second)" in next(unjudged([left_out], {}))


def test_a_cut_leaves_all_else_byte_for_byte() -> None:
    """Text that looks like an entry inside a string is none, and comments above the next entry stay."""
    after = cut(MINE, ["mine"], Path("mine.toml"))
    head, tail = MINE.index("[[optimizer]] # the first"), MINE.index("# The second")
    assert after == MINE[:head] + MINE[tail:]
    assert cut(MINE, ["second"], Path("mine.toml")) == MINE[: MINE.index('[[optimizer]]\nid = "second"')]


def test_a_cut_that_would_lose_more_is_refused() -> None:
    """Entries that are not written as tables of their own are left to their author."""
    inline = 'optimizer = [{ id = "mine", property = "*", implementation = "*", reason = "r" }]\n'
    with pytest.raises(LedgerError, match="remove by hand: mine"):
        cut(inline, ["mine"], Path("mine.toml"))


@pytest.mark.parametrize("nasty", ['"quoted" \\ back', "a\nnew line", "\x7f\x1b[31m", "é ∞ \udc80"])
def test_what_is_appended_is_read_back_as_it_was(nasty: str) -> None:
    """Quotes, controls and line ends in a reason break out of no string; what stood there before stays."""
    text = appended(
        MINE.removesuffix("\n"), "optimizer", {"id": "new", "link": "", "reason": nasty, "observed": [nasty]}
    )
    assert text.startswith(MINE)
    new = tomllib.loads(text)["optimizer"][-1]
    wanted = nasty.replace("\udc80", "\N{REPLACEMENT CHARACTER}")
    assert new == {"id": "new", "reason": wanted, "observed": [wanted]}


SOURCE = """
import torch


class Mine(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad, alpha=-group["lr"])
                    p.grad.mul_(FACTOR)
"""
CONFIGURATION = """
ledger = "known.toml"
budget = 0.1
jobs = 1
dtypes = ["float64"]
properties = ["gradients/not-modified"]

[[optimizers]]
name = "ours"
target = "mine.py:Mine"
rule = "sgd"
"""


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[int, str]]:
    """Return what runs a command and gives its status and all that it printed."""

    def run(given: str) -> tuple[int, str]:
        status = main(given.split())
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


def test_a_finding_is_recorded_replayed_and_pruned_when_it_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[str], tuple[int, str]]
) -> None:
    """From a red gate to a baseline, to an entry in its place, and after the fix to a ledger without it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    ledger, code = Path("known.toml"), Path("mine.py")
    ledger.write_text("# What we know.\n")
    Path("stepproof.toml").write_text(CONFIGURATION)
    code.write_text(SOURCE.replace("FACTOR", "2"))
    assert said("gate --baseline base.json")[0] == 1
    assert said("gate --baseline base.json")[0] == 0
    finding = min(Path("build/conformance/failures").glob("*.json")).stem
    add = f"ledger add {finding} --id doubles --reason It-always-did."
    assert said(add)[0] == 0
    assert ledger.read_text().startswith('# What we know.\n\n[[optimizer]]\nid = "doubles"\n')
    assert 'implementation = "ours"\n' in ledger.read_text()
    status, printed = said(f"ledger add {finding} {finding} --reason It-always-did.")
    assert (status, printed.count("known already: `doubles` in the ledger known.toml")) == (0, 2)
    assert said("gate")[0] == 0
    (entry,) = json.loads(Path("build/conformance/report.json").read_text())["deviations"]
    assert (entry["identifier"], entry["ledger"], entry["status"]) == ("doubles", "known.toml", "in force")

    code.write_text(SOURCE.replace("FACTOR", "1"))
    status, printed = said("ledger check")
    assert (status, "✗ not shown doubles (known.toml)" in printed) == (1, True)
    assert "would be removed: doubles" in said("ledger prune --dry-run")[1]
    assert "removed: doubles" in said("ledger prune")[1]
    assert ledger.read_text() == "# What we know.\n\n"
    assert not list(Path("known.cases").iterdir())
    assert "is not shown here" in said(add)[1]


def test_an_entry_that_cannot_be_tried_is_told_and_kept(mine: Path, said: Callable[[str], tuple[int, str]]) -> None:
    """Without a stored case nothing is known of it: status 2, and prune leaves it alone."""
    status, printed = said("ledger check --ledger mine.toml")
    assert (status, printed.count("cannot be tried here: pkg:")) == (2, 2)
    assert "nothing to remove" in said("ledger prune --ledger mine.toml")[1]
    assert mine.read_text() == MINE


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("ledger add 0123 --reason It-is-so.", "there is no finding `0123`"),
        ("ledger add 0123 --reason=", "--reason is empty"),
        ("ledger add 0123 4567 --reason It-is-so. --id both", "--id both is the name of one entry"),
        ("ledger check --ledger no/such.toml", "there is no ledger `no/such.toml`"),
        ("ledger prune", "there is no ledger `stepproof-ledger.toml`"),
        ("check torch.SGD --ledger no/such.toml", "the ledger `no/such.toml` cannot be read"),
    ],
)
def test_a_wrong_request_about_a_ledger_gets_one_sentence(
    given: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[str], tuple[int, str]]
) -> None:
    """Bad input ends with status 2 before anything is judged, and without a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    status, printed = said(given)
    assert (status, words in printed, "Traceback" in printed) == (2, True, False)
