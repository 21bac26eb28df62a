"""One schedule a file: its settings, and the learning rate as a function of the step."""
