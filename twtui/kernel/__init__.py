"""The kernel process: all that needs BCC, ctypes on libbpf or privileges. Started, never imported."""
