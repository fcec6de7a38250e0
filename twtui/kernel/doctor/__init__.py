"""What works on this machine, what does not, and which programs the kernel takes."""
