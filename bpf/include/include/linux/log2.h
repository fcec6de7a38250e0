/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the kernel's powers of two: BCC uses them for stack trace maps alone, and we have none. */
