"""The command line of stepproof."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance import commands, installation, known
from conformance.engine import ALL_PROPERTIES
from conformance.installation import Installation, find
from conformance.own_references import entries, implementations
from conformance.recognition import NotJudgeableError, catalogued, dotted, recognise
from conformance.schedules import commands as schedule_commands
from conformance.training.experiment import RULES, SHOWN, STEPS
from conformance.training.problems import PROBLEMS
from conformance.usage import UsageError, nearest, pairs
from impls.catalogue import FLOATS, Implementation
from impls.scheduler import Scheduler
from impls.session import Session, TargetError, WorkerFailure
from spec import rules as book

EPILOG = """examples:
  stepproof check torch.optim:AdamW --rule adamw      judge one optimizer, every path and format
  stepproof check mypkg.optim:Fast --rule adamw --python .venv/bin/python
                                                      the same, in another environment
  stepproof report                                    judge the catalogue and write the report
  stepproof show adamw                                read the formula
  stepproof rules                                     list the rule book
  stepproof train digits --rule adam                  train a small network and judge every step
  stepproof check torch.StepLR --schedule step        judge a learning-rate scheduler
  stepproof deviations torch.Adam                     list what is known to deviate
  stepproof plot cosine --T 100 --warmup 10           draw a schedule
  stepproof schedules                                 list the schedules

exit status: 0 conforms, 1 does not, 2 could not be judged"""
TIMEOUT, LONGEST = 60.0, 1e6
"""Seconds: what a step may take unless told otherwise, and what no time given may reach."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "stepproof",
        description="Judges optimizers by their formulas, without tuned tolerances.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands_ = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands_.add_parser("check", help="judge one optimizer")
    check.add_argument("target", help="module:Class, path/to/file.py:Class, or a catalogue name")
    check.add_argument("--rule", help="the rule it claims (see `stepproof rules`)")
    _add_option(check)
    _add_run(check, budget=25.0)
    check.add_argument("--schedule", help="the schedule it claims (see `stepproof schedules`)")
    report = commands_.add_parser("report", help="judge the catalogue and write the report")
    report.add_argument("--only", action="append", default=[], metavar="NAME", help="an implementation")
    report.add_argument("--references", action="store_true", help="judge the NumPy references too")
    report.add_argument(
        "--library",
        action="append",
        default=[],
        metavar="NAME",
        help=f"one of {', '.join(installation.NAMES)} (default: all that are installed)",
    )
    _add_run(report, budget=10.0)
    show = commands_.add_parser("show", help="print a rule's formula")
    show.add_argument("rule")
    _add_option(show)
    commands_.add_parser("rules", help="list the rule book")
    _add_training(commands_.add_parser("train", help="train a tutorial's problem and judge every step"))
    commands_.add_parser("clauses", help="list the clauses of the optimizer contract")
    replay = commands_.add_parser("replay", help="run a stored failing case again")
    replay.add_argument("case", type=Path, help="a file of build/conformance/failures")
    deviations = commands_.add_parser("deviations", help="list what is known to deviate, or show one")
    deviations.add_argument("name", nargs="?", default="", help="a deviation, or a part of a name")
    deviations.add_argument("--script", action="store_true", help="print the standalone script alone")
    deviations.add_argument("--python", help="the interpreter of another environment")
    commands_.add_parser("schedules", help="list the schedules")
    plotted = commands_.add_parser("plot", help="draw a schedule: stepproof plot cosine --T 100 --warmup 10")
    plotted.add_argument("plotted", metavar="SCHEDULE")
    plotted.add_argument("--svg", type=Path, metavar="FILE", help="write the curve as SVG too")
    _add_option(plotted)
    commands_.add_parser("devices", help="say which devices a worker sees")
    return parser


def _add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the rule"
    )


