#define _GNU_SOURCE
#include "root_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "rootfs.h"
#include "sandbox.h"

#define LOWER_LIMIT 500
#define START_TIME_FIELD 22

static const char *process_named(int argc, char **argv);
static int enter_running(const struct root_view_options *options, int *root_fd, struct error *err);
static int read_start_ticks(pid_t pid, uint64_t *ticks);
static bool has_ended(int pidfd);
static int open_stopped(const struct root_view_options *options, bool writable, int *root_fd, struct error *err);
static int mount_stopped(const struct root_view_options *options, bool writable, int *mount_fd, struct error *err);
static int mount_with_binds(const struct root_view_options *options, bool writable, int *root_fd, struct error *err);
static int attach_binds(const struct root_view_options *options, const struct plan *plan, bool creates_targets, struct mounts *mounts, int *root_fd,
			struct error *err);
static int plan_binds(const struct root_view_options *options, struct plan *plan, struct error *err);
static int open_plain(const char *path, int *root_fd, struct error *err);

int root_view_enter_user_namespace(int argc, char **argv, struct error *err)
{
	const char *pid = process_named(argc, argv);
	AUTO_CLOSE int pidfd = -1;

	if (!pid)
		return sandbox_enter(&sandbox_options, err);
	/* Whether it is the process meant is made sure of before its files are looked at. */
	pidfd = kernel_pidfd_open((pid_t)strtoul(pid, NULL, 10));
	if (pidfd < 0)
		return error_set(err, ERROR_NOT_FOUND, "the container's process %s is gone", pid);
	if (setns(pidfd, CLONE_NEWUSER))
		return errno == ESRCH ? error_set(err, ERROR_NOT_FOUND, "the container's process %s is gone", pid)
				      : error_system(err, "enter the container's user namespace", NULL);
	return 0;
}

int root_view_open(const struct root_view_options *options, bool writable, int *root_fd, struct error *err)
{
	if (options->pid && (options->upper || options->lowers.count))
		return error_set(err, ERROR_INVALID_PARAMETER, "--pid excludes --upper and --lower");
	if (options->pid)
		return enter_running(options, root_fd, err);
	if (!options->upper)
		return error_set(err, ERROR_INVALID_PARAMETER, "neither --pid nor --upper is given");
	return options->lowers.count ? open_stopped(options, writable, root_fd, err) : open_plain(options->upper, root_fd, err);
}

int root_view_without_mounts(int root_fd, int *fd, struct error *err)
{
	AUTO_CLOSE int tree = kernel_open_tree(root_fd, ".", K_OPEN_TREE_CLONE);

	/* Not allowed where mounts are locked to what covers them. */
	*fd = RETRY(openat(tree >= 0 ? tree : root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *fd < 0 ? error_system(err, "open", "/") : 0;
}

static const char *process_named(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "--pid") == 0)
			return argv[i + 1];
	return NULL;
}

static int enter_running(const struct root_view_options *options, int *root_fd, struct error *err)
{
	AUTO_CLOSE int pidfd = -1;
	uint64_t ticks;

	if (options->pid > INT_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "--pid is out of range");
	/*
	 * First the pidfd, which cannot come to mean another process, then the start time of whoever has the pid now, then whether the pidfd's
	 * process still lives: so the time read was its own.
	 */
	pidfd = kernel_pidfd_open((pid_t)options->pid);
	if (pidfd < 0 && errno != ESRCH)
		return error_system(err, "open process", NULL);
	if (pidfd < 0 || read_start_ticks((pid_t)options->pid, &ticks) || ticks != options->start_ticks || has_ended(pidfd))
		return error_set(err, ERROR_NOT_FOUND, "the container's process %llu is gone", (unsigned long long)options->pid);
	if (setns(pidfd, CLONE_NEWNS))
		return errno == ESRCH ? error_set(err, ERROR_NOT_FOUND, "the container's process %llu is gone", (unsigned long long)options->pid)
				      : error_system(err, "enter the container's mount namespace", NULL);
	*root_fd = RETRY(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *root_fd < 0 ? error_system(err, "open", "/") : 0;
}

static int read_start_ticks(pid_t pid, uint64_t *ticks)
{
	char path[64], text[1024], *at;
	AUTO_CLOSE int fd = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));
	length = fd < 0 ? -1 : RETRY(read(fd, text, sizeof(text) - 1));
	if (length <= 0)
		return -1;
	text[length] = '\0';
	/* The name in parentheses may hold anything, blanks and parentheses too. */
	at = strrchr(text, ')');
	for (int field = 2; at && field < START_TIME_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -1;
	*ticks = strtoull(at + 1, NULL, 10);
	return 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return RETRY(poll(&poll_fd, 1, 0)) != 0;
}

