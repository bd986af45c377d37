/* Joining control groups. */
#ifndef TUG_CGROUP_H
#define TUG_CGROUP_H

#include "error.h"
#include "plan.h"

/*
 * Opens the plan's v2 group, for the process to be born in: moving a running one there waits for an RCU grace period (12 ms where it was measured). The
 * plan's device filter is attached to it. -1 when the plan has none.
 */
int cgroup_open(const struct plan *plan, int *fd, struct error *err);

/* Moves this process into the plan's v1 groups, while the host's paths are still there. */
int cgroup_join(const struct plan *plan, struct error *err);

#endif
