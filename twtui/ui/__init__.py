"""The screens: Textual widgets that pull snapshots and draw them; the only part that knows Textual."""
