"""Imported by the process from which judges are forked: their workers are copies too."""

from __future__ import annotations

import os

from tests.preloaded import ADDRESS, serve_workers

serve_workers(lambda: os.environ[ADDRESS])
