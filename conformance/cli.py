"""The command line of stepproof: one table of subcommands, each of which is imported when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from conformance.commands.exit_status import CONFORMS, NOT_JUDGED
from conformance.commands.run_arguments import add_run
from conformance.commands.standard_output import outlet
from conformance.commands.subcommand import Subcommand
from conformance.commands.surroundings import kept_environment
from conformance.commands.target_arguments import add_claim, add_given, add_option
from conformance.commands.usage_errors import UsageError, among, pairs
from conformance.engine.ending import number_of, terminating
from conformance.engine.safe_text import safe_text
from impls.devices import FLOATS

if TYPE_CHECKING:
    from impls.session import Session

Add = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace, Console], int]
EPILOG = """examples:
  stepproof check torch.optim:AdamW --rule adamw      judge one optimizer, every path and format
  stepproof check mypkg.optim:Fast --rule adamw --python .venv/bin/python
                                                      the same, in another environment
  stepproof check torch.StepLR --schedule step        judge a learning-rate scheduler
  stepproof identify mypkg.optim:Fast                 say which rule with which options it is
  stepproof report                                    judge the catalogue and write the report
  stepproof report --resume                           go on with a report that was cut short
  stepproof show adamw                                read the formula
  stepproof rules                                     list the rule book
  stepproof schedules                                 list the schedules
  stepproof pack torch.AdamW --device cuda --output kit.pyz
                                                      judge it on a machine that has no stepproof
  stepproof train digits --rule adam                  train a small network and judge every step
  stepproof deviations torch.Adam                     list what is known to deviate
  stepproof ledger add FINDING --reason TEXT          record a finding that stays for a while
  stepproof diff before.json now.json                 say what is otherwise in a later run
  stepproof plot cosine --T 100 --warmup 10           draw a schedule

exit status: 0 conforms, 1 does not, 2 could not be judged; 130 or 143 if it was cut short"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "stepproof",
        description="Judges optimizers and learning-rate schedules by their formulas, without tuned tolerances.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Subcommand)
    for name, (words, run, add) in COMMANDS.items():
        added = commands.add_parser(name, help=words)
        added.set_defaults(run=run)
        added.add = add
    return parser


def _add_check(check: argparse.ArgumentParser) -> None:
    add_claim(check)
    add_run(check, budget=25.0)


def _add_identify(identify: argparse.ArgumentParser) -> None:
    identify.add_argument("target", help="module:Class, or path/to/file.py:Class")
    identify.add_argument("--python", help="the interpreter of the optimizer's own environment")
    add_given(identify)


def _add_report(report: argparse.ArgumentParser) -> None:
    from conformance.catalogue.installed import NAMES

    report.add_argument("--only", action="append", default=[], metavar="NAME", help="an implementation")
    report.add_argument("--references", action="store_true", help="judge the NumPy references too")
    report.add_argument(
        "--library",
        action="append",
        default=[],
        metavar="NAME",
        help=f"one of {', '.join(NAMES)} (default: all that are installed)",
    )
    add_run(report, budget=10.0)


def _add_show(show: argparse.ArgumentParser) -> None:
    show.add_argument("rule")
    add_option(show)


def _add_power(power: argparse.ArgumentParser) -> None:
    power.add_argument("--only", metavar="CLASS", help="one class of faults, such as: another option")
    power.add_argument("--all", action="store_true", help="every changed line of every formula, not a sample")
    power.add_argument("--sample", type=int, default=64, help="so many changed lines of formulas (default 64)")
    power.add_argument("--each", type=int, metavar="N", help="so many of each class of faults alone")
    power.add_argument("--diagnosis", action="store_true", help="ask only what is said of the mistake")
    power.add_argument("--dtype", choices=FLOATS, default="float64")
    power.add_argument("--budget", type=float, default=2.0, metavar="SECONDS", help="as of `stepproof check`")
    power.add_argument("--jobs", type=int, default=2, help="processes that judge at a time (default 2)")
    power.add_argument(
        "--output", metavar="FOLDER", default="", help="write the table and its rows there, as they come"
    )
    power.add_argument("--resume", action="store_true", help="go on with what the output holds")


def _add_replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("case", type=Path, help="a file of build/conformance/failures")


