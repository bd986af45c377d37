/* Entering a running container. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "descriptors.h"
#include "devices.h"
#include "exec.h"
#include "kernel.h"
#include "launch.h"
#include "oom.h"
#include "process.h"
#include "spawn.h"
#include "streams.h"

struct entry {
	const struct plan *plan;
	struct process process;
	int target;	      /* pidfd */
	int namespaces;	      /* CLONE_NEW… to enter */
	int cgroupns;	      /* -1: the one we are in */
};

static int join(void *context, struct error *err);
static _Noreturn void child(void *context);
static int open_terminal(struct entry *entry, struct error *err);
static int namespaces_of(struct entry *entry, struct error *err);
static int open_cgroup_namespace(struct entry *entry, struct error *err);
static int start_ticks(pid_t pid, uint64_t *ticks);
static int gone(struct error *err);

int launch_exec(const struct plan *plan, struct launched *out, struct error *err)
{
	struct entry entry = {.plan = plan, .target = -1, .cgroupns = -1};
	struct spawn spawn = {.cgroup = -1, .join = join, .child = child, .context = &entry};
	int failed;

	failed = streams_open(plan, out, &entry.process, err) || exec_open_target(plan->target_pid, plan->target_start_ticks, &entry.target, err) ||
		 namespaces_of(&entry, err) || cgroup_open(plan, &spawn.cgroup, err) || oom_spawn(plan, &spawn, &out->pid, &out->pidfd, err);
	cleanup_fd(&spawn.cgroup);
	streams_close_child(&entry.process);
	cleanup_fd(&entry.target);
	cleanup_fd(&entry.cgroupns);
	if (failed || streams_wait_ready(plan, out, err)) {
		streams_close_launched(out);
		return -1;
	}
	return 0;
}

int exec_open_target(pid_t pid, uint64_t ticks, int *pidfd, struct error *err)
{
	int fd AUTO_CLOSE = kernel_pidfd_open(pid);
	struct pollfd ended = {.events = POLLIN};
	uint64_t found;

	if (fd < 0)
		return errno == ESRCH ? gone(err) : error_system(err, "open container process", NULL);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* The pidfd first: as long as it says alive, /proc/PID is the same process. */
	if (start_ticks(pid, &found) || found != ticks)
		return gone(err);
	ended.fd = fd;
	if (poll(&ended, 1, 0) != 0)
		return gone(err);
	*pidfd = take_fd(&fd);
	return 0;
}

/* Runs in a process of its own, outside of the container's pid namespace: it is never visible there. */
static int join(void *context, struct error *err)
{
	struct entry *entry = context;

	if (cgroup_join(entry->plan, err))
		return -1;
	if (setns(entry->target, entry->namespaces))
		return errno == ESRCH ? gone(err) : error_system(err, "enter the container", NULL);
	return 0;
}

static _Noreturn void child(void *context)
{
	struct entry *entry = context;
	const struct process *process = &entry->process;
	struct error err = {0};

	/*
	 * Only now: where cgroup2 is mounted with `nsdelegate` (systemd does), nobody moves into a group from inside a namespace that does not show the
	 * group he comes from (ENOENT).
	 */
	if (entry->cgroupns >= 0 && setns(entry->cgroupns, (int)K_CLONE_NEWCGROUP)) {
		error_system(&err, "enter namespace", "cgroup");
		process_fail(process->control, &err);
	}
	keep_only_descriptors((int[]){process->control, process->start, process->stdio[0], process->stdio[1], process->stdio[2]}, 5);
	process_reset_signals();
	if (plan_has(entry->plan, PLAN_FLAG_TTY) && open_terminal(entry, &err))
		process_fail(process->control, &err);
	process_run(&entry->process);
}

static int open_terminal(struct entry *entry, struct error *err)
{
	int root AUTO_CLOSE = RETRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), devpts AUTO_CLOSE = -1, slave = -1;

	if (root < 0)
		return error_system(err, "open", "/");
	if (devices_find_devpts(root, &devpts, err) || devices_open_terminal(entry->plan, devpts, &entry->process.master, &slave, err))
		return -1;
	for (int i = 0; i < 3; i++)
		entry->process.stdio[i] = slave;
	return 0;
}

/* Only those that differ from ours: entering the one we are in is refused where it is the host's. */
static int namespaces_of(struct entry *entry, struct error *err)
{
	static const struct {
		const char *file;
		int flag;
	} all[] = {
		{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID},	{"net", CLONE_NEWNET},
		{"ipc", CLONE_NEWIPC},	 {"uts", CLONE_NEWUTS}, {"cgroup", (int)K_CLONE_NEWCGROUP},
	};

	entry->namespaces = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char path[64], own[64];
		struct stat theirs, ours;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", entry->plan->target_pid, all[i].file);
		snprintf(own, sizeof(own), "/proc/self/ns/%s", all[i].file);
		if (stat(own, &ours))
			return error_system(err, "look at namespace", own);
		if (stat(path, &theirs))
			return errno == ENOENT || errno == ESRCH ? gone(err) : error_system(err, "look at namespace", path);
		if (ours.st_ino != theirs.st_ino)
			entry->namespaces |= all[i].flag;
	}
	return entry->namespaces & (int)K_CLONE_NEWCGROUP ? open_cgroup_namespace(entry, err) : 0;
}

/* It is entered by itself, later than the others. */
static int open_cgroup_namespace(struct entry *entry, struct error *err)
{
	struct pollfd ended = {.fd = entry->target, .events = POLLIN};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/cgroup", entry->plan->target_pid);
	entry->cgroupns = RETRY(open(path, O_RDONLY | O_CLOEXEC));
	if (poll(&ended, 1, 0) != 0)
		return gone(err);
	if (entry->cgroupns < 0)
		return error_system(err, "open namespace", path);
	entry->namespaces &= ~(int)K_CLONE_NEWCGROUP;
	return 0;
}

/* Field 22 of /proc/PID/stat; the second may hold blanks and parentheses. */
static int start_ticks(pid_t pid, uint64_t *ticks)
{
	char path[32], text[1024], *at;
	int fd AUTO_CLOSE = -1;
	ssize_t length;
	unsigned long long value;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));
	if (fd < 0 || (length = RETRY(read(fd, text, sizeof(text) - 1))) <= 0)
		return -1;
	text[length] = 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", &value) != 1)
		return -1;
	*ticks = value;
	return 0;
}

static int gone(struct error *err)
{
	return error_set(err, ERROR_CONFLICT, "the container is not running");
}
