"""What a worker gives back between one optimizer and the next is what it was when the process was new."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, os, warnings
from impls.worker import surroundings

new = len(warnings.filters), os.getcwd(), [surroundings.behind(number) for number in range(3)]
for _ in range(3):
    surroundings.remember()
    warnings.simplefilter("error")
    os.chdir(os.path.dirname(os.getcwd()))
    os.close(0)
    surroundings.restore()
now = len(warnings.filters), os.getcwd(), [surroundings.behind(number) for number in range(3)]
print(json.dumps([new, now]))
"""


def test_what_is_given_back_is_what_was_new_however_often_it_is_remembered(tmp_path: Path) -> None:
    """Filters of warnings do not multiply, and the folder and the streams are those of the new process."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{PROGRAM}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, stdin=subprocess.DEVNULL)
    new, now = json.loads(done.stdout)
    assert now == new
