#define _GNU_SOURCE
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "inroot.h"
#include "kernel.h"
#include "new_mount.h"

static int open_bind(const struct plan_mount *mount, int *fd, struct error *err);
static int clone_source(const struct plan_mount *mount, int within, unsigned int recursive);
static int open_subpath(const struct plan_mount *mount, int *fd, struct error *err);
static int set_propagation(int tree, const struct plan_mount *mount, struct error *err);
static int propagation_of(enum plan_propagation propagation, bool *recursive);
static int open_null(int *fd, struct error *err);
static int attach(const struct plan *plan, size_t index, int root_fd, struct mounts *mounts, struct error *err);
static int open_target(const struct plan_mount *mount, int root_fd, bool file, int *fd, struct error *err);
static int guard_proc(const struct plan_mount *mount, int made, int target, struct error *err);
static int wrong_type(const struct plan_mount *mount, struct error *err);
static int make_readonly(int root_fd, const char *path, struct error *err);
static int mask(int root_fd, const char *path, int null_fd, int *empty_fd, struct error *err);
static bool is_directory(int fd);
static bool is_absent(int number);

int mounts_open(const struct plan *plan, struct mounts *mounts, struct error *err)
{
	*mounts = (struct mounts){.null_fd = -1, .proc_fd = -1, .devpts_fd = -1};
	mounts->binds = calloc(plan->mount_count + 1, sizeof(int));
	if (!mounts->binds)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; i < plan->mount_count; i++)
		mounts->binds[i] = -1;
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct plan_mount *mount = &plan->mounts[i];

		if (mount->type == PLAN_MOUNT_BIND && open_bind(mount, &mounts->binds[i], err) && !(mount->flags & PLAN_MOUNT_OPTIONAL))
			return -1;
	}
	return open_null(&mounts->null_fd, err);
}

int mounts_attach(const struct plan *plan, int root_fd, struct mounts *mounts, struct error *err)
{
	for (size_t i = 0; i < plan->mount_count; i++)
		if (attach(plan, i, root_fd, mounts, err) && !(plan->mounts[i].flags & PLAN_MOUNT_OPTIONAL))
			return -1;
	return 0;
}

int mounts_protect(const struct plan *plan, int root_fd, struct mounts *mounts, struct error *err)
{
	int empty_fd AUTO_CLOSE = -1;

	for (size_t i = 0; i < plan->readonly.count; i++)
		if (make_readonly(root_fd, plan->readonly.items[i], err))
			return -1;
	for (size_t i = 0; i < plan->masked.count; i++)
		if (mask(root_fd, plan->masked.items[i], mounts->null_fd, &empty_fd, err))
			return -1;
	return 0;
}

int mounts_attach_fd(int source_fd, int target_fd, const char *target, struct error *err)
{
	if (kernel_move_mount(source_fd, "", target_fd, "", K_MOVE_MOUNT_F_EMPTY_PATH | K_MOVE_MOUNT_T_EMPTY_PATH))
		return error_system(err, "attach mount", target);
	return 0;
}

static int open_bind(const struct plan_mount *mount, int *fd, struct error *err)
{
	unsigned int recursive = mount->flags & PLAN_MOUNT_RECURSIVE ? K_AT_RECURSIVE : 0;
	const unsigned int below = mount->flags & PLAN_MOUNT_TOP_READONLY ? 0 : K_AT_RECURSIVE;
	struct kernel_mount_attr attributes = {.attr_set = new_mount_attributes(mount->flags)};
	int within AUTO_CLOSE = -1, tree AUTO_CLOSE = -1;

	if (mount->subpath && open_subpath(mount, &within, err))
		return -1;
	tree = clone_source(mount, within, recursive);
	/* In a user namespace, mounts below come along or not at all: what they cover must stay covered. */
	if (tree < 0 && errno == EINVAL && !recursive)
		tree = clone_source(mount, within, K_AT_RECURSIVE);
	if (tree < 0 && errno == ENOENT)
		return error_set(err, ERROR_INVALID_PARAMETER, "invalid mount config for type \"bind\": bind source path does not exist: %s", mount->source);
	if (tree < 0)
		return error_system(err, "open bind source", mount->source);
	if (set_propagation(tree, mount, err))
		return -1;
	if (attributes.attr_set && kernel_mount_setattr(tree, "", AT_EMPTY_PATH | below, &attributes))
		return error_system(err, "set mount options", mount->source);
	*fd = take_fd(&tree);
	return 0;
}

static int clone_source(const struct plan_mount *mount, int within, unsigned int recursive)
{
	if (within >= 0)
		return kernel_open_tree(within, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE | recursive);
	return kernel_open_tree(AT_FDCWD, mount->source, K_OPEN_TREE_CLONE | recursive);
}

