/* oom_score_adj of the container. */
#ifndef TUG_OOM_H
#define TUG_OOM_H

#include "error.h"
#include "plan.h"
#include "spawn.h"

/*
 * spawn_process with the plan's OOM_SCORE_ADJ: the child inherits it from us, then ours is put back. The child can't write its own: its /proc files
 * belong to the host's root, as it must not be dumpable.
 */
int oom_spawn(const struct plan *plan, const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err);

#endif
