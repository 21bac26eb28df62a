"""Where formulas of somebody's own are found."""

from __future__ import annotations

OWN_RULES = "STEPPROOF_RULES"
"""Names a folder with rules of somebody's own: FOLDER/spec/NAME.py and FOLDER/reference/NAME.py."""
