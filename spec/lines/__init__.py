"""Lines that several formulas share, by subject: symbols, settings, states and assignments."""