/* Whoever fills the volume may put symlinks in it, and swap them: none leads out. */
static int open_subpath(const struct plan_mount *mount, int *fd, struct error *err)
{
	int source AUTO_CLOSE = RETRY(open(mount->source, O_PATH | O_DIRECTORY | O_CLOEXEC));

	if (source < 0)
		return error_system(err, "open volume", mount->source);
	*fd = RETRY(kernel_openat2(source, mount->subpath, O_PATH, 0, K_RESOLVE_BENEATH | K_RESOLVE_NO_MAGICLINKS));
	if (*fd >= 0)
		return 0;
	if (errno == EXDEV)
		return error_set(err, ERROR_INVALID_PARAMETER, "path concatenation escapes the base directory, base: %s, subpath: %s", mount->source, mount->subpath);
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
		error_set(err, ERROR_INVALID_PARAMETER, "cannot access path %s/%s: %s", mount->source, mount->subpath,
			  errno == ENOENT ? "no such file or directory" : errno == ENOTDIR ? "not a directory" : "too many levels of symbolic links");
		err->exit_code = 127;
		return -1;
	}
	return error_system(err, "open volume", mount->source);
}

/* The clone is still a peer of the host's mount; whatever was not asked to be shared must stop being one. */
static int set_propagation(int tree, const struct plan_mount *mount, struct error *err)
{
	bool recursive;
	struct kernel_mount_attr below = {.propagation = MS_SLAVE}, wanted = {0};

	wanted.propagation = (uint64_t)propagation_of(mount->has_propagation ? mount->propagation : PLAN_PROPAGATION_RPRIVATE, &recursive);
	if (!recursive && kernel_mount_setattr(tree, "", AT_EMPTY_PATH | K_AT_RECURSIVE, wanted.propagation == MS_SHARED ? &wanted : &below))
		return error_system(err, "set mount propagation", mount->source);
	if (kernel_mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? K_AT_RECURSIVE : 0), &wanted))
		return error_system(err, "set mount propagation", mount->source);
	return 0;
}

static int propagation_of(enum plan_propagation propagation, bool *recursive)
{
	switch (propagation) {
	case PLAN_PROPAGATION_PRIVATE:
	case PLAN_PROPAGATION_RPRIVATE:
		*recursive = propagation == PLAN_PROPAGATION_RPRIVATE;
		return MS_PRIVATE;
	case PLAN_PROPAGATION_SLAVE:
	case PLAN_PROPAGATION_RSLAVE:
		*recursive = propagation == PLAN_PROPAGATION_RSLAVE;
		return MS_SLAVE;
	case PLAN_PROPAGATION_SHARED:
	case PLAN_PROPAGATION_RSHARED:
		*recursive = propagation == PLAN_PROPAGATION_RSHARED;
		return MS_SHARED;
	}
	*recursive = true;
	return MS_PRIVATE;
}