static int open_stopped(const struct root_view_options *options, bool writable, int *root_fd, struct error *err)
{
	AUTO_CLOSE int mount_fd = -1;

	if (rootfs_private_namespace(err))
		return -1;
	if (options->binds.count || options->read_only)
		return mount_with_binds(options, writable, root_fd, err);
	if (mount_stopped(options, writable, &mount_fd, err))
		return -1;
	*root_fd = RETRY(openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *root_fd < 0 ? error_system(err, "open", "/") : 0;
}

/* Mounts can only be made in what is attached somewhere. */
static int mount_with_binds(const struct root_view_options *options, bool writable, int *root_fd, struct error *err)
{
	struct plan plan = {0};
	struct mounts mounts = {0};
	struct error missing = {0};
	int result;

	if (!options->rootfs)
		return error_set(err, ERROR_INVALID_PARAMETER, "--rootfs is missing");
	/* What they are mounted on was made when the container ran, if not by its image: usually nothing has to be written. */
	result = plan_binds(options, &plan, err) || mounts_open(&plan, &mounts, err) ? -1 : attach_binds(options, &plan, writable, &mounts, root_fd, &missing);
	if (result && missing.number == ENOENT && !writable) {
		umount2(options->rootfs, MNT_DETACH);
		free(mounts.binds);
		result = mounts_open(&plan, &mounts, err) ? -1 : attach_binds(options, &plan, true, &mounts, root_fd, err);
	} else if (result && missing.message[0]) {
		*err = missing;
	}
	free(mounts.binds);
	free(plan.mounts);
	return result;
}

static int attach_binds(const struct root_view_options *options, const struct plan *plan, bool creates_targets, struct mounts *mounts, int *root_fd,
			struct error *err)
{
	const struct kernel_mount_attr read_only = {.attr_set = K_MOUNT_ATTR_RDONLY};
	AUTO_CLOSE int mount_fd = -1, root = -1;

	for (size_t i = 0; i < plan->mount_count; i++)
		plan->mounts[i].flags = (plan->mounts[i].flags & ~(uint32_t)PLAN_MOUNT_CREATE_TARGET) | (creates_targets ? PLAN_MOUNT_CREATE_TARGET : 0);
	if (mount_stopped(options, creates_targets, &mount_fd, err))
		return -1;
	if (kernel_move_mount(mount_fd, "", AT_FDCWD, options->rootfs, K_MOVE_MOUNT_F_EMPTY_PATH))
		return error_system(err, "attach overlay", options->rootfs);
	root = RETRY(openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (root < 0)
		return error_system(err, "open", "/");
	if (mounts_attach(plan, root, mounts, err))
		return -1;
	if (options->read_only && kernel_mount_setattr(mount_fd, "", AT_EMPTY_PATH, &read_only))
		return error_system(err, "make read-only", "/");
	*root_fd = take_fd(&root);
	return 0;
}

static int plan_binds(const struct root_view_options *options, struct plan *plan, struct error *err)
{
	static const char read_only[] = "ro:";

	if (options->binds.count != options->ats.count || (options->subpaths.count && options->subpaths.count != options->binds.count))
		return error_set(err, ERROR_INVALID_PARAMETER, "--bind and --at belong together");
	plan->mounts = calloc(options->binds.count + 1, sizeof(*plan->mounts));
	if (!plan->mounts)
		return error_system(err, "allocate", NULL);
	for (; plan->mount_count < options->binds.count; plan->mount_count++) {
		const char *target = options->ats.items[plan->mount_count];
		const bool is_read_only = strncmp(target, read_only, strlen(read_only)) == 0;

		plan->mounts[plan->mount_count] = (struct plan_mount){
			.type = PLAN_MOUNT_BIND,
			.source = options->binds.items[plan->mount_count],
			.subpath = options->subpaths.count && *options->subpaths.items[plan->mount_count] ? options->subpaths.items[plan->mount_count] : NULL,
			.target = is_read_only ? target + strlen(read_only) : target,
			.flags = PLAN_MOUNT_RECURSIVE | (is_read_only ? PLAN_MOUNT_RDONLY : 0),
		};
	}
	return 0;
}

static int mount_stopped(const struct root_view_options *options, bool writable, int *mount_fd, struct error *err)
{
	/* In a user namespace overlayfs keeps its books in user.* xattrs, and is told so. */
	const unsigned int flags = sandbox_options.dir ? ROOTFS_USERXATTR : 0;
	AUTO_FREE const char **lowers = malloc((options->lowers.count + 1) * sizeof(*lowers));
	const bool below = !writable && options->lowers.count < LOWER_LIMIT;

	if (!lowers)
		return error_system(err, "allocate", NULL);
	if (!below && !options->work)
		return error_set(err, ERROR_INVALID_PARAMETER, "--work is missing");
	lowers[0] = options->upper;
	memcpy(lowers + 1, options->lowers.items, options->lowers.count * sizeof(*lowers));
	return below ? rootfs_mount_overlay(lowers, options->lowers.count + 1, NULL, NULL, flags, mount_fd, err)
		     : rootfs_mount_overlay(lowers + 1, options->lowers.count, options->upper, options->work, flags, mount_fd, err);
}

static int open_plain(const char *path, int *root_fd, struct error *err)
{
	*root_fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *root_fd < 0 ? error_system(err, "open", path) : 0;
}
