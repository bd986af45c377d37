/*
 * What a container uses, from its cgroups where they have the files, else from /proc. The sources are named: /proc knows neither page cache nor limits,
 * and counts a page once for each process that has it.
 */
#ifndef TUG_STATS_H
#define TUG_STATS_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"
#include "plan.h"

/* Of what went before: processes that ended take their counts in /proc with them, and a total must not fall. */
struct stats {
	uint64_t user_ns, system_ns, read_bytes, written_bytes;
};

/*
 * Members: time, cpu {totalNs, userNs, systemNs}, memory {usageBytes, inactiveFileBytes?, limitBytes?}, pids {current, limit?},
 * networks {NAME: {rxBytes, rxPackets, rxErrors, rxDropped, tx…}} (with a network namespace of its own; lo left out), blkio {readBytes, writeBytes},
 * sources {cpu, memory, pids, blkio: "cgroup2", "cgroup1" or "proc"}.
 */
int stats_members(struct stats *stats, const struct plan *plan, pid_t init, struct json *json, struct error *err);

/* True when a cgroup of the plan counted a process killed for want of memory. */
bool stats_oom_killed(const struct plan *plan);

#endif
