// SPDX-License-Identifier: MIT
/*
 * A target that changes under its watcher, once for each line on standard input.
 *
 *	changing exec PROGRAM        a thread that is not the first runs PROGRAM rename other
 *	changing exit                exit_group(), the trigger of its own end
 *	changing fork COUNT          children, 20 at a time, of which each calls getppid() once;
 *	                             beside a second thread, which sleeps
 *	changing threads COUNT       threads, 20 at a time, of which each calls getppid() once
 *	changing rename NAME         takes another name, then calls getppid() once
 *	changing leave               the first thread ends; another calls getppid() at the next line
 *	changing vfork               waits for a child, uninterruptibly, until the next line
 *	changing random MEGABYTES    one call that is busy in the kernel all the time
 *	changing fault               one getppid(); its page comes when it is touched, at the next line
 *	changing as PID COUNT        a child gets this PID, and calls getppid() so often
 *	changing siblings PID COUNT  a child gets this PID and calls, ends, and another one gets it
 *
 * It prints "ready ADDRESS" (of a text of its own, at the same place in every process
 * of this program), "tid N", "go", and "done" when it has changed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 20
#define CHUNK_BYTES (2UL << 20)

static char own_text[64] = "of the new image";
static const char *argument;
static sem_t known;
static long count;

static int wait_for_line(void)
{
	char line[64];

	return fgets(line, sizeof(line), stdin) != NULL;
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static void *run_program(void *unused)
{
	execl(argument, argument, "rename", "other", NULL);
	return unused;
}

static void *call_once(void *unused)
{
	syscall(SYS_getppid);
	return unused;
}

static void *rest(void *unused)
{
	printf("tid %ld\n", syscall(SYS_gettid));
	sem_post(&known);
	pause();
	return unused;
}

static void fork_in_bursts(long number)
{
	for (long i = 0; i < number; i++) {
		if (!fork()) {
			syscall(SYS_getppid);
			_exit(0);
		}
		if (i % AT_ONCE == AT_ONCE - 1)
			while (wait(NULL) > 0)
				;
	}
	while (wait(NULL) > 0)
		;
}

static void start_threads(long number)
{
	pthread_t some[AT_ONCE];

	for (long done = 0; done < number; done += AT_ONCE) {
		for (int i = 0; i < AT_ONCE; i++)
			pthread_create(&some[i], NULL, call_once, NULL);
		for (int i = 0; i < AT_ONCE; i++)
			pthread_join(some[i], NULL);
	}
}

static void *outlive(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	say("done");
	if (wait_for_line())
		syscall(SYS_getppid);
	say("done");
	wait_for_line();
	exit(0);
}

static void leave(void)
{
	static pthread_t first;
	pthread_t other;

	first = pthread_self();
	pthread_create(&other, NULL, outlive, &first);
	pthread_exit(NULL);
}

/* the child has the memory of its parent, which waits until it ends */
static void wait_for_child(void)
{
	static char byte;

	if (!vfork()) {
		while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
			;
		_exit(0);
	}
	wait(NULL);
}

/* the same few pages again and again, as one large buffer */
static int fill_with_random(size_t bytes)
{
	int memory = memfd_create("chunk", 0);
	char *place = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory < 0 || ftruncate(memory, CHUNK_BYTES) || place == MAP_FAILED)
		return 0;
	for (size_t at = 0; at < bytes; at += CHUNK_BYTES)
		if (mmap(place + at, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 memory, 0) == MAP_FAILED)
			return 0;
	return getrandom(place, bytes, 0) > 0;
}

static int faults;
static char *page;

/* somebody touches the page, and has it at the next line */
static void *bring_in_page(void *unused)
{
	static char content[4096] __attribute__((aligned(4096))) = "brought in late";
	struct uffdio_copy copy = { .dst = (unsigned long)page, .src = (unsigned long)content,
				    .len = sizeof(content) };
	struct uffd_msg message;

	if (read(faults, &message, sizeof(message)) != sizeof(message))
		exit(1);
	wait_for_line();
	if (ioctl(faults, UFFDIO_COPY, &copy))
		exit(1);
	return unused;
}

