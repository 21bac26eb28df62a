"""Schedules as numbers: readable references, and enclosures of every legal evaluation."""
