"""A folder of cases is stepped by programs that nothing here imports, and what comes back is judged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conformance.cli import main
from conformance.distance.case_folder import CASE, CaseFolder, StepCase
from reference.formats import FLOAT32
from tests.distance.conftest import report

PROGRAMS = Path(__file__).parent / "programs"
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
CLAIMS = ["agreement/local", "agreement/trajectory", "decay/moments-do-not-see-lambda"]
Step = Callable[[Path], None]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of cases of AdamW in float32."""
    folder = tmp_path_factory.mktemp("cases") / "adamw"
    asked = [word for name in CLAIMS for word in ("--property", name)]
    assert main(["pack", "adamw", "--cases", *asked, "--budget", "4", "--output", str(folder)]) == 0
    return folder


def in_numpy(folder: Path) -> None:
    subprocess.run([sys.executable, "-I", str(PROGRAMS / "adamw.py"), str(folder)], check=True)


def in_cpp(folder: Path, *flags: str) -> None:
    program = folder.parent / "adamw"
    command = [str(COMPILER), "-std=c++17", "-O2", *flags, "-o", str(program), str(PROGRAMS / "adamw.cpp")]
    subprocess.run(command, check=True)
    subprocess.run([str(program), str(folder)], check=True)


def judged(cases: Path, folder: Path, step: Step) -> int:
    """Return the exit status of judging what a program makes of a copy of the cases."""
    shutil.copytree(cases, folder / "cases")
    step(folder / "cases")
    return main(["judge", str(folder / "cases"), "--output", str(folder / "out")])


def test_a_numpy_program_conforms(cases: Path, tmp_path: Path) -> None:
    """It needs NumPy and JSON alone, and its steps kill every formula mutant."""
    assert judged(cases, tmp_path, in_numpy) == 0
    mutants = [
        rule["mutants"][place]["status"]
        for rule in report(tmp_path / "out")["rules"]
        for variant in rule["variants"]
        for place in variant["mutants"]
    ]
    assert set(mutants) == {"killed"}
    assert len(mutants) > 100


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("wrong", [False, True])
def test_a_program_in_cpp_is_judged_like_anybody_s(cases: Path, tmp_path: Path, *, wrong: bool) -> None:
    """Of 80 lines at most, right it conforms; with epsilon under the root it does not, and that is the cause named."""
    assert len((PROGRAMS / "adamw.cpp").read_text().splitlines()) <= 80
    assert judged(cases, tmp_path, lambda folder: in_cpp(folder, *(["-DWRONG"] if wrong else []))) == int(wrong)
    found = report(tmp_path / "out")
    titles = ["this is adam(decay=decoupled, epsilon=inside)"] if wrong else []
    assert [cause["title"] for cause in found["causes"]] == titles
    assert all(finding["confirmed"] for result in found["results"] for finding in result["findings"])


def test_a_case_says_all_that_a_program_needs(cases: Path) -> None:
    """Its numbers are exact, and its arrays have as many elements as it says."""
    every = list(cases.glob(f"*/{CASE}"))
    assert len(every) > 100
    for path in every:
        case = json.loads(path.read_text())
        assert {"eta", "beta1", "beta2", "epsilon", "lambda", "t", "steps", "elements", "shape", "dtype"} < case.keys()
        assert float.fromhex(case["eta"]).hex() == case["eta"]
        sizes = {file.name: file.stat().st_size for file in path.parent.glob("*.bin")}
        size = 4 * case["elements"]
        assert sizes == {"theta.bin": size, "m.bin": size, "v.bin": size, "g.bin": size * case["steps"]}


@pytest.mark.thorough
def test_what_a_program_left_out_is_undecided(cases: Path, tmp_path: Path) -> None:
    """A program that ends early has cells that are undecided, and none that fails."""

    def half(folder: Path) -> None:
        in_numpy(folder)
        every = sorted(folder.glob("*/theta.out.bin"))
        for path in every[len(every) // 2 :]:
            for file in path.parent.glob("*.out.bin"):
                file.unlink()

    assert judged(cases, tmp_path, half) == 2
    assert {result["verdict"] for result in report(tmp_path / "out")["results"]} == {"undecided"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("0002/case.json", b"{", "is not what stepproof writes"),
        ("0002/case.json", None, "is no file of a folder of cases"),
        ("cases.json", b'{"format": 1}', "is not what stepproof writes"),
        ("cases.json", b"[" * 100_000, "is not what stepproof writes"),
    ],
)
def test_a_folder_that_is_wrong_gets_one_sentence(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, words: str
) -> None:
    """It names the file and says what is wrong with it, and the status is 2."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)

    assert judged(cases, tmp_path, spoil) == 2
    said = "".join(capsys.readouterr().err.split())
    assert str(tmp_path / "cases" / name) in said
    assert "".join(words.split()) in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("content", "words"), [(b"\0" * 3, "has 3 bytes, where 16 are expected"), (None, "is missing")]
)
def test_a_result_of_another_size_is_none(tmp_path: Path, content: bytes | None, words: str) -> None:
    """A file that is cut off or missing is told by its name, and its case has no result."""
    case = StepCase({"eta": 0.5}, (2,), 0, 2, dict.fromkeys(("m", "theta"), np.zeros(2, "f4")), np.zeros(4, "f4"))
    folder = CaseFolder(tmp_path, "float32", tmp_path / "complaints")
    folder.write(case)
    formats = dict.fromkeys(case.before, FLOAT32)
    assert folder.read(case, formats) is None
    for name in case.before:
        (tmp_path / "0001" / f"{name}.out.bin").write_bytes(bytes(range(16)))
    found = folder.read(case, formats)
    assert found is not None
    assert found["theta"].shape == (2, 2)
    (tmp_path / "0001" / "theta.out.bin").unlink()
    if content is not None:
        (tmp_path / "0001" / "theta.out.bin").write_bytes(content)
    assert folder.read(case, formats) is None
    assert f"`{tmp_path / '0001' / 'theta.out.bin'}` {words}" in folder.complaints.read_text()


def test_a_program_that_writes_half_an_array_is_told_so(
    cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence names the file, and nothing is reported."""

    def cut(folder: Path) -> None:
        in_numpy(folder)
        path = folder / "0001" / "m.out.bin"
        path.write_bytes(path.read_bytes()[:-1])

    assert judged(cases, tmp_path, cut) == 2
    assert "m.out.bin`has" in "".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out" / "report.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["adamm", "--cases"], "did you mean adam"),
        (["adamw", "--cases", "--dtype", "float32", "--dtype", "float64"], "a folder of cases has one format"),
        (["adamw", "--cases", "--output", "."], "is there; give a new folder"),
        (["reference.adam"], "is a reference, which the judge itself computes"),
        (["torch.AdamW", "--output", "kit"], "is no kit; give a name that ends with .pyz"),
    ],
)
def test_what_cannot_be_packed_gets_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is legal, and the status is 2."""
    monkeypatch.chdir(tmp_path)
    assert main(["pack", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
