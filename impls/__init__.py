"""Implementations under test: the catalogue, the worker they run in and its session."""
