#define _GNU_SOURCE
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "kernel.h"
#include "sandbox.h"

/*
 * A user's pipes are counted (64 MiB by default, then every new pipe of his shrinks to a page, in any program), root's are not.
 */
#define PIPE_SIZE_ROOT (1 << 20)
#define PIPE_SIZE_USER (256 << 10)

static int open_output(int *ours, int *theirs, struct error *err);
static int open_pair(int *parent, int *child, struct error *err);

int streams_open(const struct plan *plan, struct launched *launched, struct process *process, struct error *err)
{
	int pair[2];

	*launched = (struct launched){-1, -1, -1, -1, -1, -1, -1, -1};
	*process = (struct process){.plan = plan, .stdio = {-1, -1, -1}, .control = -1, .start = -1, .self = -1, .mntns = -1, .master = -1};
	if (pipe2(pair, O_CLOEXEC))
		return error_system(err, "create pipe", NULL);
	process->start = pair[0];
	launched->start_fd = pair[1];
	if (open_pair(&launched->result_fd, &process->control, err))
		return -1;
	if (plan_has(plan, PLAN_FLAG_TTY))
		return 0;
	if (plan_has(plan, PLAN_FLAG_OPEN_STDIN)) {
		if (pipe2(pair, O_CLOEXEC))
			return error_system(err, "create pipe", NULL);
		process->stdio[0] = pair[0];
		launched->stdin_fd = pair[1];
	} else {
		process->stdio[0] = RETRY(open("/dev/null", O_RDONLY | O_CLOEXEC));
		if (process->stdio[0] < 0)
			return error_system(err, "open", "/dev/null");
	}
	if (open_output(&launched->stdout_fd, &process->stdio[1], err))
		return -1;
	return open_output(&launched->stderr_fd, &process->stdio[2], err);
}

void streams_close_child(struct process *process)
{
	for (int i = 0; i < 3; i++)
		cleanup_fd(&process->stdio[i]);
	cleanup_fd(&process->control);
	cleanup_fd(&process->start);
	cleanup_fd(&process->self);
}

void streams_close_launched(struct launched *launched)
{
	int *const all[] = {&launched->pidfd,	 &launched->start_fd,  &launched->result_fd, &launched->stdin_fd,
			    &launched->stdout_fd, &launched->stderr_fd, &launched->mntns_fd};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cleanup_fd(all[i]);
}

int streams_wait_ready(const struct plan *plan, struct launched *launched, struct error *err)
{
	bool container = plan->kind == PLAN_KIND_CONTAINER, tty = plan_has(plan, PLAN_FLAG_TTY);
	union {
		struct launch_failure failure;
		char ready[sizeof(PROCESS_READY)];
	} answer;
	int fds[2];
	ssize_t got = receive_descriptors(launched->result_fd, &answer, sizeof(answer), fds, 2);
	int expected = container + tty;

	if (got == sizeof(PROCESS_READY) && memcmp(answer.ready, PROCESS_READY, sizeof(PROCESS_READY)) == 0 && (expected < 1 || fds[0] >= 0) &&
	    (expected < 2 || fds[1] >= 0)) {
		if (container)
			launched->mntns_fd = fds[0];
		if (!tty)
			return 0;
		launched->stdout_fd = fds[container];
		launched->stdin_fd = fcntl(launched->stdout_fd, F_DUPFD_CLOEXEC, 3);
		if (launched->stdin_fd >= 0)
			return 0;
		error_system(err, "duplicate terminal", NULL);
		kernel_pidfd_send_signal(launched->pidfd, SIGKILL);
	} else if (got == sizeof(answer.failure)) {
		*err = answer.failure.error;
	} else {
		error_set(err, ERROR_SYSTEM, "the container's process died while it was set up");
		kernel_pidfd_send_signal(launched->pidfd, SIGKILL);
	}
	RETRY(waitpid(launched->pid, NULL, 0));
	return -1;
}

static int open_output(int *ours, int *theirs, struct error *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC))
		return error_system(err, "create pipe", NULL);
	*ours = pair[0];
	*theirs = pair[1];
	/* A program that writes a lot should rarely have to wait for us; a refusal costs only speed. */
	fcntl(pair[0], F_SETPIPE_SZ, sandbox_connection() < 0 && geteuid() == 0 ? PIPE_SIZE_ROOT : PIPE_SIZE_USER);
	return 0;
}

static int open_pair(int *parent, int *child, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return error_system(err, "create socket pair", NULL);
	*parent = pair[0];
	*child = pair[1];
	return 0;
}
