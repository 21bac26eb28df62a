"""Reads off the signature of an unknown constructor which settings it takes, and which it requires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.optimizers.setting_names import placed
from conformance.recognition.synonyms import names
from spec.rule import Hyperparameter, UpdateRule

STARS = {"var_positional": "*", "var_keyword": "**"}
GRADIENTS = "grad"
"""How the gradients of a function of parameters, gradients and states are called, at least at first."""
ASKED_ELSEWHERE = frozenset({"capturable", "differentiable", "foreach", "fused", "maximize"})
"""Torch's own switches: paths, or questions of the contract."""
MUST = object()
"""Stands for the default of what must be given."""


class NotJudgeableError(Exception):
    """The target cannot be judged; the message says why and what to do."""


@dataclass(frozen=True)
class Stated:
    """What a user says of a target.

    ``settings`` maps the rule's keywords to the constructor's, ``states`` the rule's states to paths,
    ``switches`` maps keywords, or ``keyword=value``, to the options that they choose,
    ``arguments`` are given to the constructor beside the settings, and ``flags`` to every group.
    ``ranks`` are the least and the most dimensions of the tensors of which it is said.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    ranks: tuple[int, int] | None = None
    switches: Mapping[str, tuple[str, str]] | None = None


NOTHING_TOLD = Stated()


@dataclass(frozen=True)
class Signature:
    """The keywords of a constructor beside its parameters, with their defaults.

    ``more`` tells whether it takes keywords that it does not name, ``shown`` is how it is written, and
    ``function`` tells whether it is a function of parameters, gradients and states.
    """

    defaults: Mapping[str, Any]
    more: bool
    shown: str
    function: bool = False

    def beside(self, group: Mapping[str, Any]) -> Signature:
        """Return the signature with what a param group shows beside it."""
        return replace(self, defaults={**group, **self.defaults})

    def offers(self, keyword: str) -> bool:
        """Tell whether a keyword takes a number: ``lr``, or the first of several, ``betas[0]``."""
        name, place = placed(keyword)
        if name not in self.defaults:
            return False
        default = self.defaults[name]
        if default is MUST or default is None:
            return True
        if isinstance(default, list | tuple):
            return place is not None and place < len(default)
        return place is None and isinstance(default, int | float) and not isinstance(default, bool)

    def required(self, names: Iterable[str]) -> list[str]:
        """Return what must be given and is none of ``names``."""
        return [name for name, default in self.defaults.items() if default is MUST and name not in names]


def signature_of(described: Sequence[Mapping[str, Any]] | None) -> Signature:
    """Return the signature that the worker describes; its first parameter is the parameters.

    Where gradients and states follow, it is a function that makes one step.
    """
    items = described or ()
    shown = ", ".join(STARS.get(item["kind"], "") + item["name"] for item in items)
    named = [item for item in items if item["kind"] not in STARS]
    function = len(named) > 2 and named[1]["name"].startswith(GRADIENTS) and named[2]["name"].startswith("state")
    more = described is None or any(item["kind"] == "var_keyword" for item in items)
    rest = named[3:] if function else named[1:]
    return Signature({item["name"]: item.get("default", MUST) for item in rest}, more, f"({shown})", function)


def keywords_of(
    items: Iterable[Hyperparameter], signature: Signature, told: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return what a constructor calls each hyperparameter that it takes, by the rule's keyword.

    What is told comes first, then the rule's own names, then what other people call them.
    """
    rest = [item.keyword for item in items]
    found = {keyword: (told[keyword],) for keyword in rest if keyword in told}
    for among in (1, None):
        for keyword in rest:
            taken = {name for names_ in found.values() for name in names_}
            offered = (name for name in list(names(keyword))[:among] if signature.offers(name) and name not in taken)
            first = None if keyword in found else next(offered, None)
            if first is not None:
                found[keyword] = (first,)
    return {keyword: found[keyword] for keyword in rest if keyword in found}


def setting_name(keyword: str) -> str:
    """Return the constructor's keyword of a hyperparameter: `betas` for `betas[0]`."""
    return placed(keyword)[0]


def check(
    target: str, formula: UpdateRule, signature: Signature, keywords: Mapping[str, Any], told: Stated, refusal: str
) -> None:
    """Raise ``NotJudgeableError`` where no setting is known, or where something else must be given.

    ``refusal`` is what a call without settings raised, or nothing.
    """
    if not keywords:
        raised = f", and called with none it raised {refusal}" if refusal else ""
        raise NotJudgeableError(
            f"`{target}` cannot be judged: no setting of {formula.name} can be read off the signature of "
            f"its constructor, {signature.shown}{raised}; say which is which: {_said(formula)}"
        )
    known = {setting_name(name) for names_ in keywords.values() for name in names_} | set(told.arguments)
    missing = signature.required(known)
    if missing:
        needed = " and ".join(f"`{name}`" for name in missing)
        given = " ".join(f"--argument {name}=VALUE" for name in missing)
        raise NotJudgeableError(
            f"`{target}` cannot be judged: its constructor requires {needed}, which is no setting of "
            f"{formula.name} by name; give it: {given} (JSON, or module:attribute for an object), or say which "
            f"setting it is: {_said(formula)}"
        )


def _said(formula: UpdateRule) -> str:
    first = next(iter(formula.hyperparameters)).keyword
    return f"--setting {first}=NAME, for one of {', '.join(h.keyword for h in formula.hyperparameters)}"
