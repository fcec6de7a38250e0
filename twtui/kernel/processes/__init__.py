"""Processes as /proc shows them: states, threads, mappings, files."""
