// SPDX-License-Identifier: MIT
/*
 * A thread that blocks in one call at a time, and says what it saw of it. What it
 * waits for is given by the main thread, so that every call has a known end.
 *
 * It prints "ready 0", "tid N" of the thread that blocks, and "go". Then, by lines:
 *
 *	once NAME          call once; prints "number N RESTART", of the system call and of the one
 *	                   under which the kernel goes on with a sleep, and blocks until
 *	release            ...this; prints "saw RESULT ERRNO WANTED"
 *	rounds NAME COUNT  call so often, each time for a moment only; prints
 *	                   "rounds FINE INTERRUPTED SHORT OTHER"
 *
 * A call that only waits for time sleeps on after "release" until that has passed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG_MS 60000
#define MOMENT_US 100
#define PIECE 4096

static int pipe_fds[2], full_fds[2], sockets[2], timed_sockets[2], listener, timed_listener, epoll_fd;
static int lock_fd, other_lock_fd, semaphores, queue, ring_fd;
static int to_child[2];
static uint32_t word;
static pid_t child;
static pthread_t caller;
static sem_t begin, finished;
static char buffer[16 * PIECE];
static struct sockaddr_un address, timed_address;
static long sleep_ns;

static struct {
	struct io_uring_params params;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
} ring;

struct call {
	const char *name;
	long number;
	void (*prepare)(void);
	long (*run)(void);
	void (*release)(void);
	long wanted;
};

static void must(int fine, const char *what)
{
	if (!fine) {
		perror(what);
		exit(1);
	}
}

static void nothing(void)
{
}

static struct timespec timespec_of(long ns)
{
	return (struct timespec){ ns / 1000000000L, ns % 1000000000L };
}

static void put_byte(int fd)
{
	must(write(fd, "x", 1) == 1, "write");
}

/* take what an interrupted call has left */
static void drain(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (poll(&ready, 1, 0) == 1 && read(fd, buffer, sizeof(buffer)) > 0)
		;
}

static void drain_pipe(void) { drain(pipe_fds[0]); }
static void release_pipe(void) { put_byte(pipe_fds[1]); }
static long read_pipe(void) { return read(pipe_fds[0], buffer, 1); }

static void drain_socket(void) { drain(sockets[0]); }
static void release_socket(void) { put_byte(sockets[1]); }
static long read_socket(void) { return read(sockets[0], buffer, 1); }

static void drain_timed(void) { drain(timed_sockets[0]); }
static void release_timed(void) { put_byte(timed_sockets[1]); }
static long recv_timeout(void) { return recv(timed_sockets[0], buffer, 1, 0); }

static void begin_message(void)
{
	drain_socket();
	put_byte(sockets[1]);
}
static long recv_all(void) { return recv(sockets[0], buffer, 2, MSG_WAITALL); }

/* room for one piece; the call wants to write two */
static void fill_pipe(void)
{
	drain(full_fds[0]);
	must(fcntl(full_fds[1], F_SETFL, O_NONBLOCK) == 0, "fcntl");
	while (write(full_fds[1], buffer, PIECE) == PIECE)
		;
	must(fcntl(full_fds[1], F_SETFL, 0) == 0, "fcntl");
	must(read(full_fds[0], buffer, PIECE) == PIECE, "read");
}
static long write_pipe(void) { return write(full_fds[1], buffer, 2 * PIECE); }
static void make_room(void) { must(read(full_fds[0], buffer, 2 * PIECE) > 0, "read"); }

static void drop_connections(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (poll(&ready, 1, 0) == 1)
		close(accept(fd, NULL, NULL));
}
static void connect_to(struct sockaddr_un *to)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	must(connect(fd, (struct sockaddr *)to, sizeof(sa_family_t) + 16) == 0, "connect");
	close(fd);
}
static long accept_on(int fd)
{
	int found = accept(fd, NULL, NULL);

	return found < 0 ? -1 : close(found);
}
static void drop_waiting(void) { drop_connections(listener); }
static long accept_one(void) { return accept_on(listener); }
static void connect_one(void) { connect_to(&address); }
static void drop_timed(void) { drop_connections(timed_listener); }
static long accept_timeout(void) { return accept_on(timed_listener); }
static void connect_timed(void) { connect_to(&timed_address); }

