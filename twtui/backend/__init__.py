"""Sources of batches: the live kernel process, a seeded generator, a recording."""
