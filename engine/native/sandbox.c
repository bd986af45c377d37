#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "kernel.h"
#include "options.h"
#include "report.h"
#include "sandbox_serve.h"
#include "user_namespace.h"

#define SOCKET_NAME "sandbox.sock"
#define LOCK_NAME "sandbox.lock"
#define START_ATTEMPTS 5
#define ANSWER_TIMEOUT_S 10

struct sandbox_options sandbox_options;

static int connection_kept = -1;

static int open_directory(const char *path, int *fd, struct error *err);
static int try_connect(int directory, int *connection, int *userns_fd, struct error *err);
static int start(const struct sandbox_options *options, int directory, struct error *err);
static int make_listener(int directory, int *listener, struct error *err);
static socklen_t socket_address(int directory, struct sockaddr_un *address);
static int lock(int directory, int *fd, struct error *err);
static int receive_namespaces(int connection, int *userns_fd);
static int report_status(int directory, struct error *err);
static int take_down(int directory, struct error *err);

int sandbox_connect(const struct sandbox_options *options, int *connection, int *userns_fd, struct error *err)
{
	int directory AUTO_CLOSE = -1, lock_fd AUTO_CLOSE = -1;
	int found;

	if (open_directory(options->dir, &directory, err))
		return -1;
	found = try_connect(directory, connection, userns_fd, err);
	if (found)
		return found < 0 ? -1 : 0;
	if (lock(directory, &lock_fd, err))
		return -1;
	for (int attempt = 0; attempt < START_ATTEMPTS; attempt++) {
		/* Somebody else may have started it while we waited for the lock. */
		found = try_connect(directory, connection, userns_fd, err);
		if (found)
			return found < 0 ? -1 : 0;
		if (start(options, directory, err))
			return -1;
	}
	return error_set(err, ERROR_UNAVAILABLE, "the sandbox in %s does not answer", options->dir);
}

int sandbox_enter(const struct sandbox_options *options, struct error *err)
{
	int connection AUTO_CLOSE = -1, userns AUTO_CLOSE = -1;

	if (sandbox_connect(options, &connection, &userns, err))
		return -1;
	if (setns(userns, CLONE_NEWUSER))
		return error_system(err, "enter the user namespace of the sandbox", options->dir);
	connection_kept = take_fd(&connection);
	return 0;
}

int sandbox_connection(void)
{
	return connection_kept;
}

int cmd_sandbox(int argc, char **argv, struct error *err)
{
	struct string_list words = {0};
	const struct option none[] = {{0}};
	int directory AUTO_CLOSE = -1, connection AUTO_CLOSE = -1, userns AUTO_CLOSE = -1;

	if (options_parse(argc, argv, none, &words, err))
		return -1;
	if (words.count != 1 || !sandbox_options.dir)
		return error_set(err, ERROR_INVALID_PARAMETER, "usage: sandbox up|down|status --sandbox DIR --uid-map MAP --gid-map MAP");
	if (strcmp(words.items[0], "up") == 0 && sandbox_connect(&sandbox_options, &connection, &userns, err))
		return -1;
	cleanup_fd(&connection);
	if (open_directory(sandbox_options.dir, &directory, err))
		return -1;
	if (strcmp(words.items[0], "down") == 0)
		return take_down(directory, err);
	if (strcmp(words.items[0], "up") != 0 && strcmp(words.items[0], "status") != 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "sandbox: unknown command %s", words.items[0]);
	return report_status(directory, err);
}

static int open_directory(const char *path, int *fd, struct error *err)
{
	struct stat stat;

	if (mkdir(path, 0700) && errno != EEXIST)
		return error_system(err, "create sandbox directory", path);
	*fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (*fd < 0)
		return error_system(err, "open sandbox directory", path);
	if (fstat(*fd, &stat))
		return error_system(err, "stat sandbox directory", path);
	if (stat.st_uid != geteuid())
		return error_set(err, ERROR_FORBIDDEN, "%s belongs to user %u", path, stat.st_uid);
	return 0;
}

