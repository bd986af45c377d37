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
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"
#include "rootfs.h"
#include "sandbox.h"

#define SYMLINK_LIMIT 40 /* as the kernel's */
#define LOWER_LIMIT 500
#define START_TIME_FIELD 22

/* A path while its parts are looked at: `done` is resolved, `rest` is to come. */
struct resolution {
	char *done, *rest;
	size_t done_length, done_capacity;
	int links;
};

static int enter_running(const struct root_view_options *options, int *root_fd, struct error *err);
static int read_start_ticks(pid_t pid, uint64_t *ticks);
static bool has_ended(int pidfd);
static int mount_stopped(const struct root_view_options *options, bool writable, int *root_fd, struct error *err);
static int open_plain(const char *path, int *root_fd, struct error *err);
static int resolve_part(struct resolution *state, int root_fd, const char *part, size_t length, bool last, bool follow, struct error *err);
static int append_part(struct resolution *state, const char *part, size_t length, struct error *err);
static int read_link(int root_fd, const char *path, char *target, size_t size);
static int follow_link(struct resolution *state, const char *target, struct error *err);

int root_view_open(const struct root_view_options *options, bool writable, int *root_fd, struct error *err)
{
	if (options->pid && (options->upper || options->lowers.count))
		return error_set(err, ERROR_INVALID_PARAMETER, "--pid excludes --upper and --lower");
	if (options->pid)
		return enter_running(options, root_fd, err);
	if (!options->upper)
		return error_set(err, ERROR_INVALID_PARAMETER, "neither --pid nor --upper is given");
	return options->lowers.count ? mount_stopped(options, writable, root_fd, err) : open_plain(options->upper, root_fd, err);
}

int root_view_without_mounts(int root_fd, int *fd, struct error *err)
{
	AUTO_CLOSE int tree = kernel_open_tree(root_fd, ".", K_OPEN_TREE_CLONE);

	/* Not allowed where mounts are locked to what covers them. */
	*fd = RETRY(openat(tree >= 0 ? tree : root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *fd < 0 ? error_system(err, "open", "/") : 0;
}

int root_view_resolve(int root_fd, const char *path, bool follow, char **resolved, struct error *err)
{
	const size_t given = strlen(path);
	/* "x/" and "x/." mean what x points to. */
	const bool follow_last = follow || (given && path[given - 1] == '/') || (given > 1 && strcmp(path + given - 2, "/.") == 0);
	struct resolution state = {.rest = strdup(path), .done = strdup("")};
	int result = state.rest && state.done ? 0 : error_system(err, "allocate", NULL);

	while (result == 0) {
		AUTO_FREE char *rest = state.rest;
		const char *at = rest + strspn(rest, "/"), *after;
		size_t length = strcspn(at, "/");

		state.rest = NULL;
		if (!length)
			break;
		/* The last part that says something: "." and slashes may follow. */
		after = at + length;
		while (*after == '/' || (after[0] == '.' && after[-1] == '/' && (after[1] == '/' || !after[1])))
			after++;
		state.rest = strdup(at + length);
		result = state.rest ? resolve_part(&state, root_fd, at, length, !*after, follow_last, err) : error_system(err, "allocate", NULL);
	}
	free(state.rest);
	if (result) {
		free(state.done);
		return -1;
	}
	*resolved = state.done;
	return 0;
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

static int mount_stopped(const struct root_view_options *options, bool writable, int *root_fd, struct error *err)
{
	/* In a user namespace overlayfs keeps its books in user.* xattrs, and is told so. */
	const unsigned int flags = sandbox_options.dir ? ROOTFS_USERXATTR : 0;
	AUTO_FREE const char **lowers = malloc((options->lowers.count + 1) * sizeof(*lowers));
	AUTO_CLOSE int mount_fd = -1;
	const bool below = !writable && options->lowers.count < LOWER_LIMIT;

	if (!lowers)
		return error_system(err, "allocate", NULL);
	if (!below && !options->work)
		return error_set(err, ERROR_INVALID_PARAMETER, "--work is missing");
	lowers[0] = options->upper;
	memcpy(lowers + 1, options->lowers.items, options->lowers.count * sizeof(*lowers));
	if (rootfs_private_namespace(err))
		return -1;
	if (below ? rootfs_mount_overlay(lowers, options->lowers.count + 1, NULL, NULL, flags, &mount_fd, err)
		  : rootfs_mount_overlay(lowers + 1, options->lowers.count, options->upper, options->work, flags, &mount_fd, err))
		return -1;
	*root_fd = RETRY(openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *root_fd < 0 ? error_system(err, "open", "/") : 0;
}

static int open_plain(const char *path, int *root_fd, struct error *err)
{
	*root_fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return *root_fd < 0 ? error_system(err, "open", path) : 0;
}

static int resolve_part(struct resolution *state, int root_fd, const char *part, size_t length, bool last, bool follow, struct error *err)
{
	char target[PATH_MAX];

	if (length == 1 && part[0] == '.')
		return 0;
	if (length == 2 && part[0] == '.' && part[1] == '.') {
		char *slash = strrchr(state->done, '/');

		state->done_length = slash ? (size_t)(slash - state->done) : 0;
		state->done[state->done_length] = '\0';
		return 0;
	}
	if (append_part(state, part, length, err))
		return -1;
	if ((last && !follow) || read_link(root_fd, state->done, target, sizeof(target)))
		return 0;
	if (++state->links > SYMLINK_LIMIT)
		return error_set(err, ERROR_INVALID_PARAMETER, "too many levels of symbolic links at /%.512s", state->done);
	return follow_link(state, target, err);
}

static int append_part(struct resolution *state, const char *part, size_t length, struct error *err)
{
	const size_t needed = state->done_length + length + 2;

	if (needed > PATH_MAX)
		return error_number(err, ENAMETOOLONG, "resolve", state->done);
	if (needed > state->done_capacity) {
		char *done = realloc(state->done, 2 * needed);

		if (!done)
			return error_system(err, "allocate", NULL);
		state->done = done;
		state->done_capacity = 2 * needed;
	}
	if (state->done_length)
		state->done[state->done_length++] = '/';
	memcpy(state->done + state->done_length, part, length);
	state->done_length += length;
	state->done[state->done_length] = '\0';
	return 0;
}

/* -1 for everything that is no symlink. */
static int read_link(int root_fd, const char *path, char *target, size_t size)
{
	AUTO_CLOSE int fd = RETRY(kernel_openat2(root_fd, path, O_PATH | O_NOFOLLOW, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS));
	ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, size);

	if (length < 0 || (size_t)length == size)
		return -1;
	target[length] = '\0';
	return 0;
}

/* The target goes before what is still to come; the symlink's own name goes. */
static int follow_link(struct resolution *state, const char *target, struct error *err)
{
	char *slash = strrchr(state->done, '/'), *rest;

	state->done_length = target[0] == '/' || !slash ? 0 : (size_t)(slash - state->done);
	state->done[state->done_length] = '\0';
	if (asprintf(&rest, "%s/%s", target, state->rest) < 0)
		return error_system(err, "allocate", NULL);
	free(state->rest);
	state->rest = rest;
	return 0;
}