static long wait_epoll(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_fd, &event, 1, LONG_MS);
}

static long wait_poll(void)
{
	struct pollfd ready = { .fd = pipe_fds[0], .events = POLLIN };

	return syscall(SYS_poll, &ready, 1, LONG_MS);
}

static long wait_select(void)
{
	struct timeval time = { LONG_MS / 1000, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipe_fds[0], &set);
	return syscall(SYS_select, pipe_fds[0] + 1, &set, NULL, NULL, &time);
}

/* 1: it has slept for as long as it was to */
static long slept(long from_ns, long result)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return result < 0 ? result : now.tv_sec * 1000000000L + now.tv_nsec - from_ns >= sleep_ns;
}

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long sleep_nano(void)
{
	struct timespec time = timespec_of(sleep_ns);
	long from = now_ns();

	return slept(from, syscall(SYS_nanosleep, &time, NULL));
}

static long sleep_clock(void)
{
	struct timespec time = timespec_of(sleep_ns);
	long from = now_ns();

	return slept(from, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL));
}

static long sleep_until(void)
{
	long from = now_ns();
	struct timespec time = timespec_of(from + sleep_ns);

	return slept(from, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL));
}

static void reset_word(void) { __atomic_store_n(&word, 0, __ATOMIC_SEQ_CST); }
static long wait_word(struct timespec *time)
{
	long result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, time, NULL, 0);

	/* woken before it slept is as good */
	return result < 0 && errno == EAGAIN ? 0 : result;
}
static long wait_futex(void) { return wait_word(NULL); }
static long wait_futex_timeout(void)
{
	struct timespec time = timespec_of(LONG_MS * 1000000L);

	return wait_word(&time);
}
static void wake_futex(void)
{
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void reset_semaphore(void) { must(semctl(semaphores, 0, SETVAL, 0) == 0, "semctl"); }
static long change_semaphore(int by)
{
	struct sembuf change = { 0, by, 0 };

	return syscall(SYS_semop, semaphores, &change, 1);
}
static long take_semaphore(void) { return change_semaphore(-1); }
static void give_semaphore(void) { must(change_semaphore(1) == 0, "semop"); }

struct message {
	long type;
	char text[1];
};

static void empty_queue(void)
{
	struct message taken;

	while (msgrcv(queue, &taken, 1, 0, IPC_NOWAIT) >= 0)
		;
}
static long receive(void)
{
	struct message taken;

	return msgrcv(queue, &taken, 1, 0, 0);
}
static void send_message(void)
{
	struct message sent = { 1, "x" };

	must(msgsnd(queue, &sent, 1, 0) == 0, "msgsnd");
}

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return set;
}
static void forget_signal(void)
{
	sigset_t set = waited_for();
	struct timespec at_once = { 0, 0 };

	while (sigtimedwait(&set, NULL, &at_once) > 0)
		;
}
static long wait_signal(void)
{
	sigset_t set = waited_for();
	struct timespec time = timespec_of(LONG_MS * 1000000L);

	return syscall(SYS_rt_sigtimedwait, &set, NULL, &time, sizeof(uint64_t)) == SIGUSR2 ? 1 : -1;
}
static void send_signal(void) { must(kill(getpid(), SIGUSR2) == 0, "kill"); }

static void have_child(void)
{
	char byte;

	if (child > 0)
		waitpid(child, NULL, 0);
	child = fork();
	must(child >= 0, "fork");
	if (!child)
		_exit(read(to_child[0], &byte, 1) != 1);
}
static long wait_child(void)
{
	long found = syscall(SYS_wait4, child, NULL, 0, NULL) == child ? 1 : -1;

	if (found == 1)
		child = 0;
	return found;
}
static void end_child(void) { put_byte(to_child[1]); }

static void free_lock(void)
{
	flock(lock_fd, LOCK_UN);
	must(flock(other_lock_fd, LOCK_EX) == 0, "flock");
}
static long take_lock(void) { return flock(lock_fd, LOCK_EX); }
static void give_lock(void) { must(flock(other_lock_fd, LOCK_UN) == 0, "flock"); }

