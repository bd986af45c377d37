#define _GNU_SOURCE
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "inode_table.h"
#include "options.h"
#include "report.h"
#include "walk.h"

/* Somebody may be filling what we empty: so often we look again. */
#define REMOVE_ROUNDS 16

struct usage {
	uint64_t allocated, apparent, inodes;
	struct inode_table linked;
};

static int remove_below(int parent, const char *name, struct error *err);
static int remove_items(struct walk *walk, struct error *err);
static int remove_name(int parent, const char *name, int flags);
static int open_to_empty(int parent, const char *name);
static int make_usable(int parent, const char *name);
static int open_parent(const char *path, char *name, size_t name_size, int *parent, struct error *err);
static int measure(const char *path, struct usage *usage, struct error *err);
static int measure_below(struct walk *walk, struct usage *usage, struct error *err);
static int count(struct usage *usage, const struct stat *status, struct error *err);

int cmd_rm_tree(int argc, char **argv, struct error *err)
{
	struct string_list paths = {0};
	const struct option options[] = {{NULL, OPTION_FLAG, NULL}};

	if (options_parse(argc, argv, options, &paths, err))
		return -1;
	if (!paths.count)
		return error_set(err, ERROR_INVALID_PARAMETER, "rm-tree: no path given");
	for (size_t i = 0; i < paths.count; i++) {
		char name[NAME_MAX + 1];
		AUTO_CLOSE int parent = -1;

		if (open_parent(paths.items[i], name, sizeof(name), &parent, err))
			return -1;
		if (parent >= 0 && tree_remove(parent, name, err))
			return error_prefix(err, "removing %s: ", paths.items[i]);
	}
	return report_ok(report_fd(), NULL, err);
}

int cmd_du(int argc, char **argv, struct error *err)
{
	struct string_list paths = {0};
	const struct option options[] = {{NULL, OPTION_FLAG, NULL}};
	AUTO_JSON struct json json = {0};
	struct usage usage = {0};
	int result = 0;

	if (options_parse(argc, argv, options, &paths, err))
		return -1;
	if (!paths.count)
		return error_set(err, ERROR_INVALID_PARAMETER, "du: no path given");
	for (size_t i = 0; i < paths.count && result == 0; i++)
		result = measure(paths.items[i], &usage, err);
	inode_table_free(&usage.linked);
	if (result)
		return -1;
	json_member_unsigned(&json, "sizeBytes", usage.allocated);
	json_member_unsigned(&json, "apparentBytes", usage.apparent);
	json_member_unsigned(&json, "inodes", usage.inodes);
	return report_ok(report_fd(), &json, err);
}

int tree_remove(int parent, const char *name, struct error *err)
{
	for (int round = 0; round < REMOVE_ROUNDS; round++) {
		if (remove_name(parent, name, 0) == 0 || errno == ENOENT)
			return 0;
		/* POSIX says EPERM for a directory, Linux EISDIR; EBUSY is a file mounted on a file. */
		if (errno == EBUSY)
			return error_set(err, ERROR_CONFLICT, "a file system is mounted on %s", name);
		if (errno != EISDIR && errno != EPERM)
			return error_system(err, "remove", name);
		if (remove_name(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno == ENOTDIR)
			return error_number(err, EPERM, "remove", name); /* an immutable file */
		if (errno != ENOTEMPTY && errno != EEXIST)
			return errno == EBUSY ? error_set(err, ERROR_CONFLICT, "a file system is mounted on %s", name) : error_system(err, "remove", name);
		if (remove_below(parent, name, err))
			return -1;
	}
	return error_set(err, ERROR_CONFLICT, "%s is being filled while it is removed", name);
}

static int remove_below(int parent, const char *name, struct error *err)
{
	struct walk walk;
	const int fd = open_to_empty(parent, name);
	int result;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 0; /* replaced meanwhile: the caller looks again */
		return errno == EXDEV ? error_set(err, ERROR_CONFLICT, "a file system is mounted on %s", name) : error_system(err, "open", name);
	}
	result = walk_begin_unsorted(&walk, fd, err);
	if (!result)
		result = remove_items(&walk, err);
	walk_end(&walk);
	return result;
}

static int remove_items(struct walk *walk, struct error *err)
{
	const struct walk_item *item;

	while (walk_next(walk, &item, err) == 0) {
		int fd;

		if (!item)
			return 0;
		if (item->event == WALK_LEFT) {
			if (remove_name(item->parent, item->name, AT_REMOVEDIR) && errno != ENOENT && errno != ENOTEMPTY && errno != ENOTDIR)
				return error_system(err, "remove", item->path);
			continue;
		}
		if (item->type != DT_DIR && (remove_name(item->parent, item->name, 0) == 0 || errno == ENOENT))
			continue;
		if (item->type != DT_DIR && errno != EISDIR && (errno != EPERM || item->type != DT_UNKNOWN))
			return error_system(err, "remove", item->path);
		fd = open_to_empty(item->parent, item->name);
		if (fd < 0 && errno == EXDEV)
			return error_set(err, ERROR_CONFLICT, "a file system is mounted on %.512s", item->path);
		if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_system(err, "open", item->path);
		if (fd >= 0 && walk_enter(walk, fd, err))
			return -1;
	}
	return -1;
}

