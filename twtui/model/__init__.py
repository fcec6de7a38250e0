"""What twtui talks about, as immutable values: plans, events, ledgers, snapshots. Standard library only."""
