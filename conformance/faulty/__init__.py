"""Optimizers with a mistake that was put into them, and how well the suite finds and names it."""