/* What covers masked files. Checked, for whoever controls it would read what is written there (CVE-2025-31133). */
static int open_null(int *fd, struct error *err)
{
	struct stat stat;

	*fd = RETRY(open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	if (*fd < 0)
		return error_system(err, "open", "/dev/null");
	if (fstat(*fd, &stat))
		return error_system(err, "stat", "/dev/null");
	if (!S_ISCHR(stat.st_mode) || stat.st_rdev != makedev(1, 3))
		return error_set(err, ERROR_SYSTEM, "/dev/null of the host is not the null device");
	return 0;
}

static int attach(const struct plan *plan, size_t index, int root_fd, struct mounts *mounts, struct error *err)
{
	const struct plan_mount *mount = &plan->mounts[index];
	int made AUTO_CLOSE = -1, target AUTO_CLOSE = -1;
	struct stat existing;

	if (mount->type == PLAN_MOUNT_BIND) {
		made = take_fd(&mounts->binds[index]);
		if (made < 0)
			return error_set(err, ERROR_SYSTEM, "no source for %s", mount->target);
	}
	if (open_target(mount, root_fd, made >= 0 && !is_directory(made), &target, err))
		return -1;
	if (fstat(target, &existing))
		return error_system(err, "stat mount point", mount->target);
	if (made >= 0 && is_directory(made) != is_directory(target))
		return wrong_type(mount, err);
	if (guard_proc(mount, made, target, err))
		return -1;
	if (made < 0 && new_mount(plan, mount, existing.st_mode & 07777, &made, err))
		return -1;
	if (mounts_attach_fd(made, target, mount->target, err))
		return -1;
	if (mount->type == PLAN_MOUNT_PROC && mounts->proc_fd < 0)
		mounts->proc_fd = take_fd(&made);
	if (mount->type == PLAN_MOUNT_DEVPTS && mounts->devpts_fd < 0)
		mounts->devpts_fd = take_fd(&made);
	return 0;
}

static int open_target(const struct plan_mount *mount, int root_fd, bool file, int *fd, struct error *err)
{
	/* proc and sysfs are what masking relies on: they must be where they seem to be (CVE-2019-19921, CVE-2023-27561). */
	const struct inroot_make how = {
		.file = file,
		.no_symlinks = mount->type == PLAN_MOUNT_PROC || mount->type == PLAN_MOUNT_SYSFS,
		.must_exist = mount->type == PLAN_MOUNT_BIND && !(mount->flags & PLAN_MOUNT_CREATE_TARGET),
		/* A tmpfs takes its mode from what it covers, and a new one is open to all, as docker's. */
		.mode = file ? 0644 : mount->type == PLAN_MOUNT_TMPFS ? 01777 : 0755,
	};

	const mode_t mask = umask(0); /* Whatever the caller's is */
	const int failed = inroot_make(root_fd, mount->target, &how, fd, err);

	umask(mask);
	if (failed)
		return err->number == ENOTDIR ? wrong_type(mount, err) : error_prefix(err, "mounting on %s: ", mount->target);
	return 0;
}

/*
 * Masking, sysctls and what keeps a container in rely on /proc being the real one (CVE-2019-16884, CVE-2019-19921). Asked of the target itself, not of
 * its name; what lxcfs and the like put over it is let through, as by runc.
 */
static int guard_proc(const struct plan_mount *mount, int made, int target, struct error *err)
{
	static const char *const harmless[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
					       "/proc/loadavg", "/proc/slabinfo", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled"};
	struct statfs below, above;

	if (mount->type == PLAN_MOUNT_PROC)
		return 0;
	if (fstatfs(target, &below))
		return error_system(err, "look at mount point", mount->target);
	if (below.f_type != PROC_SUPER_MAGIC || (made >= 0 && fstatfs(made, &above) == 0 && above.f_type == PROC_SUPER_MAGIC))
		return 0;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcmp(mount->target, harmless[i]) == 0)
			return 0;
	return error_set(err, ERROR_INVALID_PARAMETER, "error mounting \"%s\": \"%s\" cannot be mounted because it is inside /proc",
			 mount->source ? mount->source : "none", mount->target);
}

static int wrong_type(const struct plan_mount *mount, struct error *err)
{
	error_set(err, ERROR_INVALID_PARAMETER,
		  "error mounting \"%s\" to rootfs at \"%s\": not a directory: Are you trying to mount a directory onto a file (or vice-versa)? "
		  "Check if the specified host path exists and is the expected type",
		  mount->source ? mount->source : "none", mount->target);
	err->exit_code = 127;
	return -1;
}

static int make_readonly(int root_fd, const char *path, struct error *err)
{
	struct kernel_mount_attr attributes = {.attr_set = K_MOUNT_ATTR_RDONLY};
	int target AUTO_CLOSE = inroot_open(root_fd, path, O_PATH), tree AUTO_CLOSE = -1;

	if (target < 0)
		return is_absent(errno) ? 0 : error_system(err, "open read-only path", path);
	tree = kernel_open_tree(target, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE | K_AT_RECURSIVE);
	if (tree < 0)
		return error_system(err, "open read-only path", path);
	if (kernel_mount_setattr(tree, "", AT_EMPTY_PATH | K_AT_RECURSIVE, &attributes))
		return error_system(err, "make read-only", path);
	return mounts_attach_fd(tree, target, path, err);
}

/* A file under /dev/null, a directory under an empty read-only tmpfs: one for all, cloned once it is attached (only then it can be). */
static int mask(int root_fd, const char *path, int null_fd, int *empty_fd, struct error *err)
{
	int target AUTO_CLOSE = inroot_open(root_fd, path, O_PATH), cover AUTO_CLOSE = -1;
	struct error ignored;

	if (target < 0)
		return is_absent(errno) ? 0 : error_system(err, "open masked path", path);
	if (!is_directory(target)) {
		cover = kernel_open_tree(null_fd, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
		if (cover < 0)
			return error_system(err, "mask", path);
		return mounts_attach_fd(cover, target, path, err);
	}
	if (*empty_fd >= 0) {
		cover = kernel_open_tree(*empty_fd, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
		if (cover >= 0 && mounts_attach_fd(cover, target, path, &ignored) == 0)
			return 0;
		cleanup_fd(&cover);
	}
	if (new_mount_empty(&cover, err) || mounts_attach_fd(cover, target, path, err))
		return -1;
	cleanup_fd(empty_fd);
	*empty_fd = take_fd(&cover);
	return 0;
}

static bool is_directory(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode);
}

static bool is_absent(int number)
{
	return number == ENOENT || number == ENOTDIR;
}
