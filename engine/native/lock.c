/* `lock`: holds a flock for a program that has no such call (Node). The kernel drops it when we end, and we end with our stdin. */
#define _GNU_SOURCE
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "report.h"

/* How often a waiting call looks whether its owner is still there. */
#define TICK_US 50000

static int wait_for_lock(int fd, const char *path, int mode, uint64_t wait_ms, struct error *err);
static void start_ticks(uint64_t first_us);
static void on_tick(int number);
static uint64_t now_ms(void);
static bool owner_is_gone(void);

int lock_file(const char *path, int mode, int *fd, struct error *err)
{
	int opened AUTO_CLOSE = RETRY(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600));

	if (opened < 0)
		return error_system(err, "open lock", path);
	if (RETRY(flock(opened, mode | LOCK_NB)))
		return errno == EWOULDBLOCK ? error_set(err, ERROR_CONFLICT, "%s is locked", path) : error_system(err, "lock", path);
	*fd = take_fd(&opened);
	return 0;
}

int cmd_lock(int argc, char **argv, struct error *err)
{
	struct string_list paths = {0};
	bool shared = false;
	uint64_t wait_ms = UINT64_MAX;
	const struct option options[] = {{"shared", OPTION_FLAG, &shared}, {"wait", OPTION_UNSIGNED, &wait_ms}, {0}};
	int fd AUTO_CLOSE = -1;
	char byte;

	if (options_parse(argc, argv, options, &paths, err))
		return -1;
	if (paths.count != 1)
		return error_set(err, ERROR_INVALID_PARAMETER, "usage: lock PATH [--shared] [--wait MS]");
	fd = RETRY(open(paths.items[0], O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600));
	if (fd < 0)
		return error_system(err, "open lock", paths.items[0]);
	if (wait_for_lock(fd, paths.items[0], shared ? LOCK_SH : LOCK_EX, wait_ms, err))
		return -1;
	if (report_ok(report_fd(), NULL, err))
		return -1;
	report_close();
	while (RETRY(read(0, &byte, 1)) > 0)
		continue;
	return 0;
}

/* Blocks in flock, so that it wakes at once; a timer interrupts it to look at the clock and at the owner. */
static int wait_for_lock(int fd, const char *path, int mode, uint64_t wait_ms, struct error *err)
{
	uint64_t start = now_ms();
	bool ticking = false;

	if (flock(fd, mode | LOCK_NB) == 0)
		return 0;
	for (;;) {
		uint64_t waited = now_ms() - start;

		if (waited >= wait_ms)
			return error_set(err, ERROR_CONFLICT, "%s is locked by another process", path);
		if (owner_is_gone())
			return error_set(err, ERROR_CONFLICT, "%s: the owner went away", path);
		if (!ticking || (wait_ms - waited) * 1000 < TICK_US)
			start_ticks((wait_ms - waited) * 1000 < TICK_US ? (wait_ms - waited) * 1000 : TICK_US);
		ticking = true;
		if (flock(fd, mode) == 0)
			break;
		if (errno != EINTR)
			return error_system(err, "lock", path);
	}
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	return 0;
}

/* Repeating, for a tick that falls just before flock blocks is lost. */
static void start_ticks(uint64_t first_us)
{
	struct sigaction action = {.sa_handler = on_tick}; /* no SA_RESTART */
	struct itimerval timer = {.it_interval.tv_usec = TICK_US, .it_value.tv_usec = (suseconds_t)first_us + 1};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_tick(int number)
{
	(void)number;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool owner_is_gone(void)
{
	struct pollfd owner = {.fd = 0, .events = POLLIN};
	char byte;

	/* A regular file or /dev/null as stdin is at its end from the start. */
	return poll(&owner, 1, 0) > 0 && (owner.revents & (POLLIN | POLLHUP)) && read(0, &byte, 1) == 0;
}
