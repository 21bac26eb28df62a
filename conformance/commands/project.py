"""What a project's configuration says of the surroundings in which its code is judged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.commands.ledger_layers import layer
from conformance.commands.usage_errors import UsageError
from conformance.configuration.reading import find, read
from conformance.configuration.settings import Configuration
from conformance.engine.ledger import VARIABLE as LEDGERS
from impls.session import IMPORT_FROM
from spec.own_rules import OWN_RULES


@contextmanager
def project() -> Iterator[Path]:
    """Import the code under test, and find rules and ledgers, as the nearest configuration says, if there is one.

    Yields its folder, or the current one.
    """
    file = find(Path.cwd())
    folder = file.parent if file else Path.cwd()
    with surroundings(read(file).settings if file else Configuration(), folder):
        yield folder


@contextmanager
def surroundings(settings: Configuration, folder: Path | None = None) -> Iterator[None]:
    """Set the variables by which the processes that judge find rules and ledgers of the project in ``folder``.

    Without one it is the current folder.
    """
    root = (folder or Path()).absolute()
    if settings.rules and not (root / settings.rules).is_dir():
        raise UsageError(f"rules = {settings.rules!r} is no folder; name one with spec/NAME.py, or leave it out")
    folders = os.pathsep.join(str(root / name) for name in settings.pythonpath)
    asked = {OWN_RULES: settings.rules and str(root / settings.rules), IMPORT_FROM: folders}
    before = {name: os.environ.get(name) for name in (*asked, LEDGERS)}
    os.environ.update({name: value for name, value in asked.items() if value})
    try:
        if settings.ledger and (root / settings.ledger).is_file():
            layer([Path(os.path.relpath(root / settings.ledger))])
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