static uint32_t *of_ring(char *part, uint32_t offset)
{
	return (uint32_t *)(part + offset);
}

static void empty_ring(void)
{
	uint32_t tail = __atomic_load_n(of_ring(ring.completions, ring.params.cq_off.tail), __ATOMIC_ACQUIRE);

	__atomic_store_n(of_ring(ring.completions, ring.params.cq_off.head), tail, __ATOMIC_RELEASE);
}
static long wait_ring(void)
{
	return syscall(SYS_io_uring_enter, ring_fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}
static void complete_one(void)
{
	uint32_t *tail = of_ring(ring.submissions, ring.params.sq_off.tail);
	uint32_t slot = *tail & *of_ring(ring.submissions, ring.params.sq_off.ring_mask);

	memset(&ring.entries[slot], 0, sizeof(ring.entries[slot]));
	ring.entries[slot].opcode = IORING_OP_NOP;
	of_ring(ring.submissions, ring.params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring_fd, 1, 0, 0, NULL, 0) == 1, "io_uring_enter");
}

static const struct call calls[] = {
	{ "read-pipe", SYS_read, drain_pipe, read_pipe, release_pipe, 1 },
	{ "read-socket", SYS_read, drain_socket, read_socket, release_socket, 1 },
	{ "write-pipe", SYS_write, fill_pipe, write_pipe, make_room, 2 * PIECE },
	{ "recv-timeout", SYS_recvfrom, drain_timed, recv_timeout, release_timed, 1 },
	{ "recv-all", SYS_recvfrom, begin_message, recv_all, release_socket, 2 },
	{ "accept", SYS_accept, drop_waiting, accept_one, connect_one, 0 },
	{ "accept-timeout", SYS_accept, drop_timed, accept_timeout, connect_timed, 0 },
	{ "epoll_wait", SYS_epoll_wait, drain_pipe, wait_epoll, release_pipe, 1 },
	{ "poll", SYS_poll, drain_pipe, wait_poll, release_pipe, 1 },
	{ "select", SYS_select, drain_pipe, wait_select, release_pipe, 1 },
	{ "nanosleep", SYS_nanosleep, nothing, sleep_nano, nothing, 1 },
	{ "clock_nanosleep", SYS_clock_nanosleep, nothing, sleep_clock, nothing, 1 },
	{ "clock_nanosleep-until", SYS_clock_nanosleep, nothing, sleep_until, nothing, 1 },
	{ "futex", SYS_futex, reset_word, wait_futex, wake_futex, 0 },
	{ "futex-timeout", SYS_futex, reset_word, wait_futex_timeout, wake_futex, 0 },
	{ "semop", SYS_semop, reset_semaphore, take_semaphore, give_semaphore, 0 },
	{ "msgrcv", SYS_msgrcv, empty_queue, receive, send_message, 1 },
	{ "sigtimedwait", SYS_rt_sigtimedwait, forget_signal, wait_signal, send_signal, 1 },
	{ "wait4", SYS_wait4, have_child, wait_child, end_child, 1 },
	{ "flock", SYS_flock, free_lock, take_lock, give_lock, 0 },
	{ "io_uring_enter", SYS_io_uring_enter, empty_ring, wait_ring, complete_one, 0 },
};

static const struct call *now_called;
static long result;
static int error;

/* a function for uprobes */
__attribute__((noinline, noclone)) void about_to_call(void)
{
	__asm__ volatile("" : : : "memory");
}

static void *call_when_told(void *unused)
{
	printf("tid %ld\ngo\n", syscall(SYS_gettid));
	fflush(stdout);
	for (;;) {
		while (sem_wait(&begin))
			;
		about_to_call();
		errno = 0;
		result = now_called->run();
		error = result < 0 ? errno : 0;
		sem_post(&finished);
	}
	return unused;
}

static void wait_finished(void)
{
	while (sem_wait(&finished))
		;
}

static void once(const struct call *call)
{
	char line[64];

	sleep_ns = 1000000000L;
	call->prepare();
	now_called = call;
	printf("number %ld %d\n", call->number, SYS_restart_syscall);
	fflush(stdout);
	sem_post(&begin);
	must(fgets(line, sizeof(line), stdin) != NULL, "release");
	call->release();
	wait_finished();
	printf("saw %ld %d %ld\n", result, error, call->wanted);
	fflush(stdout);
}

