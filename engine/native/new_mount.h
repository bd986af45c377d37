/* File systems made for the container: procfs, sysfs, tmpfs, devpts, mqueue, cgroup2, as detached mounts. */
#ifndef TUG_NEW_MOUNT_H
#define TUG_NEW_MOUNT_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "plan.h"

/* `existing_mode`: of the directory it goes onto; a tmpfs without a mode of its own takes it. */
int new_mount(const struct plan *plan, const struct plan_mount *mount, mode_t existing_mode, int *fd, struct error *err);

/* An empty read-only tmpfs. */
int new_mount_empty(int *fd, struct error *err);

/* A procfs of this pid namespace. */
int new_mount_proc(int *fd, struct error *err);

/* A plan mount's flags as MOUNT_ATTR_… bits. */
uint64_t new_mount_attributes(uint32_t flags);

#endif
