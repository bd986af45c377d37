/* create, run and exec: read the plan, become a monitor, build the container, and leave the monitor behind. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
#include "descriptors.h"
#include "launch.h"
#include "lock.h"
#include "monitor.h"
#include "options.h"
#include "report.h"
#include "sandbox.h"

/* A fifth of a second. */
#define LOCK_ATTEMPTS 40
#define LOCK_PAUSE_NS 5000000

static int launch(int argc, char **argv, enum plan_kind kind, uint64_t flags, struct error *err);
static int pass_report_on(int from, struct error *err);
static _Noreturn void monitor_main(struct plan *plan, int report);
static int detach(int report, struct error *err);
static int hold_lock(const struct plan *plan, int *lock, struct error *err);
static int listen_on(const char *path, int *listener, struct error *err);

int cmd_create(int argc, char **argv, struct error *err)
{
	return launch(argc, argv, PLAN_KIND_CONTAINER, 0, err);
}

int cmd_run(int argc, char **argv, struct error *err)
{
	return launch(argc, argv, PLAN_KIND_CONTAINER, PLAN_FLAG_AUTO_START, err);
}

int cmd_exec(int argc, char **argv, struct error *err)
{
	return launch(argc, argv, PLAN_KIND_EXEC, 0, err);
}

static int launch(int argc, char **argv, enum plan_kind kind, uint64_t flags, struct error *err)
{
	const struct option none[] = {{0}};
	struct plan plan CLEANUP(plan_free) = {0};
	int ours AUTO_CLOSE = -1, theirs AUTO_CLOSE = -1, pair[2];
	pid_t monitor;

	if (options_parse(argc, argv, none, NULL, err) || plan_read(0, &plan, err))
		return -1;
	if (plan.kind != kind)
		return error_set(err, ERROR_INVALID_PARAMETER, "%s: the plan is of another kind", argv[0]);
	plan.flags |= flags;
	if (pipe2(pair, O_CLOEXEC))
		return error_system(err, "create pipe", NULL);
	ours = pair[0];
	theirs = pair[1];
	monitor = fork();
	if (monitor < 0)
		return error_system(err, "fork", NULL);
	if (monitor == 0)
		monitor_main(&plan, theirs);
	cleanup_fd(&theirs);
	/* When we end, the monitor is nobody's child but init's. */
	return pass_report_on(ours, err);
}

/* The monitor's report, when it closes the pipe; it does not get our fd 3, or whoever waits for its end would wait for the container's. */
static int pass_report_on(int from, struct error *err)
{
	static const char good[] = "{\"ok\":true";
	char text[16384];
	size_t length = 0;
	ssize_t got;

	while (length < sizeof(text) && (got = RETRY(read(from, text + length, sizeof(text) - length))) > 0)
		length += (size_t)got;
	if (length == 0 || text[length - 1] != '\n')
		return error_set(err, ERROR_SYSTEM, "the monitor died before it could report");
	for (size_t at = 0; at < length; at += (size_t)got)
		if ((got = RETRY(write(report_fd(), text + at, length - at))) < 0)
			return error_system(err, "write report", NULL);
	if (length < sizeof(good) || memcmp(text, good, sizeof(good) - 1) != 0)
		_exit(1); /* It is reported already. */
	return 0;
}

static _Noreturn void monitor_main(struct plan *plan, int report)
{
	struct error err = {0};
	struct monitor_descriptors descriptors = {.listener = -1, .report = report, .lock = -1};
	struct launched launched;

	if (detach(report, &err) || hold_lock(plan, &descriptors.lock, &err)) {
		report_error(report, &err);
		_exit(1);
	}
	if (listen_on(plan->socket, &descriptors.listener, &err) == 0 &&
	    (plan->kind == PLAN_KIND_EXEC ? launch_exec(plan, &launched, &err) : launch_container(plan, &launched, &err)) == 0)
		_exit(monitor_run(plan, &launched, &descriptors));
	if (descriptors.listener >= 0)
		unlink(plan->socket);
	monitor_failed(plan, &err, report);
	_exit(1);
}

static int detach(int report, struct error *err)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	int null = RETRY(open("/dev/null", O_RDWR | O_CLOEXEC));

	if (null < 0)
		return error_system(err, "open", "/dev/null");
	setsid();
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	keep_only_descriptors((int[]){report, sandbox_connection()}, 2);
	prctl(PR_SET_NAME, "tug-monitor");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return error_system(err, "become a subreaper", NULL);
	return chdir("/") ? error_system(err, "go to", "/") : 0;
}

/* Whatever becomes of this process, the kernel lets go of it. A monitor that has just written the exit holds it for a moment more: it is waited for. */
static int hold_lock(const struct plan *plan, int *lock, struct error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	char path[4096 + 16];

	if ((size_t)snprintf(path, sizeof(path), "%s/monitor.lock", plan->state_dir) >= sizeof(path))
		return error_number(err, ENAMETOOLONG, "lock", plan->state_dir);
	for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
		if (lock_file(path, LOCK_EX, lock, err) == 0)
			return 0;
		if (err->kind != ERROR_CONFLICT)
			return -1;
		nanosleep(&pause, NULL);
	}
	return error_set(err, ERROR_CONFLICT, "the container is already running");
}

/* Under the lock, so whatever lies there is a dead monitor's. */
static int listen_on(const char *path, int *listener, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd AUTO_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bound;
	mode_t mask;

	if (fd < 0)
		return error_system(err, "create socket", NULL);
	strcpy(address.sun_path, path); /* plan_parse has looked at the length */
	if (unlink(path) && errno != ENOENT)
		return error_system(err, "remove stale socket", path);
	mask = umask(0177);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound)
		return error_system(err, "bind socket", path);
	if (listen(fd, 128)) {
		error_system(err, "listen", path);
		unlink(path);
		return -1;
	}
	*listener = take_fd(&fd);
	return 0;
}
