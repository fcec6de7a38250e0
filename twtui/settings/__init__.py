"""Flags and settings: the table of all, their texts, and the places that values come from."""
