/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Stands in for the release of installed headers; no kernel checks it, and ours asks BTF instead. */
#pragma once
#define KERNEL_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + (patch))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 18, 0)