def _add_training(train: argparse.ArgumentParser) -> None:
    train.add_argument("problem", help=f"one of {', '.join(PROBLEMS)}")
    train.add_argument("--rule", action="append", default=[], help=f"one of {', '.join(RULES)}")
    train.add_argument("--steps", type=int, default=STEPS, help=f"steps in full batches (default {STEPS})")
    train.add_argument("--lr", type=float, help="the learning rate (default: one that trains in that time)")
    train.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    train.add_argument("--python", help="the interpreter of another environment with torch")
    train.add_argument("--output", type=Path, default=Path("build/training"))


def _train(arguments: argparse.Namespace, console: Console) -> int:
    if not 0 < arguments.steps <= 1000:
        raise UsageError(f"--steps {arguments.steps} is not in 1 to 1000; give one of these")
    if arguments.lr is not None and not 0 <= arguments.lr < float("inf"):
        raise UsageError(f"--lr {arguments.lr:g} is not in [0, ∞); give a learning rate of 0 or more")
    problem = _known("problem", [arguments.problem], tuple(PROBLEMS))[0]
    rules = _known("rule with an optimizer of torch", arguments.rule, RULES) if arguments.rule else SHOWN
    return commands.train(
        console, problem, rules, steps=arguments.steps, dtype=arguments.dtype,
        learning_rate=arguments.lr, output=arguments.output, python=arguments.python,
    )  # fmt: skip


