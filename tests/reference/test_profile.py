"""A profile says nothing that means nothing: its keys, values and forms are those that there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.engine.ledger import load
from impls.catalogue.entries import Implementation
from impls.catalogue.torch_optimizers import CATALOGUE
from impls.devices import DEVICES
from impls.libraries import OTHERS
from reference.profile import Profile, form_names


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"forms": ("lerpp",)}, "adam has no form `lerpp`; it has: by comparison, decay inside"),
        ({"forms": ("decay added",)}, "adam has no form `decay added`"),
        ({"rounding": "up"}, "has no `rounding`; it has: bound, coefficient"),
        ({"bound": "register"}, "`bound` of a profile cannot be `register`; it can be: storage, compute"),
        ({"scalar": "float8"}, "cannot be `float8`; it can be: compute, float64"),
        ({"flush": "no"}, "cannot be `no`; it can be: False, True"),
        ({"units": {"sqrt": 1.0}}, "has no `sqrt`; it has: add, multiply, divide, root, power"),
        ({"units": {"root": 0.0}}, "cannot be within 0.0 units; give 0.5 or more"),
        ({"rule": "sgd"}, "has no `rule`"),
    ],
    ids=str,
)
def test_what_there_is_not_is_refused(declared: Mapping[str, Any], words: str) -> None:
    """An unknown key, value, operation or form is refused with those that there are."""
    with pytest.raises(ValueError, match=words):
        Profile.from_mapping(declared, "adam")


def test_one_word_is_no_list_of_forms() -> None:
    """A word in place of a list is refused: its letters are no forms."""
    with pytest.raises(TypeError, match=r"is a list; give \[`lerp`\]"):
        Profile.from_mapping({"forms": "lerp"}, "adam")


def test_a_wider_profile_is_held_to_the_same_rule() -> None:
    """What a known deviation adds is refused where the rule has no such form."""
    profile = Profile.from_mapping({"forms": ("lerp",)}, "adam")
    assert profile.widened({"forms": ["root first"]}).forms == {"root first"}
    with pytest.raises(ValueError, match="adam has no form `decay added`"):
        profile.widened({"forms": ["decay added"]})


def test_a_form_of_one_variant_may_be_named_for_all() -> None:
    """Forms are those of every variant of the rule that a name means."""
    assert form_names("adamw") == form_names("adam")
    assert "step size over root" in form_names("radam")


@pytest.mark.parametrize("entry", [*CATALOGUE, *OTHERS], ids=lambda entry: entry.identifier)
def test_every_entry_names_forms_of_its_rule(entry: Implementation) -> None:
    """The profile of each path is legal for the rule that is claimed, and its deviations' profiles are."""
    assert entry.paths
    for path in (path for device in DEVICES for path in entry.paths_on(device)):
        profile = Profile.from_mapping(path.profile, entry.rule)
        for deviation in load():
            if deviation.profile and entry.identifier in deviation.implementations:
                profile.widened(deviation.profile)
