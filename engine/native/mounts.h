/*
 * The container's mounts. Everything is attached by descriptors: the source is a detached mount, the target an O_PATH descriptor resolved inside
 * the root, so no swapped symlink can redirect either (CVE-2025-31133, CVE-2025-52565, CVE-2024-45310).
 */
#ifndef TUG_MOUNTS_H
#define TUG_MOUNTS_H

#include "error.h"
#include "plan.h"

struct mounts {
	int *binds;   /* for each of the plan's mounts: the detached source, or -1 */
	int null_fd;  /* the host's /dev/null, checked */
	int proc_fd;  /* the container's procfs as we made it: nothing can be mounted over what is reached through it yet */
	int devpts_fd;
};

/* Opens what comes from the host. Before the tree's propagation is changed, so that `shared` binds can be. */
int mounts_open(const struct plan *plan, struct mounts *mounts, struct error *err);

/* Mounts everything, in order. */
int mounts_attach(const struct plan *plan, int root_fd, struct mounts *mounts, struct error *err);

/* Masked and read-only paths; after whatever else touches the tree. */
int mounts_protect(const struct plan *plan, int root_fd, struct mounts *mounts, struct error *err);

/* Writes the plan's sysctls through the private procfs (CVE-2025-52881). */
int mounts_write_sysctls(const struct plan *plan, struct mounts *mounts, struct error *err);

/* Attaches the detached (or, with `clone`, any) mount `source_fd` at `target`. */
int mounts_attach_fd(int source_fd, int target_fd, const char *target, struct error *err);

#endif
