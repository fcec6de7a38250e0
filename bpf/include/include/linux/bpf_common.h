/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the opcodes of classic BPF, which nothing here encodes: BCC's bpf.h only wants the file. */
