// SPDX-License-Identifier: MIT
/*
 * The program that the kernel tests watch. It does what it is told, a known
 * number of times, and holds a known text at a known address.
 *
 *	target spin THREADS          burn CPU
 *	target pause THREADS         sleep in pause(); a line wakes all
 *	target call THREADS COUNT    call getppid(); a line starts
 *	target exec PROGRAM          wait for a line, then execve PROGRAM pause 1
 *	target churn COUNT           threads that come and go, eight at a time; a line starts
 *	target fork COUNT            children that exec and open /family/NUMBER; a line starts
 *	target cold COUNT FILE WHAT  calls whose argument lies on a page that is not there: open, write,
 *	                             say, or edge: the first half of it is there, and the call ignores it
 *	target deep COUNT            one call of getppid below so many frames; a line starts
 *	target read COUNT            read() that many bytes, one by one, which come on standard input
 *	target burst SECONDS         200 threads a second, of which 5 burn 60 ms; a line starts
 *
 * It prints "ready ADDRESS", then "tid N" for each thread, then "go"; after a
 * line on its standard input it acts, prints "done", and ends at end of file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 1024
#define FIXED_ADDRESS ((char *)0x200000000000)

static pthread_barrier_t start, known, end;
static pthread_t threads[MOST_THREADS];
static volatile sig_atomic_t stopping;
static const char *what;
const char *second_text = "the second text";
static long count;

static void wake(int number)
{
	(void)number;
}

static void say_tid(void)
{
	printf("tid %ld\n", syscall(SYS_gettid));
	fflush(stdout);
}

static void pin(long number)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(number % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* says how long the calls took */
static void call(void)
{
	long from = now_ns();

	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	printf("ns %ld\n", now_ns() - from);
	fflush(stdout);
}

static void *work(void *number)
{
	say_tid();
	pthread_barrier_wait(&known);
	if (!strcmp(what, "spin")) {
		while (!stopping)
			;
		return NULL;
	}
	pin((long)number);
	pthread_barrier_wait(&start);
	if (!strcmp(what, "pause"))
		pause();
	else
		call();
	pthread_barrier_wait(&end);
	return NULL;
}

static int wait_for_line(void)
{
	char line[64];

	return fgets(line, sizeof(line), stdin) != NULL;
}

static void *come_and_go(void *unused)
{
	for (int i = 0; i < 20; i++)
		sched_yield();
	return unused;
}

static void churn(long number)
{
	pthread_t some[8];

	for (long done = 0; done < number; done += 8) {
		for (int i = 0; i < 8; i++)
			pthread_create(&some[i], NULL, come_and_go, NULL);
		for (int i = 0; i < 8; i++)
			pthread_join(some[i], NULL);
	}
}

static __attribute__((noinline, noclone)) void go_down(long number)
{
	if (number)
		go_down(number - 1);
	else
		syscall(SYS_getppid);
	__asm__ volatile("" : : : "memory");
}

/* each child runs a new image, which opens one known file and ends */
static void have_children(const char *self, long number)
{
	char name[64];

	for (long i = 0; i < number; i++) {
		snprintf(name, sizeof(name), "/family/%ld", i);
		if (!fork()) {
			execl(self, self, "child", name, NULL);
			_exit(1);
		}
	}
	while (wait(NULL) > 0)
		;
}

/* a function for uprobes */
__attribute__((noinline, noclone)) void cold_say(const char *name)
{
	__asm__ volatile("" : : "r"(name) : "memory");
}

/* says how often the calls were interrupted */
static void read_bytes(long number)
{
	long interrupted = 0;
	char byte;

	while (number) {
		if (read(STDIN_FILENO, &byte, 1) == 1)
			number--;
		else
			interrupted++;
	}
	printf("interrupted %ld\n", interrupted);
}

static void *burn_60_ms(void *unused)
{
	struct timespec now;

	say_tid();
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec == 0 && now.tv_nsec < 60000000);
	return unused;
}

static void *end_at_once(void *unused)
{
	return unused;
}