def _add_plot(plot: argparse.ArgumentParser) -> None:
    plot.add_argument("plotted", metavar="SCHEDULE")
    plot.add_argument("--svg", type=Path, metavar="FILE", help="write the curve as SVG too")
    add_option(plot)


def _add_training(train: argparse.ArgumentParser) -> None:
    from conformance.training.problems import PROBLEMS
    from conformance.training.tutorials import RULES, STEPS

    train.add_argument("problem", help=f"one of {', '.join(PROBLEMS)}")
    train.add_argument("--rule", action="append", default=[], help=f"one of {', '.join(RULES)}")
    train.add_argument("--steps", type=int, default=STEPS, help=f"steps in full batches (default {STEPS})")
    train.add_argument("--lr", type=float, help="the learning rate (default: one that trains in that time)")
    train.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    train.add_argument("--python", help="the interpreter of another environment with torch")
    train.add_argument("--output", type=Path, default=Path("build/training"))


def _check(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands.project import project

    with project(), _begun(given) as session:
        from conformance.commands import check_and_report

        return check_and_report.check(given, console, session)


def _gate(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import gate

    return gate.gate(given, console)


def _add_gate(parser: argparse.ArgumentParser) -> None:
    from conformance.commands.gate_arguments import add_gate

    add_gate(parser)


def _init(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import init

    return init.init(given, console)


def _add_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="the project (default: here)")
    parser.add_argument("--python", help="the interpreter of the project's own environment")


def _begun(given: argparse.Namespace) -> Session:
    """Return a session whose worker imports its framework while this process imports the judge."""
    from conformance.commands.ledger_layers import layer
    from conformance.commands.limits import bytes_of, limit
    from impls.session import Session

    limit(given)
    layer(given.ledger)
    session = Session(given.python, timeout=given.timeout, memory=bytes_of(given.memory))
    session.begin()
    return session


def _identify(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import identify, user_statements
    from conformance.commands.project import project
    from impls.session import Session

    with project(), Session(given.python) as session:
        return identify.show(console, given.target, session, user_statements.said_by(given).beside())


def _report(given: argparse.Namespace, console: Console) -> int:
    with _begun(given) as session:
        from conformance.commands import check_and_report

        return check_and_report.report(given, console, session)


def _show(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import listing

    listing.show(console, given.rule, pairs(given.option))
    return CONFORMS


def _rules(_: argparse.Namespace, console: Console) -> int:
    from conformance.commands import listing

    listing.list_rules(console)
    return CONFORMS


def _schedules(_: argparse.Namespace, console: Console) -> int:
    from conformance.commands import listing

    listing.list_schedules(console)
    return CONFORMS


def _clauses(_: argparse.Namespace, console: Console) -> int:
    from conformance.commands import clauses

    clauses.list_clauses(console)
    return CONFORMS


def _train(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import training
    from conformance.training.problems import PROBLEMS
    from conformance.training.tutorials import RULES, SHOWN

    if not 0 < given.steps <= 1000:
        raise UsageError(f"--steps {given.steps} is not in 1 to 1000; give one of these")
    if given.lr is not None and not 0 <= given.lr < float("inf"):
        raise UsageError(f"--lr {given.lr:g} is not in [0, ∞); give a learning rate of 0 or more")
    problem = among("problem", [given.problem], tuple(PROBLEMS))[0]
    rules = among("rule with an optimizer of torch", given.rule, RULES) if given.rule else SHOWN
    return training.train(
        console,
        problem,
        rules,
        steps=given.steps,
        dtype=given.dtype,
        learning_rate=given.lr,
        output=given.output,
        python=given.python,
    )


def _power(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import measured_power

    return measured_power.run(given, console)


def _replay(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import replay
    from conformance.commands.project import project

    case = given.case.absolute()
    with project() as found, chdir(found.file.parent):
        return replay.replay(console, case)


def _plot(given: argparse.Namespace, console: Console) -> int:
    from conformance.commands import plot

    plot.draw(console, given.plotted, pairs(given.option), given.settings, given.svg)
    return CONFORMS


def _devices(_: argparse.Namespace, console: Console) -> int:
    from conformance.commands.environments import seen_by
    from impls.session import Session

    with Session() as session:
        found = seen_by(session)
    console.print(f"torch {found.framework}: {', '.join(found.devices)}")
    return CONFORMS


def _nothing(_: argparse.ArgumentParser) -> None:
    """A subcommand without arguments."""


def _from(name: str) -> tuple[Run, Add]:
    """Return what runs a subcommand and what adds its arguments: functions of a module, imported when called."""

    def module() -> Any:
        return importlib.import_module(f"conformance.commands.{name}")

    return lambda given, console: int(module().run(given, console)), lambda parser: module().add(parser)


COMMANDS: Mapping[str, tuple[str, Run, Add]] = {
    "check": ("judge one optimizer or scheduler", _check, _add_check),
    "init": ("find optimizers and schedulers here, and write the configuration of a gate", _init, _add_init),
    "gate": ("judge what the configuration names", _gate, _add_gate),
    "search": ("look for rarer failures as long as you say", *_from("search")),
    "merge": ("put the shards of a run together", *_from("merging")),
    "pack": ("pack a run into one file that travels to where the code runs", *_from("packing")),
    "judge": ("judge the answers that a kit brought back", *_from("judging_answers")),
    "identify": ("say which rule or schedule an unknown optimizer or scheduler is", _identify, _add_identify),
    "report": ("judge the catalogue and write the report", _report, _add_report),
    "show": ("print the formula of a rule or a schedule", _show, _add_show),
    "rules": ("list the rule book", _rules, _nothing),
    "schedules": ("list the schedules", _schedules, _nothing),
    "clauses": ("list the optimizer contract", _clauses, _nothing),
    "train": ("train a tutorial's problem and judge every step", _train, _add_training),
    "power": ("run the suite against optimizers with a mistake", _power, _add_power),
    "replay": ("run a failing case again", _replay, _add_replay),
    "deviations": ("list what is known to deviate, or show one", *_from("deviations")),
    "ledger": ("keep a ledger of what is known to deviate in your own code", *_from("ledger_arguments")),
    "diff": ("compare two runs: what came, what went, what is worse", *_from("diff")),
    "plot": ("draw a schedule: stepproof plot cosine --T 100 --warmup 10", _plot, _add_plot),
    "devices": ("say which devices a worker sees", _devices, _nothing),
}
"""What each subcommand is for, what runs it, and what adds its arguments."""


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """Return a command line as it is read; ``arguments`` are its words, and ``parse`` reads others."""
    parser = _parser()
    given, more = parser.parse_known_args(words)
    if more and given.command != "plot":
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    given.settings, given.arguments, given.parse = more, list(words), _parsed
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        with terminating(), kept_environment():
            given = _parsed(sys.argv[1:] if arguments is None else arguments)
            run: Run = given.run
            return run(given, Console(file=outlet(sys.stdout), highlight=False, emoji=False))
    except KeyboardInterrupt as interrupt:
        said = f"stepproof: {str(interrupt) or 'stopped'}"
        Console(file=outlet(sys.stderr), highlight=False, emoji=False).print(said, markup=False)
        return 128 + number_of(interrupt)
    except Exception as error:  # noqa: BLE001 - Python's own status for it is that of "does not conform"
        if isinstance(error, sentences()):
            said = f"stepproof: {safe_text(str(error))}"
        else:
            traceback.print_exc()
            said = "stepproof: this is an error of stepproof's own, and no verdict; please report it"
        Console(file=outlet(sys.stderr), highlight=False, emoji=False).print(said, markup=False)
        return NOT_JUDGED


def sentences() -> tuple[type[Exception], ...]:
    """Return the exceptions whose message tells the user what is wrong and what to do."""
    from conformance.baseline.reading import BaselineError
    from conformance.configuration.reading import ConfigurationError
    from conformance.distance.manifest import AnswersError
    from conformance.engine.ledger import LedgerError
    from conformance.engine.stream import ResumeError
    from conformance.recognition.constructor import NotJudgeableError
    from impls.session import TargetError, WorkerFailure
    from spec.book import OwnFormulaError

    return (
        UsageError,
        AnswersError,
        BaselineError,
        LedgerError,
        ConfigurationError,
        OwnFormulaError,
        ResumeError,
        NotJudgeableError,
        WorkerFailure,
        TargetError,
        OSError,
    )


if __name__ == "__main__":
    sys.exit(main())