static int make_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	range.range.start = (unsigned long)page;
	range.range.len = 4096;
	return page != MAP_FAILED && faults >= 0 && !ioctl(faults, UFFDIO_API, &api) &&
	       !ioctl(faults, UFFDIO_REGISTER, &range);
}

static pid_t clone_as(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&pid,
		.set_tid_size = 1,
	};

	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static int be(pid_t pid)
{
	pid_t child = clone_as(pid);

	if (child < 0)
		perror("this PID cannot be had");
	if (child)
		return child < 0 || waitpid(child, NULL, 0) != child;
	printf("ready 0\ntid %d\n", getpid());
	say("go");
	if (wait_for_line())
		for (long i = 0; i < count; i++)
			syscall(SYS_getppid);
	say("done");
	wait_for_line();
	_exit(0);
}

/* a child that calls as often and waits; it ends at a line */
static pid_t start_sibling(pid_t pid, int to_wait_for, int to_wake)
{
	pid_t child = clone_as(pid);
	char byte;

	if (child)
		return child;
	close(to_wake);
	/* until the line comes, or nobody is left who could send one */
	if (read(to_wait_for, &byte, 1) == 1)
		for (long i = 0; i < count; i++)
			syscall(SYS_getppid);
	while (read(to_wait_for, &byte, 1) == 1)
		;
	_exit(0);
}

/* the next line: the first ends and the second is there; the one after it: the second calls */
static int have_siblings(pid_t pid)
{
	int first[2], second[2];

	if (pipe(first) || pipe(second) || start_sibling(pid, first[0], first[1]) != pid ||
	    write(first[1], "x", 1) != 1)
		return 1;
	wait_for_line();
	close(first[1]);
	if (waitpid(pid, NULL, 0) != pid || start_sibling(pid, second[0], second[1]) != pid)
		return 1;
	say("done");
	wait_for_line();
	if (write(second[1], "x", 1) != 1)
		return 1;
	wait_for_line();
	close(second[1]);
	return waitpid(pid, NULL, 0) != pid;
}

int main(int words, char **word)
{
	const char *text = getenv("TARGET_TEXT");
	pthread_t other;

	if (words < 2)
		return 1;
	argument = words > 2 ? word[2] : "";
	if (!strcmp(word[1], "as")) {
		count = words > 3 ? atol(word[3]) : 0;
		return be(atoi(argument));
	}
	count = atol(words > 3 ? word[3] : argument);
	snprintf(own_text, sizeof(own_text), "%s", text ? text : "");
	if (!strcmp(word[1], "fault") && !make_page())
		return 1;
	printf("ready %#lx\ntid %ld\n", (unsigned long)(page ? page : own_text),
	       syscall(SYS_gettid));
	if (!strcmp(word[1], "fork")) {
		sem_init(&known, 0, 0);
		pthread_create(&other, NULL, rest, NULL);
		sem_wait(&known);
	}
	say("go");
	if (!wait_for_line())
		return 0;
	if (!strcmp(word[1], "exec")) {
		pthread_create(&other, NULL, run_program, NULL);
		pthread_join(other, NULL);
	} else if (!strcmp(word[1], "exit"))
		_exit(0);
	else if (!strcmp(word[1], "fork"))
		fork_in_bursts(count);
	else if (!strcmp(word[1], "threads"))
		start_threads(count);
	else if (!strcmp(word[1], "rename")) {
		prctl(PR_SET_NAME, argument);
		syscall(SYS_getppid);
	} else if (!strcmp(word[1], "leave"))
		leave();
	else if (!strcmp(word[1], "fault")) {
		pthread_create(&other, NULL, bring_in_page, NULL);
		syscall(SYS_getppid);
	} else if (!strcmp(word[1], "vfork"))
		wait_for_child();
	else if (!strcmp(word[1], "siblings")) {
		if (have_siblings(atoi(argument)))
			return 1;
	} else if (!strcmp(word[1], "random")) {
		say("busy");
		if (!fill_with_random(count << 20))
			return 1;
	}
	say("done");
	wait_for_line();
	return 0;
}
