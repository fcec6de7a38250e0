"""What the manual, the completions and the example of a config file are made of: the program's own tables."""
