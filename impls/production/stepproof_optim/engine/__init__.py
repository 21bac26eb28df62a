"""What makes an optimizer or a schedule of one function: paths, states, counts and settings, written once."""
