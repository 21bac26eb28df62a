"""What `python -m stepproof_optim.prepare` builds: the call that steps all parameters of a group."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import torch

from .kernel import compiler, folder, machine

SOURCE = Path(__file__).with_name("group_step.cpp")


def place() -> Path:
    """Return where the library is, or is to be: its name has the versions of Python and torch and its source."""
    versions = f"{platform.python_version()} {torch.__version__} {machine()}"
    digest = hashlib.sha256(f"{versions}\n{SOURCE.read_text()}".encode()).hexdigest()[:32]
    return folder() / f"group-{digest}.so"


def library() -> Path | None:
    """Return the library where it has been built."""
    if compiler() is None:
        return None
    found = place()
    return found if found.exists() else None


def build() -> Path:
    """Build the library and return it; raises a RuntimeError that says what the compiler said."""
    name = compiler()
    if name is None:
        raise RuntimeError("no C compiler was found; name one in STEPPROOF_OPTIM_CC")
    torch_folder, wanted = Path(torch.__file__).parent, place()
    headers = torch_folder / "include"
    folders = (headers, headers / "torch" / "csrc" / "api" / "include", Path(sysconfig.get_paths()["include"]))
    libraries = torch_folder / "lib"
    with tempfile.TemporaryDirectory(dir=wanted.parent) as beside:
        made = Path(beside) / "group.so"
        command = [
            *(name, "-x", "c++", "-std=c++20", "-O2", "-w", "-fPIC", "-shared"),
            f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
            *(f"-I{each}" for each in folders),
            *(str(SOURCE), f"-L{libraries}", "-ltorch_python", "-ltorch_cpu", "-lc10", "-lstdc++"),
            *(f"-Wl,-rpath,{libraries}", "-o", str(made)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the user's own
        if done.returncode:
            raise RuntimeError(f"{name} could not build it: {done.stderr.strip()[-2000:]}")
        made.replace(wanted)
    return wanted
