// SPDX-License-Identifier: MIT
/*
 * The program that the benchmarks watch. It does a known amount of work at each
 * line on its standard input, and says how long that took.
 *
 *	workload names cold|warm COUNT FILE   openat() of COUNT names, one on each page of FILE
 *	workload calls SECONDS [RATE]         getppid() for SECONDS, at RATE a second or as fast as it can
 *	workload burn ROUNDS                  arithmetic, no system calls
 *	workload doze SECONDS                 on the CPU for 1 ms in 10
 *
 * It prints "ready ADDRESS" (of a text that stays in memory), and for each line
 * "done NS CALLS". A name is cold when its page is not mapped at the call: it is
 * dropped from the page table right before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define BATCH 64

static char text[] = "hello, world";

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long open_names(const char *names, long count, int cold)
{
	for (long i = 0; i < count; i++) {
		const char *name = names + i * PAGE;

		if (cold)
			madvise((void *)name, PAGE, MADV_DONTNEED);
		syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
	}
	return count;
}

static long call(long seconds, long rate)
{
	long from = now_ns(), until = from + seconds * 1000000000L, made = 0;

	while (now_ns() < until) {
		for (int i = 0; i < BATCH; i++)
			syscall(SYS_getppid);
		made += BATCH;
		while (rate && (now_ns() - from) * (rate / 1e9) < made)
			;
	}
	return made;
}

static long doze(long seconds)
{
	long until = now_ns() + seconds * 1000000000L, turns = 0, asleep;

	for (; (asleep = now_ns()) < until; turns++) {
		while (now_ns() - asleep < 1000000)
			;
		usleep(9000);
	}
	return turns;
}

static long burn(long rounds)
{
	volatile unsigned long sum = 1;

	for (long i = 0; i < rounds; i++)
		sum = sum * 6364136223846793005UL + i;
	return rounds;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *names = NULL;
	long from, made, count = 0;
	volatile char touched;
	char line[16];

	if (!strcmp(what, "names") && argc == 5) {
		count = atol(argv[3]);
		names = mmap(NULL, count * PAGE, PROT_READ, MAP_PRIVATE,
			     open(argv[4], O_RDONLY), 0);
		if (names == MAP_FAILED)
			return 1;
		for (long i = 0; i < count; i++)
			touched = names[i * PAGE];
	}
	(void)touched;
	printf("ready %#lx\n", (unsigned long)text);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		from = now_ns();
		if (names)
			made = open_names(names, count, !strcmp(argv[2], "cold"));
		else if (!strcmp(what, "calls"))
			made = call(atol(argv[2]), argc > 3 ? atol(argv[3]) : 0);
		else if (!strcmp(what, "doze"))
			made = doze(atol(argv[2]));
		else
			made = burn(atol(argv[2]));
		printf("done %ld %ld\n", now_ns() - from, made);
		fflush(stdout);
	}
	return 0;
}
