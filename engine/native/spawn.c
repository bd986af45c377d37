#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "kernel.h"

static int spawn_joined(const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err);
static _Noreturn void helper_main(const struct spawn *spawn, int socket);

int spawn_process(const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err)
{
	if (spawn->join)
		return spawn_joined(spawn, pid, pidfd, err);
	*pid = kernel_clone3(spawn->flags, pidfd, SIGCHLD, spawn->cgroup);
	if (*pid < 0)
		return error_system(err, "create namespaces", NULL);
	if (*pid == 0)
		spawn->child(spawn->context);
	return 0;
}

static int spawn_joined(const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err)
{
	int pair[2], ours AUTO_CLOSE = -1, theirs AUTO_CLOSE = -1;
	union {
		struct error error;
		pid_t pid;
	} answer = {0};
	ssize_t got;
	pid_t helper;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return error_system(err, "create socket pair", NULL);
	ours = pair[0];
	theirs = pair[1];
	helper = fork();
	if (helper < 0)
		return error_system(err, "fork", NULL);
	if (helper == 0)
		helper_main(spawn, theirs);
	cleanup_fd(&theirs);
	got = receive_descriptors(ours, &answer, sizeof(answer), pidfd, 1);
	RETRY(waitpid(helper, NULL, 0));
	if (got == sizeof(pid_t) && *pidfd >= 0) {
		*pid = answer.pid;
		return 0;
	}
	if (got == sizeof(struct error)) {
		*err = answer.error;
		return -1;
	}
	return error_set(err, ERROR_SYSTEM, "the process that enters the namespaces died");
}

static _Noreturn void helper_main(const struct spawn *spawn, int socket)
{
	struct error err = {0};
	int pidfd = -1;
	pid_t pid;

	if (spawn->join(spawn->context, &err)) {
		send_descriptors(socket, &err, sizeof(err), NULL, 0);
		_exit(1);
	}
	/* A sister of ours, not a child: it must outlive us and die with our parent. */
	pid = kernel_clone3(spawn->flags | CLONE_PARENT, &pidfd, 0, spawn->cgroup);
	if (pid == 0)
		spawn->child(spawn->context);
	if (pid < 0) {
		error_system(&err, "create namespaces", NULL);
		send_descriptors(socket, &err, sizeof(err), NULL, 0);
		_exit(1);
	}
	send_descriptors(socket, &pid, sizeof(pid), &pidfd, 1);
	_exit(0);
}
