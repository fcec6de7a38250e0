/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the page size of the machine, with which BCC turns a ring buffer's pages into bytes. */
#pragma once
#define PAGE_SIZE 4096
