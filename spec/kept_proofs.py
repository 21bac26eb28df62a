"""Proofs that were made are kept: each with the whole statement, under a hash of it and of the prover.

What a file says is believed only if it holds the very statement that is asked about, as SymPy writes it with all
assumptions.  Tests prove with ``spec.proofs``, which keeps nothing.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sympy as sp

from spec import proofs, tensor_functions
from spec.cache_folder import folder, forget
from spec.family import Family, Formula, FormulaClaim
from spec.proofs import Proof
from spec.rule import Assignment, Form, UpdateRule

KIND, MOST = "proofs", 5000
"""The folder's name, and how many proofs are kept."""


def kept_proofs(family: Family[Formula]) -> tuple[Proof, ...]:
    """Return the proofs of the claims stated beside a formula."""
    return tuple(kept_proof(claim) for claim in family.claims)


def kept_proof(claim: FormulaClaim) -> Proof:
    """Return the proof of a claim, made now or before."""
    try:
        statement = ["a claim", *map(_written, (claim.equations(), claim.differs(), claim.nonnegative()))]
    except ValueError:  # a number of thousands of digits, which Python does not write
        return proofs.prove(claim)

    def prove() -> list[Any]:
        proof = proofs.prove(claim)
        return [proof.proven, proof.equations, proof.decided]

    proven, equations, decided = _kept(statement, prove)
    return Proof(claim, bool(proven), int(equations), bool(decided))


def kept_form_is_equal(rule: UpdateRule, line: Assignment, form: Form) -> bool:
    """Tell whether a legal form is shown equal to the expression of its line, now or before."""
    program = [(other.target, other.expression) for other in rule.program]
    statement = ["a form", _written((form.expression, form.when, line.expression)), _written(program)]
    return bool(_kept(statement, lambda: [proofs.form_is_equal(rule, line, form)])[0])


def _kept(statement: list[str], prove: Callable[[], list[Any]]) -> list[Any]:
    """Return the answer to a statement that a file holds, or else find it and keep it."""
    where = folder(KIND)
    if where is None:
        return prove()
    path = where / f"{hashlib.sha256(repr((_prover(), statement)).encode()).hexdigest()[:40]}.json"
    found = _read(path, statement)
    if found is None:
        found = prove()
        _write(path, {"prover": _prover(), "statement": statement, "answer": found})
    return found


def _read(path: Path, statement: list[str]) -> list[Any] | None:
    """Return the answer in a file that holds this statement and is of this prover."""
    try:
        held = json.loads(path.read_bytes())
        same = held["prover"] == _prover() and held["statement"] == statement
        answer = held["answer"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = isinstance(answer, list) and all(isinstance(part, (bool, int)) for part in answer)
    return answer if same and whole and len(answer) == (3 if statement[0] == "a claim" else 1) else None


def _write(path: Path, held: dict[str, Any]) -> None:
    try:
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(held))
        beside.replace(path)
        _tidied(path.parent)
    except OSError:
        return


@functools.cache
def _tidied(where: Path) -> None:
    """Remove old proofs, once in a process."""
    forget(where, MOST)


@functools.cache
def _prover() -> str:
    """Return a hash of what proves: our own modules, and the versions of SymPy and Python."""
    sources = (Path(str(module.__file__)).read_bytes() for module in (proofs, tensor_functions))
    versions = f"{sp.__version__} {sys.version_info[:3]}".encode()
    return hashlib.sha256(b"\n".join([*sources, versions])).hexdigest()


def _written(parts: Any) -> str:
    """Return expressions as SymPy writes them, with the assumptions about every symbol, in their order."""
    if isinstance(parts, Iterable) and not isinstance(parts, sp.Basic):
        return f"({', '.join(_written(part) for part in parts)})"
    return _expression(parts)


@functools.lru_cache(maxsize=4096)
def _expression(part: Any) -> str:
    return str(sp.srepr(part))
