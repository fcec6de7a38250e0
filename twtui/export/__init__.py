"""Runs and recordings in the forms of others: JSON Lines, CSV, folded stacks, a trace."""
