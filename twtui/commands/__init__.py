"""The commands, and what only they are made of: they find targets, make plans, write and print."""
