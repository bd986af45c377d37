/* The root filesystem: overlay, or a plain directory; and pivot_root. */
#ifndef TUG_ROOTFS_H
#define TUG_ROOTFS_H

#include <stddef.h>

#include "error.h"
#include "plan.h"

#define ROOTFS_USERXATTR 1u
#define ROOTFS_VOLATILE 2u

/*
 * Mounts an overlay and gives it as a detached mount in *mount_fd (for fd-relative work, or move_mount). `lowers`: top layer first, at least
 * one, at most 500. `upper` and `work` NULL: read-only. The caller must be in a mount namespace of its own with private propagation
 * (rootfs_private_namespace); /proc must be that of the host.
 */
int rootfs_mount_overlay(const char *const *lowers, size_t count, const char *upper, const char *work, unsigned int flags, int *mount_fd,
			 struct error *err);

/* unshare(CLONE_NEWNS), and nothing propagates out of it. In the host's user namespace also nothing comes in. */
int rootfs_private_namespace(struct error *err);

/*
 * The plan's root filesystem, attached to its ROOTFS directory, as an O_PATH descriptor of its root. The caller is in the container's own mount
 * namespace.
 */
int rootfs_mount(const struct plan *plan, int *root_fd, struct error *err);

/* Makes the mount at `root_fd` the root of this mount namespace, drops the old one, and goes to /. */
int rootfs_pivot(int root_fd, struct error *err);

#endif
