"""Enclosures of one step for whole arrays: intervals of everything that a legal evaluation may return."""
