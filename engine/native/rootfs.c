#define _GNU_SOURCE
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

#define LOWER_MAX 500
/* mount(2) takes one page of options. */
#define OPTIONS_SIZE 4096

struct overlay {
	const char *const *lowers;
	size_t count;
	const char *upper, *work;
	unsigned int flags;
};

static int mount_overlay_at(const struct overlay *overlay, const char *target, struct error *err);
static int open_directory(const char *path, int *fd, struct error *err);
static int overlay_failed(const char *target, struct error *err);
static int bind_onto_itself(const char *path, struct error *err);
static void allow_many_descriptors(size_t count);

int rootfs_mount_overlay(const char *const *lowers, size_t count, const char *upper, const char *work, unsigned int flags, int *mount_fd,
			 struct error *err)
{
	struct overlay overlay = {lowers, count, upper, work, flags};
	/* Any directory of ours serves for the moment it is attached: mount(2) can't make a detached mount. */
	const char *target = upper ? upper : lowers[0];
	int fd AUTO_CLOSE = -1;

	if (mount_overlay_at(&overlay, target, err))
		return -1;
	fd = kernel_open_tree(AT_FDCWD, target, K_OPEN_TREE_CLONE);
	if (fd < 0)
		error_system(err, "open overlay", target);
	if (umount2(target, MNT_DETACH) && fd >= 0)
		return error_system(err, "detach overlay", target);
	if (fd < 0)
		return -1;
	*mount_fd = take_fd(&fd);
	return 0;
}

int rootfs_private_namespace(struct error *err)
{
	if (unshare(CLONE_NEWNS))
		return error_system(err, "create mount namespace", NULL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_system(err, "make mounts private", "/");
	return 0;
}

int rootfs_mount(const struct plan *plan, int *root_fd, struct error *err)
{
	int fd AUTO_CLOSE = -1;
	struct stat host, wanted;

	if (stat("/", &host) || stat(plan->rootfs, &wanted))
		return error_system(err, "look at root filesystem", plan->rootfs);
	if (host.st_dev == wanted.st_dev && host.st_ino == wanted.st_ino)
		return error_set(err, ERROR_INVALID_PARAMETER, "%s is the host's root", plan->rootfs);
	if (plan->lowers.count) {
		struct overlay overlay = {
			(const char *const *)plan->lowers.items, plan->lowers.count, plan->upper, plan->work,
			(plan_has(plan, PLAN_FLAG_USERXATTR) ? ROOTFS_USERXATTR : 0) | (plan_has(plan, PLAN_FLAG_VOLATILE) ? ROOTFS_VOLATILE : 0),
		};

		if (mount_overlay_at(&overlay, plan->rootfs, err))
			return -1;
	} else if (bind_onto_itself(plan->rootfs, err)) {
		return -1;
	}
	/* By path and not by a descriptor from before: the path leads into the new mount. */
	fd = RETRY(open(plan->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0)
		return error_system(err, "open root filesystem", plan->rootfs);
	*root_fd = take_fd(&fd);
	return 0;
}

int rootfs_pivot(int root_fd, struct error *err)
{
	int old_root AUTO_CLOSE = RETRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));

	if (old_root < 0)
		return error_system(err, "open the old root", "/");
	if (fchdir(root_fd))
		return error_system(err, "go to root filesystem", NULL);
	/* The old root comes to lie on the new one and is taken away at once: no directory is needed for it (pivot_root(2), NOTES). */
	if (syscall(SYS_pivot_root, ".", "."))
		return error_system(err, "pivot_root", NULL);
	if (fchdir(old_root))
		return error_system(err, "go to the old root", NULL);
	/* Nothing done to the old tree from here on may reach the host's. */
	if (mount(NULL, ".", NULL, MS_REC | MS_SLAVE, NULL))
		return error_system(err, "make the old root a slave", NULL);
	if (umount2(".", MNT_DETACH))
		return error_system(err, "detach the old root", NULL);
	if (chdir("/"))
		return error_system(err, "go to the new root", "/");
	return 0;
}

