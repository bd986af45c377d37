/* Joining control groups. */
#ifndef TUG_CGROUP_H
#define TUG_CGROUP_H

#include "error.h"
#include "plan.h"

/* Moves this process into the plan's groups, while the host's paths are still there. */
int cgroup_join(const struct plan *plan, struct error *err);

#endif
