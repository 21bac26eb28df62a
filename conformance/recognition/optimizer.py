"""Makes the catalogue entry of an unknown optimizer from its signature and two trial steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from conformance.catalogue.numpy_references import entries
from conformance.recognition.trial import TrialSteps, setting_name, states
from impls.catalogue.entries import EVERYWHERE, ExecutionPath, Implementation
from impls.session import Session
from reference.formats import FLOAT32, FLOAT64
from spec import rules as book
from spec.family import Family
from spec.rule import UpdateRule

ANY_FORM: dict[str, Any] = {"forms": ("*",), "units": {"root": 1.0}, "coefficient": "storage", "bound": "storage"}
"""What the framework's eager operations may do to anybody's code, whatever form it takes."""
SWITCHES = {
    "amsgrad": ("amsgrad", "raw"),
    "centered": ("centered", "yes"),
    "decoupled_weight_decay": ("decay", "decoupled"),
    "maximize": ("maximize", "yes"),
    "nesterov": ("nesterov", "yes"),
}
"""Constructor keywords by which torch and those who follow it choose an option."""
DECAY = "weight_decay"
OFF = frozenset({DECAY, "dampening", "initial_accumulator_value", "lr_decay", "momentum", "momentum_decay"})
"""Settings that are 0 where a constructor does not offer them; others have the rule's default."""
TRIALS = (("dense", FLOAT64), ("sparse", FLOAT64), ("dense", FLOAT32))
"""Layouts of gradients and formats that are tried, the usual ones first."""


class NotJudgeableError(Exception):
    """The target cannot be judged; the message says why and what to do."""


def catalogued(target: str) -> Implementation | None:
    """Return the catalogue's entry for a target or an identifier."""
    return next((i for i in entries() if target in {i.target, i.identifier, i.adapts}), None)


def dotted(target: str) -> str:
    """Return the catalogue's target that is meant where a dot stands for its colon, or nothing."""
    meant = ":".join(target.rsplit(".", 1))
    return meant if catalogued(target) is None and catalogued(meant) is not None else ""


def recognise(target: str, rule: str, options: Mapping[str, str], session: Session) -> Implementation:
    """Return a catalogue entry for ``target``; raises ``NotJudgeableError`` for what has none."""
    called = [i for i in entries() if target in {i.target, i.identifier, i.adapts} and i.rule == rule]
    known = next((i for i in called if options in ({}, dict(i.options))), None)
    if known is not None:
        return known
    answer = session.request({"op": "describe", "target": target, "constructor": {}}).header
    if not answer.get("is_optimizer"):
        raise NotJudgeableError(
            f"`{target}` is not a subclass of torch.optim.Optimizer; name the class of an optimizer"
        )
    searching = next((i for i in entries() if i.adapts and i.rule == rule), None)
    if searching is not None:
        return _adapted(searching, target)
    family, meant = book.names()[rule]
    chosen = {**meant, **options}
    parameters = _parameters(target, book.build(rule, chosen), answer["signature"])
    chosen |= _decay(family, book.build(rule, chosen), chosen, parameters)
    formula = book.build(rule, chosen)
    trial = _trial(target, formula, parameters, session)
    domains = {h.keyword: h.domain for h in formula.hyperparameters}
    fixed = {
        h.keyword: 0.0 if h.keyword in OFF and 0.0 in h.domain else h.default
        for h in formula.hyperparameters
        if setting_name(h.keyword) not in parameters and h.keyword != "lr"
    }
    shown, counter = states(trial, formula, fixed)
    offered = {(option.name, value) for option in family.options for value in option.values}
    switches = {
        name: option
        for name, option in SWITCHES.items()
        if name in parameters and option in offered and option[0] not in options
    }
    extra = {k: v for k, v in chosen.items() if meant.get(k) != v}
    without = {DECAY: 0.0} if DECAY in parameters and DECAY not in domains else {}
    return Implementation(
        target,
        target,
        rule,
        _paths(parameters, without),
        extra,
        switches,
        shown,
        counter,
        fixed,
        gradient=trial.gradient,
    )


