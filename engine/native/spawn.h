/* Starting the container's process, with new namespaces and in existing ones. */
#ifndef TUG_SPAWN_H
#define TUG_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct spawn {
	uint64_t flags; /* CLONE_NEW… */
	int cgroup; /* the v2 group it is born in; -1: ours */
	/*
	 * Called in a process of its own to enter namespaces that count for children only (pid) or that this process must not enter itself; NULL: none.
	 * That process is gone afterwards, the child is ours all the same.
	 */
	int (*join)(void *context, struct error *err);
	void (*child)(void *context) __attribute__((noreturn));
	void *context;
};

/* The child is a child of this process, its pid as seen here. */
int spawn_process(const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err);

#endif
