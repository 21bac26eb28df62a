"""What is trained on: data, and the parameters that every course of training starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from reference.formats import Array, Format

SEED = 20240229
POINTS = 64


@dataclass(frozen=True)
class TrainingProblem:
    """A loss the worker knows by ``name``, its data, and starting parameters, all in float64."""

    name: str
    title: str
    features: Array
    labels: Array
    parameters: tuple[Array, ...]

    def arrays(self, storage: Format) -> list[Array]:
        """Return data and parameters in a format, in the order in which the worker takes them."""
        return [storage.stored(x) for x in (self.features, self.labels, *self.parameters)]


def images() -> tuple[Array, Array]:
    """Return 360 images of 64 pixels in [0, 1], and the labels 0 and 1 as a column."""
    text = files("conformance.training").joinpath("digits.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    pixels = [[int(pixel, 17) / 16 for pixel in row] for _, row in lines]
    return np.array(pixels), np.array([[float(label)] for label, _ in lines])


def _uniform(generator: np.random.Generator, inputs: int, *shape: int) -> Array:
    bound = 1.0 / np.sqrt(inputs)
    return generator.uniform(-bound, bound, shape)


def digits() -> TrainingProblem:
    """Return the digits 0 and 1 for a fully connected network 64-128-1."""
    generator = np.random.default_rng(SEED)
    shapes = ((64, (128, 64)), (64, (128,)), (128, (1, 128)), (128, (1,)))
    start = tuple(_uniform(generator, inputs, *shape) for inputs, shape in shapes)
    return TrainingProblem("digits", "Digits 0 and 1, network 64-128-1 with a sigmoid", *images(), start)


def regression() -> TrainingProblem:
    """Return points about the line 2*x - 3.4*z + 4.2, to be found from nothing."""
    generator = np.random.default_rng(SEED)
    features = generator.normal(size=(POINTS, 2))
    labels = features @ np.array([2.0, -3.4]) + 4.2 + generator.normal(scale=0.01, size=POINTS)
    return TrainingProblem(
        "regression",
        "Linear regression from scratch",
        features,
        labels,
        (generator.normal(scale=0.01, size=2), np.zeros(1)),
    )


def convolution() -> TrainingProblem:
    """Return the digits 0 and 1 for four 3x3 filters with pooling."""
    generator = np.random.default_rng(SEED)
    shapes = ((9, (4, 1, 3, 3)), (9, (4,)), (36, (1, 36)), (36, (1,)))
    start = tuple(_uniform(generator, inputs, *shape) for inputs, shape in shapes)
    return TrainingProblem("convolution", "Digits 0 and 1, four filters with pooling", *images(), start)


PROBLEMS: dict[str, Callable[[], TrainingProblem]] = {
    "digits": digits,
    "regression": regression,
    "convolution": convolution,
}