static void rounds(const struct call *call, long count)
{
	long fine = 0, interrupted = 0, cut = 0, other = 0;

	sleep_ns = MOMENT_US * 1000L;
	now_called = call;
	while (count--) {
		call->prepare();
		sem_post(&begin);
		usleep(MOMENT_US);
		call->release();
		wait_finished();
		if (result == call->wanted)
			fine++;
		else if (result < 0 && error == EINTR)
			interrupted++;
		else if (result > 0 && result < call->wanted)
			cut++;
		else
			other++;
	}
	printf("rounds %ld %ld %ld %ld\n", fine, interrupted, cut, other);
	fflush(stdout);
}

static int listen_as(struct sockaddr_un *name, char mark)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* an abstract name, which needs no file and ends with the process */
	name->sun_family = AF_UNIX;
	snprintf(name->sun_path + 1, 16, "%c%014d", mark, getpid());
	must(bind(fd, (struct sockaddr *)name, sizeof(sa_family_t) + 16) == 0, "bind");
	must(listen(fd, 8) == 0, "listen");
	return fd;
}

static void set_timeout(int fd)
{
	struct timeval time = { LONG_MS / 1000, 0 };

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0, "setsockopt");
}

static void set_up_ring(void)
{
	size_t submissions, completions;
	int both = PROT_READ | PROT_WRITE;

	ring_fd = syscall(SYS_io_uring_setup, 8, &ring.params);
	if (ring_fd < 0)
		return; /* switched off: asking for it says so */
	submissions = ring.params.sq_off.array + ring.params.sq_entries * sizeof(uint32_t);
	completions = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	ring.submissions = mmap(NULL, submissions, both, MAP_SHARED, ring_fd, IORING_OFF_SQ_RING);
	ring.completions = mmap(NULL, completions, both, MAP_SHARED, ring_fd, IORING_OFF_CQ_RING);
	ring.entries = mmap(NULL, ring.params.sq_entries * sizeof(struct io_uring_sqe), both, MAP_SHARED,
			    ring_fd, IORING_OFF_SQES);
	must(ring.submissions != MAP_FAILED && ring.completions != MAP_FAILED && ring.entries != MAP_FAILED,
	     "mmap");
}

static void set_up(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t set = waited_for();
	FILE *file = tmpfile();
	char path[64];

	sigprocmask(SIG_BLOCK, &set, NULL);
	must(!pipe(pipe_fds) && !pipe(full_fds) && !pipe(to_child), "pipe");
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, timed_sockets), "socketpair");
	set_timeout(timed_sockets[0]);
	listener = listen_as(&address, 'a');
	timed_listener = listen_as(&timed_address, 'b');
	set_timeout(timed_listener);
	epoll_fd = epoll_create1(0);
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_fds[0], &event) == 0, "epoll_ctl");
	must(file != NULL, "tmpfile");
	lock_fd = fileno(file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", lock_fd);
	other_lock_fd = open(path, O_RDWR);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	queue = msgget(IPC_PRIVATE, 0600);
	must(other_lock_fd >= 0 && semaphores >= 0 && queue >= 0, "locks and queues");
	set_up_ring();
	must(!sem_init(&begin, 0, 0) && !sem_init(&finished, 0, 0), "sem_init");
}

int main(void)
{
	char line[128], name[64];
	long count;

	set_up();
	printf("ready 0\n");
	fflush(stdout);
	must(!pthread_create(&caller, NULL, call_when_told, NULL), "pthread_create");
	while (fgets(line, sizeof(line), stdin)) {
		int words = sscanf(line, "%*s %63s %ld", name, &count);
		const struct call *call = calls, *end = calls + sizeof(calls) / sizeof(*calls);

		while (call < end && strcmp(call->name, name))
			call++;
		must(words > 0 && call < end, name);
		if (words == 1)
			once(call);
		else
			rounds(call, count);
	}
	/* these outlive a process */
	semctl(semaphores, 0, IPC_RMID);
	msgctl(queue, IPC_RMID, NULL);
	return 0;
}
