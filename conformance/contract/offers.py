"""What an optimizer offers, asked of the worker once for each path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.contract import settings
from conformance.contract.request import calling_of
from conformance.optimizers.subject import WorkerSubject
from impls.catalogue.entries import ExecutionPath


def offers(subject: WorkerSubject) -> Mapping[str, Any]:
    """Return what an optimizer offers: keywords of its constructor and of its step, loss scaling."""
    return asked(subject, "offers", subject.path)


def asked(subject: WorkerSubject, operation: str, path: ExecutionPath, **more: str) -> Mapping[str, Any]:
    """Return the answer to a question about the class, made with its defaults, or with settings where it has none."""
    rule = next(iter(subject.rules.values()))
    question = {
        "op": operation,
        "target": subject.implementation.target,
        "constructor": dict(path.constructor),
        "settings": subject.held_options(rule, settings.active(rule, subject.fixed)),
        "calling": calling_of(subject),
        "device": subject.device,
        "dtype": subject.storage.name,
        "sparse": subject.implementation.gradient != "dense",
        **more,
    }
    key = (operation, json.dumps(question, sort_keys=True))
    return subject.session.remember(key, lambda: subject.session.request(question).header)


def grouped(subject: WorkerSubject, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the constructor's settings that a group holds under the same name."""
    held = set(offers(subject)["group"])
    return {key: value for key, value in given.items() if key in held}
