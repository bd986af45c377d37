/* start and delete: short conversations with a monitor (readme.md, Socket protocol). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "kernel.h"
#include "lock.h"
#include "options.h"
#include "report.h"

#define FRAME_SIGNAL 19
#define FRAME_START 21
#define FRAME_REPLY 32
#define REPLY_MAX (1 << 20)
/* A killed container's monitor has its log to finish; one that does not answer for this long is killed itself. */
#define KILL_TIMEOUT_MS 10000

static int connect_monitor(const char *path, int *fd, struct error *err);
static int send_frame(int fd, unsigned char type, const void *payload, uint32_t length);
static int read_reply(int fd, char **text, struct error *err);
static int read_all(int fd, void *bytes, size_t length);
static int kill_container(const char *socket_path, const char *lock_path, int *lock, struct error *err);
static int wait_for_end(const char *lock_path, int *lock, int timeout_ms);
static void kill_monitor(int connection);

int cmd_start(int argc, char **argv, struct error *err)
{
	const char *path = NULL;
	const struct option options[] = {{"socket", OPTION_STRING, &path}, {0}};
	char *reply AUTO_FREE = NULL;
	int fd AUTO_CLOSE = -1;
	size_t length;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!path)
		return error_set(err, ERROR_INVALID_PARAMETER, "start: --socket is missing");
	if (connect_monitor(path, &fd, err))
		return -1;
	if (send_frame(fd, FRAME_START, NULL, 0))
		return error_system(err, "send to the monitor", path);
	if (read_reply(fd, &reply, err))
		return -1;
	/* It is a report as it stands. */
	length = strlen(reply);
	reply[length] = '\n';
	if (RETRY(write(report_fd(), reply, length + 1)) < 0)
		return error_system(err, "write report", NULL);
	if (strncmp(reply, "{\"ok\":true", 10) != 0)
		_exit(1);
	return 0;
}

int cmd_delete(int argc, char **argv, struct error *err)
{
	const char *state = NULL, *path = NULL;
	bool force = false;
	const struct option options[] = {{"state", OPTION_STRING, &state}, {"socket", OPTION_STRING, &path}, {"force", OPTION_FLAG, &force}, {0}};
	char lock_path[4096 + 16];
	int lock AUTO_CLOSE = -1;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!state || !path)
		return error_set(err, ERROR_INVALID_PARAMETER, "delete: --state and --socket are needed");
	if ((size_t)snprintf(lock_path, sizeof(lock_path), "%s/monitor.lock", state) >= sizeof(lock_path))
		return error_number(err, ENAMETOOLONG, "delete", state);
	if (lock_file(lock_path, LOCK_EX, &lock, err)) {
		if (err->kind != ERROR_CONFLICT)
			/* No state, nothing that runs. */
			return err->number == ENOENT ? report_ok(report_fd(), NULL, err) : -1;
		if (!force)
			return error_set(err, ERROR_CONFLICT, "the container is running");
		if (kill_container(path, lock_path, &lock, err))
			return -1;
	}
	/* Its mounts went with its mount namespace, which nobody holds any more. */
	if (unlink(path) && errno != ENOENT)
		return error_system(err, "remove socket", path);
	return report_ok(report_fd(), NULL, err);
}

static int connect_monitor(const char *path, int *fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int opened AUTO_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (opened < 0)
		return error_system(err, "create socket", NULL);
	if (strlen(path) >= sizeof(address.sun_path))
		return error_number(err, ENAMETOOLONG, "connect", path);
	strcpy(address.sun_path, path);
	if (RETRY(connect(opened, (struct sockaddr *)&address, sizeof(address)))) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return error_set(err, ERROR_CONFLICT, "the container is not running");
		return error_system(err, "connect to the monitor", path);
	}
	*fd = take_fd(&opened);
	return 0;
}

static int send_frame(int fd, unsigned char type, const void *payload, uint32_t length)
{
	unsigned char frame[8 + 16] = {type, 0, 0, 0, (unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};

	if (length > 16) {
		errno = EMSGSIZE;
		return -1;
	}
	if (length)
		memcpy(frame + 8, payload, length);
	return RETRY(send(fd, frame, 8 + length, MSG_NOSIGNAL)) == (ssize_t)(8 + length) ? 0 : -1;
}

/* The text of the first reply, with room for one more byte. */
static int read_reply(int fd, char **text, struct error *err)
{
	for (;;) {
		unsigned char header[8];
		uint32_t length;

		if (read_all(fd, header, sizeof(header)))
			return error_set(err, ERROR_CONFLICT, "the monitor hung up");
		length = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 | (uint32_t)header[6] << 8 | header[7];
		if (length > REPLY_MAX)
			return error_set(err, ERROR_SYSTEM, "the monitor sent %u bytes at once", length);
		free(*text);
		*text = calloc(1, (size_t)length + 2);
		if (!*text)
			return error_system(err, "allocate", NULL);
		if (read_all(fd, *text, length))
			return error_set(err, ERROR_CONFLICT, "the monitor hung up");
		if (header[0] == FRAME_REPLY)
			return 0;
	}
}

static int read_all(int fd, void *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t got = RETRY(read(fd, (char *)bytes + at, length - at));

		if (got <= 0)
			return -1;
		at += (size_t)got;
	}
	return 0;
}

static int kill_container(const char *socket_path, const char *lock_path, int *lock, struct error *err)
{
	static const unsigned char kill_payload[4] = {0, 0, 0, SIGKILL};
	int connection AUTO_CLOSE = -1;

	if (connect_monitor(socket_path, &connection, err)) {
		/* On its way out: the socket goes first. */
		if (wait_for_end(lock_path, lock, KILL_TIMEOUT_MS) == 0)
			return 0;
		return -1;
	}
	send_frame(connection, FRAME_SIGNAL, kill_payload, sizeof(kill_payload));
	if (wait_for_end(lock_path, lock, KILL_TIMEOUT_MS) == 0)
		return 0;
	/* Stuck. The container dies with it (its parent-death signal). */
	kill_monitor(connection);
	if (wait_for_end(lock_path, lock, KILL_TIMEOUT_MS))
		return error_set(err, ERROR_SYSTEM, "the container does not die: a process in it waits in the kernel");
	return 0;
}

static int wait_for_end(const char *lock_path, int *lock, int timeout_ms)
{
	struct timespec pause = {.tv_nsec = 500000};
	struct error ignored;

	for (int64_t waited_us = 0; waited_us < (int64_t)timeout_ms * 1000; waited_us += pause.tv_nsec / 1000) {
		if (lock_file(lock_path, LOCK_EX, lock, &ignored) == 0)
			return 0;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec += pause.tv_nsec / 4;
	}
	return -1;
}

static void kill_monitor(int connection)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int pidfd AUTO_CLOSE = -1;

	/* The socket's peer can't be another process than the one that listens, as long as it does. */
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return;
	pidfd = kernel_pidfd_open(peer.pid);
	if (pidfd >= 0)
		kernel_pidfd_send_signal(pidfd, SIGKILL);
}
