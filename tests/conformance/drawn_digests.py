"""Prints the digests of the cases drawn for a rule, a schedule and the lives of an optimizer.

Arguments are modules to import first; with ``earlier`` other cases are drawn in between, under a
Hypothesis profile of the user's.
"""

from __future__ import annotations

import importlib
import json
import sys

import hypothesis

from conformance.contract.life_machine import World, lives
from conformance.engine.drawing import Digest, draw
from conformance.engine.stored_case import written
from conformance.optimizers.strategies import local_cases
from conformance.optimizers.subject import worker_subject
from conformance.schedulers.learning_rate import IN_FORCE
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.libraries import scheduler
from impls.session import Session
from reference.formats import FORMATS
from spec import rules as book

EXAMPLES = 40


def digests() -> dict[str, str]:
    """Return the digest of the first cases of each kind."""
    entry = scheduler("torch.CosineAnnealingLR")
    assert entry is not None
    strategy = local_cases({(): book.build("adamw")}, {}, 64)
    schedules = IN_FORCE.draw(entry)
    adamw = next(item for item in CATALOGUE if item.identifier == "torch.AdamW")
    with Session() as session:
        subject = worker_subject(adamw, adamw.paths[0], "cpu", FORMATS["float32"], session)
        drawn = {
            "rule": [written(c) for c in draw(strategy, EXAMPLES, 0)],
            "schedule": [written(c) for c in draw(schedules, EXAMPLES, 0)],
            "lives": [written(c) for c in lives(World(subject), examples=EXAMPLES, acts=12, seed=0)],
        }
    found = {}
    for kind, plain in drawn.items():
        digest = Digest()
        for case in plain:
            digest.add(case)
        found[kind] = f"{len(plain)} {digest}"
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        if name == "earlier":
            hypothesis.settings.register_profile("own", derandomize=True, max_examples=3, phases=())
            hypothesis.settings.load_profile("own")
            draw(local_cases({(): book.build("sgd")}, {}, 16), 5, 1)
        else:
            importlib.import_module(name)
    print(json.dumps(digests()))
