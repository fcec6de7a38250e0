"""The kernel's interface for BPF: libbpf, BTF, the numbers of kfuncs, and which libraries there are."""