static void burst(long seconds)
{
	pthread_t one;

	for (long i = 0; i < 200 * seconds; i++) {
		pthread_create(&one, NULL, i % 40 ? end_at_once : burn_60_ms, NULL);
		pthread_join(one, NULL);
		usleep(i % 40 ? 3000 : 0);
	}
}

/* from the end of the page before, which is there */
static void name_over_edge(char *page)
{
	(void)*(volatile char *)(page - 1);
	/* what lies around a page that is touched is brought in with it */
	madvise(page, 4096, MADV_DONTNEED);
	syscall(SYS_getppid, page - 12, 24);
}

/* every name on a page of its own in a file, dropped from the page table right before its call */
static int call_cold(long number, const char *file, const char *call)
{
	int fd = open(file, O_RDONLY), sink = open("/dev/null", O_WRONLY);
	char *names = mmap(NULL, (number + 1) * 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	if (fd < 0 || sink < 0 || names == MAP_FAILED)
		return 1;
	for (long i = 0; i < number; i++) {
		char *name = names + i * 4096;

		madvise(name, 4096, MADV_DONTNEED);
		if (!strcmp(call, "open"))
			syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
		else if (!strcmp(call, "say"))
			cold_say(name);
		else if (!strcmp(call, "edge"))
			name_over_edge(name + 4096);
		else
			syscall(SYS_write, sink, name, 24);
	}
	return 0;
}

int main(int argc, char **argv)
{
	long number = argc > 2 ? atol(argv[2]) : 1;
	const char *text = getenv("TARGET_TEXT");
	char *held = mmap(FIXED_ADDRESS, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct sigaction action = { .sa_handler = wake };

	if (argc < 2 || held == MAP_FAILED)
		return 1;
	what = argv[1];
	if (!strcmp(what, "child"))
		return open(argv[2], O_RDONLY) >= 0;
	count = argc > 3 ? atol(argv[3]) : 0;
	snprintf(held, 4096, "%s", text ? text : "hello from user space");
	sigaction(SIGUSR1, &action, NULL);
	printf("ready %#lx\n", (unsigned long)held);
	fflush(stdout);

	if (!strcmp(what, "churn") || !strcmp(what, "exec") || !strcmp(what, "fork") ||
	    !strcmp(what, "deep") || !strcmp(what, "cold") || !strcmp(what, "read") || !strcmp(what, "burst")) {
		say_tid();
		puts("go");
		fflush(stdout);
		if (strcmp(what, "read") && !wait_for_line())
			return 0;
		if (!strcmp(what, "exec"))
			execl(argv[2], argv[2], "pause", "1", NULL);
		else if (!strcmp(what, "fork"))
			have_children("/proc/self/exe", number);
		else if (!strcmp(what, "deep"))
			go_down(number);
		else if (!strcmp(what, "read"))
			read_bytes(number);
		else if (!strcmp(what, "burst"))
			burst(number);
		else if (!strcmp(what, "cold")) {
			if (call_cold(number, argv[3], argv[4]))
				return 1;
		} else
			churn(number);
		puts("done");
		fflush(stdout);
		wait_for_line();
		return 0;
	}

	if (number > MOST_THREADS)
		return 1;
	pthread_barrier_init(&known, NULL, number + 1);
	pthread_barrier_init(&start, NULL, number + 1);
	pthread_barrier_init(&end, NULL, number + 1);
	for (long i = 0; i < number; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	pthread_barrier_wait(&known);
	puts("go");
	fflush(stdout);
	if (!strcmp(what, "spin")) {
		wait_for_line();
		stopping = 1;
		for (long i = 0; i < number; i++)
			pthread_join(threads[i], NULL);
		return 0;
	}
	if (!wait_for_line())
		return 0;
	pthread_barrier_wait(&start);
	if (!strcmp(what, "pause")) {
		/* a second line wakes them, again and again until none sleeps */
		if (!wait_for_line())
			return 0;
		for (long i = 0; i < number; i++)
			pthread_kill(threads[i], SIGUSR1);
	}
	pthread_barrier_wait(&end);
	puts("done");
	fflush(stdout);
	wait_for_line();
	return 0;
}
