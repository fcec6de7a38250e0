"""twtui: a live monitor for BPF task work."""

__version__ = "0.1.0"
