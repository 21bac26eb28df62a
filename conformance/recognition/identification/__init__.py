"""Tells from trial steps alone which rule with which options an optimizer implements."""
