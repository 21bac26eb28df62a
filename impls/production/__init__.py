"""The optimizers that this project ships: the distribution `stepproof-optim`, imported as `stepproof_optim`.

It needs torch alone, shares no code with its judge, and is judged like anybody's.
"""
