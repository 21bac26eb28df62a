"""What a user says of a target that cannot be read off it, with options of ``stepproof check``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from typing import Any

from conformance.commands.usage_errors import UsageError, nearest, pairs
from conformance.recognition.constructor import Stated
from spec import rules as book
from spec.rule import ANY_RANK

OBJECT = re.compile(r"[\w./-]+:[A-Za-z_][\w.]*")
"""What a module calls by a name: `package.module:attribute`, `path/to/file.py:attribute`."""


def given_beside(given: argparse.Namespace) -> Stated:
    """Return what a target is given beside its settings, whatever its rule is."""
    return Stated(
        arguments={name: _value(value) for name, value in pairs(given.argument, "--argument").items()},
        flags={name: _value(value) for name, value in pairs(given.group, "--group").items()},
    )


def told_of(given: argparse.Namespace, rule: str) -> Stated:
    """Return what is said; raises ``UsageError`` for a setting or a state that the rule does not have."""
    variants = book.family(rule).variants() if given.setting or given.state else ()
    settings = {h.keyword for variant in variants for h in variant.hyperparameters}
    states = {state.keyword for variant in variants for state in variant.states}
    return dataclasses.replace(
        given_beside(given),
        settings=_known("setting", given.setting, settings),
        states=_known("state", given.state, states),
        ranks=_ranks(given.ranks) if given.ranks else None,
    )


def _ranks(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isdecimal() and (high or low).isdecimal() and int(low) <= int(high or low) <= ANY_RANK):
        raise UsageError(f"--ranks {text} is no range of dimensions; give LOW-HIGH within 0-{ANY_RANK}, such as 0-1")
    return int(low), int(high or low)


def _known(what: str, given: list[str], known: set[str]) -> dict[str, str]:
    found = pairs(given, f"--{what}")
    for name, value in found.items():
        if name not in known:
            raise nearest(what, name, sorted(known))
        if not value:
            raise UsageError(f"`--{what} {name}=` needs a name: --{what} {name}=NAME")
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"object": text} if OBJECT.fullmatch(text) else text
