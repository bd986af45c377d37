/* Freezing a container: by the cgroup freezer where there is one, else by SIGSTOP for all its processes. */
#ifndef TUG_PAUSE_H
#define TUG_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "plan.h"

struct stopped_process {
	pid_t pid;
	uint64_t start_ticks;
};

struct pause {
	bool frozen_by_cgroup;
	/* Stopped by us: those that were stopped already are not ours to continue. */
	struct stopped_process *stopped;
	size_t count, capacity;
};

/* All or nothing: on failure what was stopped goes on. */
int pause_container(struct pause *pause, const struct plan *plan, pid_t init, struct error *err);

int pause_resume(struct pause *pause, const struct plan *plan, struct error *err);

#endif
