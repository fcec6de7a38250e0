// SPDX-License-Identifier: MIT
/*
 * soak PROCESSES CALLS PERIOD_MS: processes that come and go, with a known number of calls.
 *
 * One process is started in each period and lives for four. It calls getppid()
 * CALLS times, evenly over its life; the second half of them in a thread of its
 * own. Who is late makes up for it, so that the number of calls is always the same.
 *
 * It prints "ready ADDRESS" (of a text that all have there), "tid N", "go"; after a
 * line "calls N" and "done", when all have ended; and it ends at end of file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 4
#define BURST 25
#define FIXED_ADDRESS ((char *)0x200000000000)

static long calls, life_ns;

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void sleep_until(long ns)
{
	struct timespec until = { ns / 1000000000L, ns % 1000000000L };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

struct half {
	long from_ns;
	long first, last;
};

static void *make_calls(void *argument)
{
	struct half *half = argument;

	for (long i = half->first; i < half->last; i++) {
		if (i % BURST == 0)
			sleep_until(half->from_ns + life_ns / calls * i);
		syscall(SYS_getppid);
	}
	return NULL;
}

static void live(long from_ns)
{
	struct half first = { from_ns, 0, calls / 2 }, second = { from_ns, calls / 2, calls };
	pthread_t thread;

	make_calls(&first);
	if (pthread_create(&thread, NULL, make_calls, &second))
		_exit(1);
	pthread_join(thread, NULL);
	_exit(0);
}

/* how many have ended well */
static long reap(int at_most_alive, long *alive)
{
	long ended = 0;
	int status;
	pid_t pid;

	while (*alive) {
		pid = waitpid(-1, &status, *alive > at_most_alive ? 0 : WNOHANG);
		if (pid <= 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			break;
		*alive -= 1;
		ended += WIFEXITED(status) && !WEXITSTATUS(status);
	}
	return ended;
}

int main(int words, char **word)
{
	const char *text = getenv("TARGET_TEXT");
	char *held = mmap(FIXED_ADDRESS, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	long processes, period_ns, from_ns, alive = 0, ended = 0;
	char line[64];

	if (words != 4 || held == MAP_FAILED)
		return 1;
	processes = atol(word[1]);
	calls = atol(word[2]);
	period_ns = atol(word[3]) * 1000000L;
	life_ns = period_ns * AT_ONCE;
	if (calls < 2)
		return 1;
	snprintf(held, 4096, "%s", text ? text : "");
	printf("ready %#lx\ntid %ld\ngo\n", (unsigned long)held, syscall(SYS_gettid));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	from_ns = now_ns();
	for (long i = 0; i < processes; i++) {
		sleep_until(from_ns + i * period_ns);
		/* who are late hold the others up, so that there never are many */
		ended += reap(2 * AT_ONCE, &alive);
		switch (fork()) {
		case -1:
			return 1;
		case 0:
			live(from_ns + i * period_ns);
		}
		alive++;
	}
	ended += reap(0, &alive);
	printf("calls %ld\ndone\n", ended * calls);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin))
		return 0;
	return 0;
}