/* 1: connected, 0: no living sandbox there, -1: error. */
static int try_connect(int directory, int *connection, int *userns_fd, struct error *err)
{
	int fd AUTO_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	struct sockaddr_un address;
	socklen_t length = socket_address(directory, &address);
	struct ucred peer;
	socklen_t peer_length = sizeof(peer);

	if (fd < 0)
		return error_system(err, "create socket", NULL);
	if (RETRY(connect(fd, (struct sockaddr *)&address, length))) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return 0;
		return error_system(err, "connect to the sandbox", address.sun_path);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length))
		return error_system(err, "ask who runs the sandbox", NULL);
	if (peer.uid != geteuid())
		return error_set(err, ERROR_FORBIDDEN, "the sandbox belongs to user %u", peer.uid);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (receive_namespaces(fd, userns_fd)) {
		/* It ended between our connect and its answer. */
		if (errno == ECONNRESET || errno == EPIPE || errno == ENODATA)
			return 0;
		return error_system(err, "ask the sandbox for its namespaces", NULL);
	}
	*connection = take_fd(&fd);
	return 1;
}

/* One byte with the descriptors; errno ENODATA when the sandbox hung up. */
static int receive_namespaces(int connection, int *userns_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * SANDBOX_DESCRIPTORS)];
	} control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	ssize_t got = RETRY(recvmsg(connection, &message, MSG_CMSG_CLOEXEC));

	if (got < 0)
		return -1;
	header = got ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int))) {
		errno = ENODATA;
		return -1;
	}
	memcpy(userns_fd, CMSG_DATA(header), sizeof(int));
	return 0;
}

/* The lock is held. The socket listens before the process exists, so that whoever connects early just waits for the answer. */
static int start(const struct sandbox_options *options, int directory, struct error *err)
{
	int listener AUTO_CLOSE = -1;

	if (make_listener(directory, &listener, err))
		return -1;
	if (sandbox_spawn(options, listener, directory, err)) {
		unlinkat(directory, SOCKET_NAME, 0);
		return -1;
	}
	return 0;
}

static int make_listener(int directory, int *listener, struct error *err)
{
	int fd AUTO_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	socklen_t length = socket_address(directory, &address);
	mode_t mask;
	int bound;

	if (fd < 0)
		return error_system(err, "create socket", NULL);
	if (unlinkat(directory, SOCKET_NAME, 0) && errno != ENOENT)
		return error_system(err, "remove stale socket", SOCKET_NAME);
	mask = umask(0177);
	bound = bind(fd, (struct sockaddr *)&address, length);
	umask(mask);
	if (bound)
		return error_system(err, "bind socket", SOCKET_NAME);
	if (listen(fd, 1024))
		return error_system(err, "listen", SOCKET_NAME);
	*listener = take_fd(&fd);
	return 0;
}

/* Through the directory's descriptor: a long path would not fit into an address. */
static socklen_t socket_address(int directory, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/" SOCKET_NAME, directory);
	return sizeof(*address);
}

static int lock(int directory, int *fd, struct error *err)
{
	*fd = RETRY(openat(directory, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (*fd < 0)
		return error_system(err, "open lock", LOCK_NAME);
	if (RETRY(flock(*fd, LOCK_EX)))
		return error_system(err, "lock", LOCK_NAME);
	return 0;
}

/* `pid` 0 and no users when it does not run. */
static int report_status(int directory, struct error *err)
{
	struct json json AUTO_JSON = {0};
	int connection AUTO_CLOSE = -1, userns AUTO_CLOSE = -1;
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	unsigned char answer[4] = {0};
	int found = try_connect(directory, &connection, &userns, err);

	if (found < 0)
		return -1;
	if (found && (write(connection, "S", 1) != 1 || recv(connection, answer, 4, MSG_WAITALL) != 4 ||
		      getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length)))
		return error_system(err, "ask the sandbox for its status", NULL);
	json_member_integer(&json, "pid", peer.pid);
	json_member_unsigned(&json, "users", (unsigned)answer[0] | (unsigned)answer[1] << 8 | (unsigned)answer[2] << 16);
	return report_ok(report_fd(), &json, err);
}

static int take_down(int directory, struct error *err)
{
	int connection AUTO_CLOSE = -1, userns AUTO_CLOSE = -1, lock_fd AUTO_CLOSE = -1;
	char answer = 0;
	int found;

	if (lock(directory, &lock_fd, err))
		return -1;
	found = try_connect(directory, &connection, &userns, err);
	if (found < 0)
		return -1;
	if (!found) {
		unlinkat(directory, SOCKET_NAME, 0);
		return report_ok(report_fd(), NULL, err);
	}
	if (write(connection, "Q", 1) != 1 || recv(connection, &answer, 1, 0) != 1)
		return error_system(err, "ask the sandbox to end", NULL);
	if (answer != 'Q')
		return error_set(err, ERROR_CONFLICT, "the sandbox is in use by running containers");
	return report_ok(report_fd(), NULL, err);
}
