"""Reports in the formats that other tools read: a module each, and the table of all of them in ``formats``."""

NAMES = ("annotations", "badge", "ctrf", "history", "in-toto", "job-summary", "junit", "sarif")
"""The names of ``formats.FORMATS``, for a command line that has nothing to write yet."""
