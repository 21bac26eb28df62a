"""A subcommand of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

Add = Callable[[argparse.ArgumentParser], None]


class Subcommand(argparse.ArgumentParser):
    """The parser of a subcommand, which gets its arguments when it is asked for."""

    add: Add | None = None

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """Parse what stands after the name of the subcommand."""
        add, self.add = self.add, None
        if add is not None:
            add(self)
        return super().parse_known_args(args, namespace)
