// SPDX-License-Identifier: MIT
/*
 * stress PROGRAM FLIGHTS THREADS RUNS: runs a BPF program from many threads at once.
 *
 * Both are inherited file descriptors: of a program that BPF_PROG_TEST_RUN runs in
 * the calling thread, and of a hash in which every thread enters itself before.
 * When it ends well, every thread has been back in user space after its last run.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_THREADS 64

static int program, flights;
static long runs;
static pthread_barrier_t start;

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int enter(void)
{
	unsigned int tid = syscall(SYS_gettid);
	unsigned long long none = 0;
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = flights;
	attributes.key = (unsigned long)&tid;
	attributes.value = (unsigned long)&none;
	return bpf(BPF_MAP_UPDATE_ELEM, &attributes);
}

static void *work(void *unused)
{
	union bpf_attr attributes;

	if (enter()) {
		perror("entering a thread");
		exit(1);
	}
	pthread_barrier_wait(&start);
	for (long i = 0; i < runs; i++) {
		memset(&attributes, 0, sizeof(attributes));
		attributes.test.prog_fd = program;
		if (bpf(BPF_PROG_TEST_RUN, &attributes)) {
			perror("running the program");
			exit(1);
		}
	}
	syscall(SYS_gettid);
	return unused;
}

int main(int count, char **words)
{
	pthread_t threads[MOST_THREADS];
	int number;

	if (count != 5)
		return 2;
	program = atoi(words[1]);
	flights = atoi(words[2]);
	number = atoi(words[3]);
	runs = atol(words[4]);
	if (number < 1 || number > MOST_THREADS)
		return 2;
	pthread_barrier_init(&start, NULL, number);
	for (int i = 0; i < number; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < number; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
