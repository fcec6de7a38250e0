/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for packet sockets, which BCC's helpers.h includes and no program of ours touches. */
