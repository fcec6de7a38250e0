/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the kernel's bpf.h: BCC has put its own copy in front of every program already. */