def _adapted(entry: Implementation, target: str) -> Implementation:
    """Return the entry of a minimiser with another one behind its adapter."""
    paths = tuple(
        dataclasses.replace(path, constructor={**path.constructor, "minimiser": target}) for path in entry.paths
    )
    return dataclasses.replace(entry, identifier=target, adapts=target, paths=paths)


def _parameters(target: str, formula: UpdateRule, signature: list[dict[str, Any]] | None) -> dict[str, bool]:
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
            f"its constructor, ({shown}); {_subclass(formula)}"
        )
    missing = [name for name, must in required.items() if must and name not in known]
    if missing:
        needed = " and ".join(f"`{name}`" for name in missing)
        raise NotJudgeableError(
            f"`{target}` cannot be judged: its constructor requires {needed}, which is no setting of "
            f"{formula.name}; {_subclass(formula, *missing)}"
        )
    return required


def _subclass(formula: UpdateRule, *given: str) -> str:
    """Return the advice to check a subclass that takes a rule's settings by their names."""
    settings = dict.fromkeys(setting_name(h.keyword) for h in formula.hyperparameters)
    own = f" and gives {' and '.join(given)} itself" if given else ""
    return f"check a subclass of it whose constructor takes params, {', '.join(settings)}{own}"


def _decay(
    family: Family[UpdateRule], formula: UpdateRule, chosen: Mapping[str, str], parameters: Mapping[str, bool]
) -> dict[str, str]:
    """Return the kind of decay of a class that takes `weight_decay`, where the rule has several."""
    kinds = next((list(option.values) for option in family.options if option.name == "decay"), [])
    has_one = any(h.keyword == DECAY for h in formula.hyperparameters)
    if DECAY not in parameters or "decay" in chosen or has_one or not kinds:
        return {}
    return {"decay": next(kind for kind in ("coupled", *kinds) if kind in kinds and kind != "none")}


def _trial(target: str, formula: UpdateRule, parameters: Mapping[str, bool], session: Session) -> TrialSteps:
    """Return what two trial steps show; raises ``NotJudgeableError`` for a class that makes none."""
    shape = (2, 2) if formula.matrices else (4,)
    given: dict[str, Any] = {}
    for item in formula.hyperparameters:
        name = setting_name(item.keyword)
        if name == item.keyword and (name == "lr" or parameters.get(name)):
            given[name] = item.default
        elif parameters.get(name):
            given[name] = [*given.get(name, ()), item.default]
    if "momentum" in parameters:  # without momentum no buffer would be shown
        given["momentum"] = 0.5
    request = {"op": "describe", "target": target, "constructor": given, "shape": list(shape)}
    failed: list[Mapping[str, Any]] = []
    for layout, storage in TRIALS:
        asked = {**request, "gradient": layout, "dtype": storage.name}
        described = session.request(asked).header["trial"]
        if described.get("ok"):
            return TrialSteps(described, shape, storage, layout)
        failed.append(described)
    error = failed[0]
    doing = {"construct": "its constructor", "step": "its step"}.get(error["where"], "its trial")
    values = ", ".join(f"{name}={value}" for name, value in given.items())
    raise NotJudgeableError(
        f"`{target}` cannot be judged: {doing} raised {error['type']}: {error['message']} (with {values} and "
        f"a parameter of shape {shape}); {_subclass(formula)}, and whose step can be called with nothing"
    )


def _paths(parameters: Mapping[str, bool], without: Mapping[str, float]) -> tuple[ExecutionPath, ...]:
    flags: list[str] = [name for name in ("foreach", "fused") if name in parameters]
    off: dict[str, Any] = {**dict.fromkeys(flags, False), **without}
    paths = [ExecutionPath("single-tensor" if flags else "default", off, EVERYWHERE, profile=ANY_FORM)]
    paths += [ExecutionPath(f, {**off, f: True}, EVERYWHERE, profile=ANY_FORM) for f in flags]
    return tuple(paths)