/* Without CAP_DAC_OVERRIDE (a plain user outside any sandbox) the directory's own mode may be in the way. */
static int remove_name(int parent, const char *name, int flags)
{
	struct stat status;

	if (unlinkat(parent, name, flags) == 0)
		return 0;
	if (errno != EACCES)
		return -1;
	if (fstat(parent, &status) || fchmod(parent, (status.st_mode & 07777) | 0700)) {
		errno = EACCES;
		return -1;
	}
	return unlinkat(parent, name, flags);
}

static int open_to_empty(int parent, const char *name)
{
	int fd = walk_open_directory(parent, name, true);

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (make_usable(parent, name)) {
		errno = EACCES;
		return -1;
	}
	return walk_open_directory(parent, name, true);
}

/* chmod of what O_PATH | O_NOFOLLOW opened, through /proc: fchmodat follows symlinks on the kernels we run on. */
static int make_usable(int parent, const char *name)
{
	AUTO_CLOSE int fd = RETRY(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	char link[64];

	if (fd < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return chmod(link, 0700);
}

/* The directory that holds `path` and the name in it; *parent stays -1 when there is no such directory. */
static int open_parent(const char *path, char *name, size_t name_size, int *parent, struct error *err)
{
	AUTO_FREE char *copy = strdup(path);
	size_t length = strlen(path);
	char *slash;

	if (!copy)
		return error_system(err, "allocate", NULL);
	while (length > 1 && copy[length - 1] == '/')
		copy[--length] = '\0';
	slash = strrchr(copy, '/');
	if ((size_t)snprintf(name, name_size, "%s", slash ? slash + 1 : copy) >= name_size)
		return error_number(err, ENAMETOOLONG, "remove", path);
	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "%s cannot be removed", path);
	if (slash)
		slash[slash == copy] = '\0';
	*parent = RETRY(open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (*parent < 0 && errno == EACCES)
		*parent = RETRY(open(slash ? copy : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (*parent < 0 && errno != ENOENT)
		return error_system(err, "open", copy);
	return 0;
}

static int measure(const char *path, struct usage *usage, struct error *err)
{
	struct stat status;
	struct walk walk;
	int fd, result;

	if (lstat(path, &status))
		return errno == ENOENT ? error_set(err, ERROR_NOT_FOUND, "%s is not there", path) : error_system(err, "stat", path);
	if (count(usage, &status, err))
		return -1;
	if (!S_ISDIR(status.st_mode))
		return 0;
	fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return error_system(err, "open", path);
	result = walk_begin_unsorted(&walk, fd, err);
	if (!result)
		result = measure_below(&walk, usage, err);
	walk_end(&walk);
	return result;
}

static int measure_below(struct walk *walk, struct usage *usage, struct error *err)
{
	const struct walk_item *item;

	while (walk_next(walk, &item, err) == 0) {
		struct stat status;
		int fd;

		if (!item)
			return 0;
		if (item->event == WALK_LEFT)
			continue;
		if (fstatat(item->parent, item->name, &status, AT_SYMLINK_NOFOLLOW)) {
			if (errno == ENOENT)
				continue; /* a running container removed it */
			return error_system(err, "stat", item->path);
		}
		if (count(usage, &status, err))
			return -1;
		if (!S_ISDIR(status.st_mode))
			continue;
		fd = walk_open_directory(item->parent, item->name, true);
		if (fd >= 0) {
			if (walk_enter(walk, fd, err))
				return -1;
		} else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EXDEV) {
			return error_system(err, "open", item->path);
		}
	}
	return -1;
}

/* A file with several links counts once. */
static int count(struct usage *usage, const struct stat *status, struct error *err)
{
	const char *found = NULL;

	if (!S_ISDIR(status->st_mode) && status->st_nlink > 1 &&
	    inode_table_put(&usage->linked, status->st_dev, status->st_ino, "", &found, err))
		return -1;
	if (found)
		return 0;
	usage->allocated += (uint64_t)status->st_blocks * 512;
	usage->apparent += S_ISREG(status->st_mode) || S_ISLNK(status->st_mode) ? (uint64_t)status->st_size : 0;
	usage->inodes++;
	return 0;
}
