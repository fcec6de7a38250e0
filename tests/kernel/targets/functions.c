// SPDX-License-Identifier: MIT
/*
 * A program whose functions are called a known number of times.
 *
 *	functions COUNT              call each function from two threads; a line starts
 *	functions COUNT fork         the same, then as often in a forked child
 *	functions COUNT load LIBRARY dlopen the library first, after the line
 *
 * It speaks like target.c. Compiled with LIBRARY it is the library.
 */
#define NOINLINE __attribute__((noinline, noclone))

#ifdef LIBRARY

NOINLINE long library_say(const char *text, long number)
{
	__asm__ volatile("" : : "r"(text) : "memory");
	return 3 * number;
}

#else

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef LINKED
extern long library_say(const char *text, long number);
static long (*say)(const char *text, long number) = library_say;
#else
static long (*say)(const char *text, long number);
#endif

char *text;
static long count;

NOINLINE long program_say(const char *said, long number)
{
	__asm__ volatile("" : : "r"(said) : "memory");
	return 2 * number;
}

static NOINLINE long hidden_say(const char *said, long number)
{
	__asm__ volatile("" : : "r"(said) : "memory");
	return 5 * number;
}

static void *work(void *unused)
{
	for (long i = 1; i <= count; i++) {
		program_say(text, i);
		hidden_say(text, i);
		if (say)
			say(text, i);
	}
	return unused;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	pthread_t threads[2];
	char line[64];

	if (argc < 2)
		return 1;
	count = atol(argv[1]);
	text = getenv("TARGET_TEXT");
	printf("ready %p\ntid %ld\ngo\n", (void *)text, syscall(SYS_gettid));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	if (!strcmp(what, "load")) {
		void *library = dlopen(argv[3], RTLD_NOW);
		void *found = library ? dlsym(library, "library_say") : NULL;

		if (!found)
			return 1;
		memcpy(&say, &found, sizeof(say));
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	if (!strcmp(what, "fork")) {
		pid_t child = fork();

		if (!child) {
			work(NULL);
			work(NULL);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	puts("done");
	fflush(stdout);
	fgets(line, sizeof(line), stdin);
	return 0;
}

#endif
