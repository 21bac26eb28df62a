"""Optimizers that call the function themselves, judged from their start to their end."""
