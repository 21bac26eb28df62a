"""Holds compiled enclosures against the walk on many values, over rules, options, formats and profiles."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator

from rich.console import Console

from conformance.catalogue.numpy_references import variant_rules
from conformance.optimizers.walked_and_compiled import Setup, differences, drawn
from reference import rules as references
from reference.compiled import toolchain
from reference.formats import FLOAT32, FORMATS
from reference.profile import CHOICES, Profile
from spec.rule import UpdateRule

VALUES = 100_000_000
SIZE = 8192
REGIMES = ("ordinary", "wide", "extreme")
UNITS: tuple[dict[str, float], ...] = ({}, {"root": 1.0}, {"divide": 2.0, "root": 1.0})


def setups(rules: list[UpdateRule], seed: int) -> Iterator[Setup]:
    """Yield rules, each in turn, under profiles, in formats and with scalars drawn from a seed."""
    chooser = random.Random(seed)  # noqa: S311 no secret
    while True:
        for rule in chooser.sample(rules, len(rules)):
            storage = chooser.choice(list(FORMATS.values()))
            kept = chooser.choice([storage, FLOAT32])
            profile = Profile(
                **{key: chooser.choice(choices) for key, choices in CHOICES.items() if key != "scalar"},  # type: ignore[arg-type]
                scalar=chooser.choice(["float64", "float32"]),
                forms=frozenset({"*"} if chooser.random() < 0.75 else ()),
                units=chooser.choice(UNITS),
            )
            scalars = {h.symbol.name: h.default for h in rule.hyperparameters} | {"t": chooser.choice([1.0, 7.0, 1e4])}
            for item in rule.hyperparameters:
                value = chooser.choice([item.default, 0.5, 0.125, 0.0, 0.9])
                scalars[item.symbol.name] = value if value in item.domain else item.default
            scalars |= {state.symbol.name: 0.25 for state in rule.states if state.scalar}
            yield Setup(rule, profile, storage, {state.symbol.name: kept for state in rule.states}, scalars)


def main(arguments: list[str] | None = None) -> int:
    """Compare until so many values are; return 1 where one differs and 2 where nothing can be compiled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="rules; all that act element by element where none is named")
    parser.add_argument("--values", type=int, default=VALUES, help="values to compare (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of what is drawn (default: %(default)s)")
    order = parser.parse_args(arguments)
    console = Console(highlight=False)
    if toolchain.compiler() is None:
        console.print(f"No C compiler was found: install one, or name one in {toolchain.COMPILER}.")
        return 2
    names = order.names or list(references.references())
    rules = [rule for name in names for rule in variant_rules(name).values() if rule.elementwise]
    compared = different = done = 0
    start = time.perf_counter()
    for place, setup in enumerate(setups(rules, order.seed)):
        if compared >= order.values:
            break
        told = f"{setup.rule.label} {setup.storage.name}, {setup.profile}"
        if not setup.compiled():
            console.print(f"not compiled: {told}")
            different += 1
            continue
        for regime in REGIMES:
            before = drawn(setup, SIZE, place, regime)
            after = {q.symbol.name: before[q.symbol.name] for q in setup.rule.quantities if not q.scalar}
            values, wrong = differences(setup, before, after)
            compared, different = compared + values, different + wrong
            if wrong:
                console.print(f"{wrong:,} of {values:,} differ ({regime}): {told}; {setup.scalars}")
        done += 1
    seconds = time.perf_counter() - start
    console.print(f"{compared:,} values of {done:,} compiled steps compared, {different:,} differ ({seconds:,.0f} s)")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
