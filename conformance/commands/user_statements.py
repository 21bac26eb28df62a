"""What a user says of a target that cannot be read off it, on a command line or in a configuration."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.commands.usage_errors import UsageError, nearest, pairs
from conformance.recognition.constructor import Stated
from spec import rules as book
from spec.rule import ANY_RANK

OBJECT = re.compile(r"[\w./-]+:[A-Za-z_][\w.]*")
"""What a module calls by a name: `package.module:attribute`, `path/to/file.py:attribute`."""


@dataclass(frozen=True)
class Said:
    """What is said of a target, by name: as values, where ``ranks`` is LOW-HIGH or nothing."""

    settings: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    ranks: str = ""

    def beside(self) -> Stated:
        """Return what a target is given beside its settings, whatever its rule is."""
        return Stated(arguments=self.arguments, flags=self.flags)

    def of(self, rule: str) -> Stated:
        """Return what is said; raises ``UsageError`` for a setting or a state that the rule does not have."""
        variants = book.family(rule).variants() if self.settings or self.states else ()
        settings = {h.keyword for variant in variants for h in variant.hyperparameters}
        states = {state.keyword for variant in variants for state in variant.states}
        return dataclasses.replace(
            self.beside(),
            settings=_known("setting", self.settings, settings),
            states=_known("state", self.states, states),
            ranks=_ranks(self.ranks) if self.ranks else None,
        )


def said_by(given: argparse.Namespace) -> Said:
    """Return what the options of a command line say."""
    return Said(
        pairs(getattr(given, "setting", ()), "--setting"),
        pairs(getattr(given, "state", ()), "--state"),
        {name: read_value(value) for name, value in pairs(given.argument, "--argument").items()},
        {name: read_value(value) for name, value in pairs(given.group, "--group").items()},
        getattr(given, "ranks", None) or "",
    )


def _ranks(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isdecimal() and (high or low).isdecimal() and int(low) <= int(high or low) <= ANY_RANK):
        raise UsageError(f"--ranks {text} is no range of dimensions; give LOW-HIGH within 0-{ANY_RANK}, such as 0-1")
    return int(low), int(high or low)


def _known(what: str, given: Mapping[str, str], known: set[str]) -> dict[str, str]:
    for name, value in given.items():
        if name not in known:
            raise nearest(what, name, sorted(known))
        if not value:
            raise UsageError(f"`--{what} {name}=` needs a name: --{what} {name}=NAME")
    return dict(given)


def read_value(text: str) -> Any:
    """Return what a word of a command line stands for: JSON, ``{"object": ...}`` for a name, or the word itself."""
    try:
        return json.loads(text)
    except ValueError:
        return {"object": text} if OBJECT.fullmatch(text) else text
