"""Optimizers judged by the formulas of their rules: cases, enclosures, findings."""
