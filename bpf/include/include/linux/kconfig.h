/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the kernel's configuration: BCC asks only whether there is a bpf() at all. */
#define CONFIG_BPF_SYSCALL 1
