"""One run: programs and maps in the kernel, triggers, targets, captures, the ledger."""
