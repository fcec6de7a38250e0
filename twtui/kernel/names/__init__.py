"""Where functions and variables lie, and what addresses are called."""
