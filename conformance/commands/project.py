"""What a project's configuration says of the surroundings in which its code is judged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.commands.ledger_layers import layer
from conformance.commands.surroundings import kept_environment
from conformance.commands.usage_errors import UsageError
from conformance.configuration.reading import OWN_FILE, Located, find, read
from conformance.configuration.settings import Configuration
from impls.session import IMPORT_FROM
from spec.own_rules import OWN_RULES


@contextmanager
def project() -> Iterator[Located]:
    """Import the code under test, and find rules and ledgers, as the nearest configuration says, if there is one.

    Yields it, or an empty one of the current folder.
    """
    file = find(Path.cwd())
    found = read(file) if file else Located(Path.cwd() / OWN_FILE, Configuration())
    with surroundings(found.settings, found.file.parent):
        yield found


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
    with kept_environment():
        os.environ.update({name: value for name, value in asked.items() if value})
        if settings.ledger and (root / settings.ledger).is_file():
            # Whoever goes on in another folder finds it by its whole name.
            layer([Path(settings.ledger) if root == Path.cwd() else root / settings.ledger])
        yield
