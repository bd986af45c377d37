#define _GNU_SOURCE
#include "sandbox_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptors.h"
#include "kernel.h"
#include "user_namespace.h"

#define IDLE_MS 10000

struct server {
	int directory, listener, epoll, userns;
	unsigned int users;
	bool ending;
};

static _Noreturn void sandbox_main(int listener, int directory, int sync);
static void serve(struct server *server);
static void accept_all(struct server *server);
static bool welcome(const struct server *server, int connection);
static void attend(struct server *server, int connection);
static bool answer_request(struct server *server, int connection, char request);
static bool may_end(struct server *server);
static void use_all_descriptors(void);

int sandbox_spawn(const struct sandbox_options *options, int listener, int directory, struct error *err)
{
	int sync[2], ours AUTO_CLOSE = -1, theirs AUTO_CLOSE = -1;
	char byte = 0;
	ssize_t got;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync))
		return error_system(err, "create socket pair", NULL);
	ours = sync[0];
	theirs = sync[1];
	pid = fork();
	if (pid < 0)
		return error_system(err, "start the sandbox", NULL);
	if (pid == 0)
		sandbox_main(listener, directory, theirs);
	cleanup_fd(&theirs);

	/* First byte: the namespace is there, its maps are to be written by us, outside of it. */
	got = RETRY(read(ours, &byte, 1));
	if (got == 1 && byte == 'm') {
		if (user_namespace_map(pid, options->uid_map, options->gid_map, err) == 0) {
			if (write(ours, "m", 1) != 1)
				error_system(err, "start the sandbox", NULL);
			else if (RETRY(read(ours, &byte, 1)) == 1 && byte == 'r')
				return 0;
			else
				error_set(err, ERROR_SYSTEM, "the sandbox ended while it started");
		}
	} else {
		user_namespace_refused(err);
	}
	kill(pid, SIGKILL);
	RETRY(waitpid(pid, NULL, 0));
	return -1;
}

static _Noreturn void sandbox_main(int listener, int directory, int sync)
{
	struct server server = {.directory = directory, .listener = listener, .epoll = -1, .userns = -1};
	sigset_t none;
	char byte;
	int null;

	setsid();
	prctl(PR_SET_NAME, "tug-sandbox");
	for (int number = 1; number < NSIG; number++)
		signal(number, number == SIGHUP || number == SIGINT || number == SIGPIPE || number == SIGQUIT ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* newuidmap looks at the owner of /proc/PID. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		_exit(1);
	if (write(sync, "m", 1) != 1 || RETRY(read(sync, &byte, 1)) != 1)
		_exit(1);
	prctl(PR_SET_DUMPABLE, 0);

	server.userns = RETRY(open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	null = RETRY(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (server.userns < 0 || server.epoll < 0 || null < 0)
		_exit(1);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (chdir("/"))
		_exit(1);
	/* Whatever else the one who started us had open is not ours to keep. */
	keep_only_descriptors((int[]){server.directory, server.listener, server.epoll, server.userns, sync}, 5);
	use_all_descriptors();
	/* Once more: from now on the socket's owner, as its clients see him, is this process. */
	if (listen(listener, 1024) || write(sync, "r", 1) != 1)
		_exit(1);
	close(sync);
	serve(&server);
	_exit(0);
}

static void serve(struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listener};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event))
		return;
	while (!server->ending) {
		struct epoll_event events[64];
		int count = epoll_wait(server->epoll, events, 64, server->users ? -1 : IDLE_MS);

		if (count < 0 && errno != EINTR)
			return;
		if (count == 0 && may_end(server))
			return;
		for (int i = 0; i < count; i++)
			if (events[i].data.fd == server->listener)
				accept_all(server);
			else
				attend(server, events[i].data.fd);
	}
}

static void accept_all(struct server *server)
{
	for (;;) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
		int connection = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (connection < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			/* Out of descriptors: the next one may have gone by then. Until then, do not spin. */
			if (errno != EAGAIN)
				poll(NULL, 0, 20);
			return;
		}
		event.data.fd = connection;
		if (!welcome(server, connection) || epoll_ctl(server->epoll, EPOLL_CTL_ADD, connection, &event)) {
			close(connection);
			continue;
		}
		server->users++;
	}
}

/* Only the user himself gets the namespaces; seen from inside he is whoever we are. */
static bool welcome(const struct server *server, int connection)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * SANDBOX_DESCRIPTORS)];
	} control = {0};
	char byte = 1;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.uid != geteuid())
		return false;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &server->userns, sizeof(int));
	return sendmsg(connection, &message, MSG_NOSIGNAL) == 1;
}

static void attend(struct server *server, int connection)
{
	char request;
	ssize_t got = recv(connection, &request, 1, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == 1 && answer_request(server, connection, request))
		return;
	close(connection);
	server->users--;
}

/* 'S': how many use it, the asker not counted. 'Q': end, unless it is used. */
static bool answer_request(struct server *server, int connection, char request)
{
	unsigned int others = server->users - 1;
	unsigned char count[4] = {(unsigned char)others, (unsigned char)(others >> 8), (unsigned char)(others >> 16), 0};

	switch (request) {
	case 'S':
		return send(connection, count, 4, MSG_NOSIGNAL) == 4;
	case 'Q':
		if (others)
			return send(connection, "U", 1, MSG_NOSIGNAL) == 1;
		/* The asker holds the lock, so nobody starts another one meanwhile. */
		unlinkat(server->directory, "sandbox.sock", 0);
		server->ending = true;
		return send(connection, "Q", 1, MSG_NOSIGNAL) == 1;
	default:
		return false;
	}
}

/* Under the lock, and with nobody in the queue: a client that comes later finds no socket and starts a sandbox of its own. */
static bool may_end(struct server *server)
{
	int lock AUTO_CLOSE = openat(server->directory, "sandbox.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB))
		return false;
	accept_all(server);
	if (server->users)
		return false;
	unlinkat(server->directory, "sandbox.sock", 0);
	/* Whoever connected since is in a queue nobody reads: it sees us hang up and tries again. */
	return true;
}

/* Each running container is a connection. */
static void use_all_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
