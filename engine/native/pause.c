#define _GNU_SOURCE
#include "pause.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"
#include "proc_file.h"
#include "process_tree.h"

/* A process in a system call that cannot be interrupted keeps its group from being frozen. */
#define FREEZE_WAIT_MS 2000
/* A pass that finds a new process is followed by another one; a fork bomb must not win for ever. */
#define PASSES_MAX 64

static int open_freezer(const struct plan *plan);
static int freeze(int directory, bool frozen, struct error *err);
static bool is_frozen(int events, bool frozen);
static int stop_all(struct pause *pause, const struct plan *plan, pid_t init, struct error *err);
static int stop_new(struct pause *pause, const struct process_tree *tree, size_t *found, struct error *err);
static int remember(struct pause *pause, const struct process *process, struct error *err);
static bool is_known(const struct pause *pause, const struct process *process);
static void continue_all(struct pause *pause);
static int send_signal(pid_t pid, uint64_t start_ticks, int number);

int pause_container(struct pause *pause, const struct plan *plan, pid_t init, struct error *err)
{
	int directory AUTO_CLOSE = open_freezer(plan);

	if (directory >= 0) {
		if (freeze(directory, true, err)) {
			struct error ignored;

			freeze(directory, false, &ignored);
			return -1;
		}
		pause->frozen_by_cgroup = true;
		return 0;
	}
	if (stop_all(pause, plan, init, err)) {
		continue_all(pause);
		return -1;
	}
	return 0;
}

int pause_resume(struct pause *pause, const struct plan *plan, struct error *err)
{
	if (pause->frozen_by_cgroup) {
		int directory AUTO_CLOSE = open_freezer(plan);

		if (directory >= 0 && freeze(directory, false, err))
			return -1;
		pause->frozen_by_cgroup = false;
	}
	continue_all(pause);
	return 0;
}

/* The plan's group with a version 2 freezer, -1 when there is none. */
static int open_freezer(const struct plan *plan)
{
	for (size_t i = 0; i < plan->cgroups.count; i++) {
		int directory AUTO_CLOSE = RETRY(open(plan->cgroups.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC));

		if (directory >= 0 && faccessat(directory, "cgroup.freeze", W_OK, AT_EACCESS) == 0)
			return take_fd(&directory);
	}
	return -1;
}

static int freeze(int directory, bool frozen, struct error *err)
{
	int control AUTO_CLOSE = RETRY(openat(directory, "cgroup.freeze", O_WRONLY | O_CLOEXEC));
	int events AUTO_CLOSE = RETRY(openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC));

	if (control < 0 || events < 0)
		return error_system(err, "open cgroup.freeze", NULL);
	if (RETRY(write(control, frozen ? "1" : "0", 1)) != 1)
		return error_system(err, "write cgroup.freeze", NULL);
	/* cgroup.events tells of each change by POLLPRI. */
	while (!is_frozen(events, frozen)) {
		struct pollfd change = {.fd = events, .events = POLLPRI};

		if (RETRY(poll(&change, 1, FREEZE_WAIT_MS)) <= 0)
			return error_set(err, ERROR_UNAVAILABLE, "some processes could not be %s within %d s", frozen ? "frozen" : "thawed", FREEZE_WAIT_MS / 1000);
	}
	return 0;
}

static bool is_frozen(int events, bool frozen)
{
	char text[256];
	ssize_t length = RETRY(pread(events, text, sizeof(text) - 1, 0));
	uint64_t state;

	if (length < 0)
		return true;
	text[length] = '\0';
	return !proc_find_number(text, "frozen", &state) || (state != 0) == frozen;
}

/* Processes are born while others are being stopped: passes are repeated until one finds nothing new. */
static int stop_all(struct pause *pause, const struct plan *plan, pid_t init, struct error *err)
{
	struct process_tree tree AUTO_PROCESS_TREE = {0};
	size_t found;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		if (process_tree_read(&tree, init, getpid(), plan_new_namespace(plan, PLAN_NAMESPACE_PID), err) || stop_new(pause, &tree, &found, err))
			return -1;
		if (found == 0)
			return 0;
	}
	return error_set(err, ERROR_UNAVAILABLE, "the container makes processes faster than they can be stopped");
}

static int stop_new(struct pause *pause, const struct process_tree *tree, size_t *found, struct error *err)
{
	*found = 0;
	for (size_t i = 0; i < tree->count; i++) {
		const struct process *process = &tree->items[i];

		if (process->stat.state == 'T' || is_known(pause, process))
			continue;
		if (remember(pause, process, err))
			return -1;
		++*found;
		if (send_signal(process->pid, process->stat.start_ticks, SIGSTOP) && errno != ESRCH)
			return error_system(err, "stop process", NULL);
	}
	return 0;
}

static int remember(struct pause *pause, const struct process *process, struct error *err)
{
	if (pause->count == pause->capacity) {
		size_t capacity = pause->capacity ? pause->capacity * 2 : 16;
		struct stopped_process *grown = realloc(pause->stopped, capacity * sizeof(*grown));

		if (!grown)
			return error_number(err, ENOMEM, "stop processes", NULL);
		pause->stopped = grown;
		pause->capacity = capacity;
	}
	pause->stopped[pause->count++] = (struct stopped_process){.pid = process->pid, .start_ticks = process->stat.start_ticks};
	return 0;
}

static bool is_known(const struct pause *pause, const struct process *process)
{
	for (size_t i = 0; i < pause->count; i++)
		if (pause->stopped[i].pid == process->pid && pause->stopped[i].start_ticks == process->stat.start_ticks)
			return true;
	return false;
}

/* The last one stopped goes on first: a parent that watches its children finds them running. */
static void continue_all(struct pause *pause)
{
	while (pause->count) {
		const struct stopped_process *process = &pause->stopped[--pause->count];

		send_signal(process->pid, process->start_ticks, SIGCONT);
	}
	free(pause->stopped);
	pause->stopped = NULL;
	pause->capacity = 0;
}

/* To that very process: its number may be somebody else's by now. */
static int send_signal(pid_t pid, uint64_t start_ticks, int number)
{
	int pidfd AUTO_CLOSE = kernel_pidfd_open(pid);
	struct proc_stat stat;

	if (pidfd < 0)
		return -1;
	if (proc_read_stat(pid, &stat) || stat.start_ticks != start_ticks) {
		errno = ESRCH;
		return -1;
	}
	return kernel_pidfd_send_signal(pidfd, number);
}
