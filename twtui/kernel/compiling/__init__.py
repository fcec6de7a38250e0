"""From C sources to compiled modules, kept for the next start."""