def _add_run(parser: argparse.ArgumentParser, *, budget: float) -> None:
    parser.add_argument(
        "--budget",
        type=float,
        default=budget,
        metavar="SECONDS",
        help="how hard to test, for each implementation: about this long on two cores; the same "
        f"number always gives the same cases (default {budget:g})",
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of all cases (default 0)")
    parser.add_argument("--python", help="the interpreter of the optimizer's own environment")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--dtype", action="append", default=[], help=f"one of {', '.join(FLOATS)}")
    parser.add_argument("--property", action="append", default=[], help="one property (repeatable)")
    parser.add_argument("--path", action="append", default=[], metavar="NAME",
                        help="one execution path, such as foreach or compiled (repeatable)")  # fmt: skip
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds before a step hangs")
    parser.add_argument("--jobs", type=int, help="processes (default: the cores)")
    parser.add_argument("--output", type=Path, default=Path("build/conformance"))


def _check_timeout(seconds: float) -> None:
    if not 0 < seconds < LONGEST:
        raise UsageError(f"--timeout {seconds:g} is not in (0, 1e6) seconds; give more than 0")


def _rule(name: str, options: dict[str, str]) -> None:
    if name not in book.names():
        raise nearest("rule", name, book.names())
    try:
        book.build(name, options)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _known(what: str, given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    for name in given:
        if name not in known:
            raise nearest(what, name, known)
    return tuple(given) or tuple(known)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    dtypes = _known("format", arguments.dtype, FLOATS)
    properties = _known("property", arguments.property, ALL_PROPERTIES)
    if not 0 < arguments.budget < LONGEST:
        raise UsageError(f"--budget {arguments.budget:g} is not in (0, 1e6) seconds; give more than 0")
    if arguments.device == "cuda" and "cuda" not in commands.devices(arguments.python)[0]:
        console.print("not run: no CUDA device")
        return commands.NOT_JUDGED
    chosen = Installation((_target(arguments),), ()) if arguments.command == "check" else _chosen(arguments)
    if not (chosen.implementations or chosen.schedulers):
        raise UsageError("; ".join(chosen.not_run))
    given = " ".join(["stepproof", *sys.argv[1:]])
    order = commands.Order(
        chosen.implementations, given, arguments.budget, arguments.seed, arguments.output,
        device=arguments.device, dtypes=dtypes, properties=properties, python=arguments.python,
        timeout=arguments.timeout, jobs=arguments.jobs or commands.cores(), absent=chosen.not_run,
        paths=_paths(arguments, chosen.implementations),
        training=arguments.command == "report" and not arguments.only and arguments.device == "cpu",
        schedulers=_schedulers(arguments, chosen),
    )  # fmt: skip
    return commands.exit_status(commands.judge(order, console))


def _chosen(arguments: argparse.Namespace) -> Installation:
    """Return what a report judges: what was named, or the libraries chosen that are installed."""
    names = _known("implementation", arguments.only, [item.identifier for item in entries()])
    if arguments.only:
        return Installation(tuple(item for item in entries() if item.identifier in names), ())
    found = find(_known("library", arguments.library, installation.NAMES), arguments.python)
    own = implementations() if arguments.references else ()
    return Installation((*own, *found.implementations), found.not_run, found.schedulers)


def _paths(arguments: argparse.Namespace, judged: tuple[Implementation, ...]) -> tuple[str, ...]:
    """Return the execution paths that are asked for, each of which something judged has."""
    names = dict.fromkeys(p.name for i in judged for p in i.paths if arguments.device in p.devices)
    return _known("path", arguments.path, tuple(names)) if arguments.path else ()


def _schedulers(arguments: argparse.Namespace, chosen: Installation) -> tuple[Scheduler, ...]:
    """Return the schedulers of a report: all, unless single implementations or properties are asked for."""
    if arguments.command != "report" or arguments.only or arguments.property or arguments.device != "cpu":
        return ()
    return () if arguments.path else chosen.schedulers


def _deviations(arguments: argparse.Namespace, console: Console) -> int:
    if not known.is_known(arguments.name):
        known.listed(console, arguments.name)
        return commands.CONFORMS
    shows = known.shown(console, arguments.name, arguments.python, script_alone=arguments.script)
    return commands.CONFORMS if shows else commands.NOT_JUDGED


def _target(arguments: argparse.Namespace) -> Implementation:
    options = pairs(arguments.option)
    known = catalogued(arguments.target)
    meant = dotted(arguments.target)
    if meant:
        raise UsageError(f"there is no target `{arguments.target}`: {meant} is meant, with a colon")
    rule = arguments.rule or (known.rule if known else None)
    if rule is None:
        raise UsageError(f"say which rule `{arguments.target}` claims: --rule NAME")
    _rule(rule, options)
    if known is None and ":" not in arguments.target:
        raise nearest("target", arguments.target, [i.identifier for i in entries()])
    with Session(arguments.python, timeout=arguments.timeout) as session:
        return recognise(arguments.target, rule, options, session)


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        return _main(given)
    except Exception:  # noqa: BLE001 - Python's own status for it is that of "does not conform"
        console = Console(stderr=True, highlight=False)
        console.print_exception()
        console.print("stepproof: this is an error of stepproof's own, and no verdict; please report it")
        return commands.NOT_JUDGED


def _main(given: Sequence[str] | None) -> int:
    arguments, more = _parser().parse_known_args(given)
    if more and arguments.command != "plot":
        _parser().error(f"unrecognized arguments: {' '.join(more)}")
    arguments.settings = more
    console = Console(highlight=False)
    try:
        _check_timeout(getattr(arguments, "timeout", TIMEOUT))
        if schedule_commands.wanted(arguments):
            return schedule_commands.run(arguments, console)
        if arguments.command in {"check", "report"}:
            return _run(arguments, console)
        if arguments.command == "show":
            _rule(arguments.rule, pairs(arguments.option))
            commands.show(console, arguments.rule, pairs(arguments.option))
        elif arguments.command == "rules":
            commands.list_rules(console)
        elif arguments.command == "train":
            return _train(arguments, console)
        elif arguments.command == "clauses":
            commands.list_clauses(console)
        elif arguments.command == "replay":
            return commands.replay(console, arguments.case)
        elif arguments.command == "deviations":
            return _deviations(arguments, console)
        else:
            found, framework = commands.devices(None)
            console.print(f"torch {framework}: {', '.join(found)}")
    except (
        UsageError,
        NotJudgeableError,
        WorkerFailure,
        TargetError,
        OSError,
    ) as error:
        Console(stderr=True, highlight=False).print(f"stepproof: {error}", markup=False)
        return commands.NOT_JUDGED
    except KeyboardInterrupt:
        Console(stderr=True).print("stepproof: stopped; verdicts so far are in verdicts.jsonl")
        return commands.NOT_JUDGED
    return commands.CONFORMS


if __name__ == "__main__":
    sys.exit(main())
