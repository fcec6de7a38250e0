// SPDX-License-Identifier: MIT
/*
 * A program that makes system calls with known values in its registers.
 *
 *	registers COUNT    COUNT calls of getppid() after a line, then pause() after another
 *
 * The number of the call, from 1, is in rbx; the others are constants. It speaks like target.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char after_call[];

static void call(long number, long system_call)
{
	__asm__ volatile(
		"push %%rbp\n\t"
		"mov $0xb0b0, %%ebp\n\t"
		"mov $0xd1, %%edi\n\t"
		"mov $0x51, %%esi\n\t"
		"mov $0xd2, %%edx\n\t"
		"mov $0x10, %%r10d\n\t"
		"mov $0x8, %%r8d\n\t"
		"mov $0x9, %%r9d\n\t"
		"mov $0x1212, %%r12d\n\t"
		"mov $0x1313, %%r13d\n\t"
		"mov $0x1414, %%r14d\n\t"
		"movabs $0x1515151515151515, %%r15\n\t"
		"syscall\n"
		".globl after_call\n"
		"after_call:\n\t"
		"pop %%rbp\n\t"
		: "+a"(system_call)
		: "b"(number)
		: "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rcx",
		  "cc", "memory");
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	char line[64];

	printf("ready %p\ntid %ld\ngo\n", (void *)after_call, syscall(SYS_gettid));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	for (long i = 1; i <= count; i++)
		call(i, SYS_getppid);
	puts("done");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	call(count + 1, SYS_pause);
	return 0;
}
