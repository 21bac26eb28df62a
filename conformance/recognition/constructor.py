"""Reads off the signature of an unknown constructor which settings it takes, and which it requires."""

from __future__ import annotations

from typing import Any

from conformance.optimizers.subject import placed
from spec.rule import UpdateRule


class NotJudgeableError(Exception):
    """The target cannot be judged; the message says why and what to do."""


def setting_name(keyword: str) -> str:
    """Return the constructor's keyword of a hyperparameter: `betas` for `betas[0]`."""
    return placed(keyword)[0]


def parameters_of(target: str, formula: UpdateRule, signature: list[dict[str, Any]] | None) -> dict[str, bool]:
    """Return whether each setting of a constructor must be given.

    Raises ``NotJudgeableError`` where they cannot be known, or where the rule has no value for one.
    """
    known = {setting_name(h.keyword) for h in formula.hyperparameters}
    named = [item for item in signature or () if not item["kind"].startswith("var_")]
    required = {item["name"]: "default" not in item for item in named[1:]}
    if not required.keys() & known:
        stars = {"var_positional": "*", "var_keyword": "**"}
        shown = ", ".join(stars.get(item["kind"], "") + item["name"] for item in signature or ())
        raise NotJudgeableError(
            f"`{target}` cannot be judged: no setting of {formula.name} can be read off the signature of "
            f"its constructor, ({shown}); {subclass(formula)}"
        )
    missing = [name for name, must in required.items() if must and name not in known]
    if missing:
        needed = " and ".join(f"`{name}`" for name in missing)
        raise NotJudgeableError(
            f"`{target}` cannot be judged: its constructor requires {needed}, which is no setting of "
            f"{formula.name}; {subclass(formula, *missing)}"
        )
    return required


def subclass(formula: UpdateRule, *given: str) -> str:
    """Return the advice to check a subclass that takes a rule's settings by their names."""
    settings = dict.fromkeys(setting_name(h.keyword) for h in formula.hyperparameters)
    own = f" and gives {' and '.join(given)} itself" if given else ""
    return f"check a subclass of it whose constructor takes params, {', '.join(settings)}{own}"
