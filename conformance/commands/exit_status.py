"""The exit status of a command says whether what was judged conforms."""

from __future__ import annotations

CONFORMS, DOES_NOT, NOT_JUDGED = 0, 1, 2
