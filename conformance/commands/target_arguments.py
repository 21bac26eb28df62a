"""The arguments of every command that is given one target: what it claims, and what is said of it besides."""

from __future__ import annotations

import argparse


def add_claim(parser: argparse.ArgumentParser) -> None:
    """Add a target, the formula that it claims, and what cannot be read off it."""
    parser.add_argument("target", help="module:Class, path/to/file.py:Class, or a catalogue name")
    parser.add_argument("--rule", help="the rule it claims (see `stepproof rules`)")
    parser.add_argument("--schedule", help="the schedule it claims (see `stepproof schedules`)")
    add_option(parser)
    said = {
        "--setting": "what the constructor calls a setting of the rule: lr=learning_rate, betas[0]=beta1",
        "--state": "where a state of the rule is kept: exp_avg=m, exp_avg_sq=moments/1, exp_avg=optimizer:m/*",
    }
    for name, words in said.items():
        parser.add_argument(name, action="append", default=[], metavar="NAME=VALUE", help=words)
    add_given(parser)
    parser.add_argument("--ranks", metavar="LOW-HIGH", help="tensors of so many dimensions alone: 0-1 for vectors")


def add_given(parser: argparse.ArgumentParser) -> None:
    """Add what a constructor is given beside settings."""
    said = {
        "--argument": "what else the constructor is given: JSON, a word, or module:attribute for an object",
        "--group": "what every param group says of itself: use_muon=true",
    }
    for name, words in said.items():
        parser.add_argument(name, action="append", default=[], metavar="NAME=VALUE", help=words)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the options of a formula."""
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the formula")
