"""Enclosures in python-flint's balls: of schedules, searches and derivatives, and what confirms a finding.

All of them are computed with ``PRECISION`` bits, which is set here and nowhere else.
"""

from __future__ import annotations

import flint

PRECISION = 300
flint.ctx.prec = PRECISION