/*
 * All directories are named by descriptor numbers, relative to /proc/self/fd: no length or separator in a path can matter, and 500 layers fit
 * into the page.
 */
static int mount_overlay_at(const struct overlay *overlay, const char *target, struct error *err)
{
	char options[OPTIONS_SIZE] = "lowerdir=";
	size_t used = strlen(options);
	int fds[LOWER_MAX + 2], opened = 0, here AUTO_CLOSE = -1, result = -1;

	if (overlay->count == 0 || overlay->count > LOWER_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "%zu layers: overlayfs takes 1 to %d", overlay->count, LOWER_MAX);
	allow_many_descriptors(overlay->count);
	here = RETRY(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (here < 0)
		return error_system(err, "open the working directory", NULL);
	for (size_t i = 0; i < overlay->count; i++) {
		if (open_directory(overlay->lowers[i], &fds[opened], err))
			goto out;
		used += (size_t)snprintf(options + used, sizeof(options) - used, "%s%d", i ? ":" : "", fds[opened++]);
	}
	if (overlay->upper) {
		if (open_directory(overlay->upper, &fds[opened], err))
			goto out;
		used += (size_t)snprintf(options + used, sizeof(options) - used, ",upperdir=%d", fds[opened++]);
		if (open_directory(overlay->work, &fds[opened], err))
			goto out;
		used += (size_t)snprintf(options + used, sizeof(options) - used, ",workdir=%d", fds[opened++]);
	}
	used += (size_t)snprintf(options + used, sizeof(options) - used, "%s%s", overlay->flags & ROOTFS_USERXATTR ? ",userxattr" : "",
				 overlay->flags & ROOTFS_VOLATILE && overlay->upper ? ",volatile" : "");
	if (used >= sizeof(options)) {
		error_set(err, ERROR_INVALID_PARAMETER, "%zu layers do not fit into one mount call", overlay->count);
		goto out;
	}
	if (chdir("/proc/self/fd")) {
		error_system(err, "go to /proc/self/fd", NULL);
		goto out;
	}
	result = mount("overlay", target, "overlay", overlay->upper ? 0 : MS_RDONLY, options) ? overlay_failed(target, err) : 0;
	if (fchdir(here) && result == 0)
		result = error_system(err, "go back", NULL);
out:
	while (opened > 0)
		close(fds[--opened]);
	return result;
}

static int open_directory(const char *path, int *fd, struct error *err)
{
	*fd = RETRY(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	return *fd < 0 ? error_system(err, "open layer", path) : 0;
}

static int overlay_failed(const char *target, struct error *err)
{
	int number = errno;

	error_system(err, "mount overlay", target);
	if (number == ENODEV || number == EPERM)
		err->kind = ERROR_UNAVAILABLE;
	if (number == EINVAL)
		error_prefix(err, "the kernel refuses the layers (a leftover of a volatile mount, or a file system without support): ");
	return -1;
}

static int bind_onto_itself(const char *path, struct error *err)
{
	/* Recursive, for in a user namespace mounts below may be locked to their parent. */
	int tree AUTO_CLOSE = kernel_open_tree(AT_FDCWD, path, K_OPEN_TREE_CLONE | K_AT_RECURSIVE);
	struct kernel_mount_attr attributes = {.propagation = MS_PRIVATE};

	if (tree < 0)
		return error_system(err, "open root filesystem", path);
	if (kernel_mount_setattr(tree, "", AT_EMPTY_PATH | K_AT_RECURSIVE, &attributes))
		return error_system(err, "make root filesystem private", path);
	if (kernel_move_mount(tree, "", AT_FDCWD, path, K_MOVE_MOUNT_F_EMPTY_PATH))
		return error_system(err, "mount root filesystem", path);
	return 0;
}

/* 500 layers and a soft limit of 256 do not go together. */
static void allow_many_descriptors(size_t count)
{
	struct rlimit limit;

	if (count > 100 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1024 && limit.rlim_max > limit.rlim_cur) {
		limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
