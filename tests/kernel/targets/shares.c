// SPDX-License-Identifier: MIT
/*
 * A program that spends 50, 30 and 20 % of its CPU time in three functions, all
 * called by burn(). It speaks like target.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static volatile int stopping;

static long cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

#define BURNER(name)							\
	static NOINLINE void name(long until_ns)			\
	{								\
		while (cpu_ns() < until_ns)				\
			for (volatile int i = 0; i < 20000; i++)	\
				;					\
		__asm__ volatile("");					\
	}

BURNER(alpha)
BURNER(beta)
BURNER(gamma_)

static NOINLINE void burn(void)
{
	long from = cpu_ns();

	for (long round = 1; !stopping; round++) {
		alpha(from + 5000000);
		beta(from + 8000000);
		gamma_(from + 10000000);
		from += 10000000;
	}
}

static void *work(void *unused)
{
	burn();
	return unused;
}

int main(void)
{
	pthread_t thread;
	char line[64];

	printf("ready 0x1\ntid %ld\ngo\n", syscall(SYS_gettid));
	fflush(stdout);
	pthread_create(&thread, NULL, work, NULL);
	fgets(line, sizeof(line), stdin);
	stopping = 1;
	pthread_join(thread, NULL);
	return 0;
}
