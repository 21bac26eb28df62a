"""Schedulers judged by the formulas of their schedules: cases, enclosures, findings."""
