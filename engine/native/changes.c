/*
 * changes: what `docker diff` lists. A name is added, deleted, or changed: another type, mode or owner, for anything but a directory also another size, time
 * or file capability; and every directory something changed in (moby's pkg/archive ChangesDirs). Only the upper directory is walked, beside the
 * directories of the lower ones that overlayfs would merge with it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "change_list.h"
#include "cleanup.h"
#include "commands.h"
#include "inside.h"
#include "options.h"
#include "report.h"
#include "walk.h"
#include "whiteout.h"

/* A directory of the upper tree that is being walked. */
struct level {
	size_t *lowers;		/* those that are merged below it, top first */
	size_t count;
	bool opaque;		/* nothing of them is seen any more */
	bool listed;		/* is in the output, and so are those above */
	size_t path_length;
};

struct comparison {
	struct inside *lowers;
	int *lower_fds;
	size_t lower_count;
	struct level *levels;
	size_t depth, capacity;
	struct change_list changes;
};

/* What the lower layers had under a name. */
struct former {
	bool exists;
	size_t lower;		/* the one that has it */
	struct stat status;
};

static int open_lowers(struct comparison *comparison, const struct string_list *paths, struct error *err);
static void allow_many_descriptors(void);
static int compare(struct comparison *comparison, const char *upper, struct error *err);
static int compare_item(struct comparison *comparison, struct walk *walk, const struct walk_item *item, struct error *err);
static int enter(struct comparison *comparison, struct walk *walk, const struct walk_item *item, bool merge, bool listed, struct error *err);
static int push_level(struct comparison *comparison, size_t path_length, struct error *err);
static void pop_level(struct comparison *comparison);
static int merge_level(struct comparison *comparison, const char *path, size_t name_at, struct error *err);
static int list_hidden(struct comparison *comparison, struct walk *walk, const char *path, struct error *err);
static int list_hidden_in(struct comparison *comparison, struct walk *walk, const char *path, size_t position, struct error *err);
static int find_former(struct comparison *comparison, const struct level *level, size_t until, const char *path, size_t name_at, struct former *former,
		       struct error *err);
static int lower_directory(struct comparison *comparison, size_t lower, const char *path, size_t length, int *fd, struct error *err);
static bool is_changed(struct comparison *comparison, const struct walk_item *item, size_t name_at, const struct stat *now, const struct former *former);
static bool has_same_capability(struct comparison *comparison, const struct walk_item *item, size_t name_at, size_t lower);
static void close_comparison(struct comparison *comparison);
static int list_change(struct comparison *comparison, char kind, const char *path, struct error *err);

int cmd_changes(int argc, char **argv, struct error *err)
{
	const char *upper = NULL;
	struct string_list lowers = {0};
	const struct option options[] = {
		{"upper", OPTION_STRING, &upper},
		{"lower", OPTION_LIST, &lowers},
		{NULL, OPTION_FLAG, NULL},
	};
	struct comparison comparison = {0};
	AUTO_JSON struct json json = {0};
	int result;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!upper)
		return error_set(err, ERROR_INVALID_PARAMETER, "changes: --upper is missing");
	allow_many_descriptors();
	result = open_lowers(&comparison, &lowers, err);
	if (!result)
		result = compare(&comparison, upper, err);
	if (!result)
		result = change_list_print(&comparison.changes, err);
	json_member_unsigned(&json, "entries", comparison.changes.count);
	close_comparison(&comparison);
	return result ? -1 : report_ok(report_fd(), &json, err);
}

static int open_lowers(struct comparison *comparison, const struct string_list *paths, struct error *err)
{
	comparison->lowers = calloc(paths->count + 1, sizeof(*comparison->lowers));
	comparison->lower_fds = malloc((paths->count + 1) * sizeof(*comparison->lower_fds));
	if (!comparison->lowers || !comparison->lower_fds)
		return error_system(err, "allocate", NULL);
	for (; comparison->lower_count < paths->count; comparison->lower_count++) {
		const size_t at = comparison->lower_count;
		const int fd = RETRY(open(paths->items[at], O_PATH | O_DIRECTORY | O_CLOEXEC));

		if (fd < 0)
			return error_system(err, "open", paths->items[at]);
		comparison->lower_fds[at] = fd;
		inside_init(&comparison->lowers[at], fd);
	}
	return 0;
}

/* Each lower tree keeps some directories open, and there may be 500 of them. */
static void allow_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int compare(struct comparison *comparison, const char *upper, struct error *err)
{
	const struct walk_item *item = NULL;
	struct walk walk;
	int fd, result;

	fd = RETRY(open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return error_system(err, "open", upper);
	result = walk_begin(&walk, fd, err);
	if (!result)
		result = push_level(comparison, 0, err);
	if (!result) {
		struct level *root = &comparison->levels[0];

		for (size_t i = 0; i < comparison->lower_count; i++)
			root->lowers[root->count++] = i;
		root->listed = true; /* docker never lists "/" */
	}
	while (result == 0 && (result = walk_next(&walk, &item, err)) == 0 && item) {
		if (item->event == WALK_LEFT)
			pop_level(comparison);
		else
			result = compare_item(comparison, &walk, item, err);
	}
	walk_end(&walk);
	return result;
}

static int compare_item(struct comparison *comparison, struct walk *walk, const struct walk_item *item, struct error *err)
{
	const struct level *level = &comparison->levels[comparison->depth - 1];
	const size_t name_at = strlen(item->path) - strlen(item->name);
	struct former former;
	struct stat now;
	bool changed, merge;

	if (fstatat(item->parent, item->name, &now, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_system(err, "stat", item->path);
	if (find_former(comparison, level, level->count, item->path, name_at, &former, err))
		return -1;
	if (whiteout_is(item->parent, item->name, &now))
		return former.exists ? list_change(comparison, 'D', item->path, err) : 0;
	changed = !former.exists || is_changed(comparison, item, name_at, &now, &former);
	if (changed && list_change(comparison, former.exists ? 'C' : 'A', item->path, err))
		return -1;
	if (!S_ISDIR(now.st_mode))
		return 0;
	merge = former.exists && S_ISDIR(former.status.st_mode);
	return enter(comparison, walk, item, merge, changed, err);
}

static int enter(struct comparison *comparison, struct walk *walk, const struct walk_item *item, bool merge, bool listed, struct error *err)
{
	const bool above_opaque = comparison->levels[comparison->depth - 1].opaque;
	const size_t name_at = strlen(item->path) - strlen(item->name);
	const int fd = walk_open_directory(item->parent, item->name, false);
	struct level *level;
	bool opaque;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_system(err, "open", item->path);
	opaque = above_opaque || whiteout_is_opaque(fd);
	if (walk_enter(walk, fd, err) || push_level(comparison, strlen(item->path), err))
		return -1;
	level = &comparison->levels[comparison->depth - 1];
	level->listed = listed;
	level->opaque = opaque;
	if (!merge)
		return 0;
	if (merge_level(comparison, item->path, name_at, err))
		return -1;
	return opaque ? list_hidden(comparison, walk, item->path, err) : 0;
}

static int push_level(struct comparison *comparison, size_t path_length, struct error *err)
{
	struct level *level;

	if (comparison->depth == comparison->capacity) {
		const size_t capacity = comparison->capacity ? 2 * comparison->capacity : 32;
		struct level *levels = realloc(comparison->levels, capacity * sizeof(*levels));

		if (!levels)
			return error_system(err, "allocate", NULL);
		comparison->levels = levels;
		comparison->capacity = capacity;
	}
	level = &comparison->levels[comparison->depth];
	*level = (struct level){.path_length = path_length};
	level->lowers = malloc((comparison->lower_count + 1) * sizeof(*level->lowers));
	if (!level->lowers)
		return error_system(err, "allocate", NULL);
	comparison->depth++;
	return 0;
}

static void pop_level(struct comparison *comparison)
{
	free(comparison->levels[--comparison->depth].lowers);
}

/* Which of the lower directories above have this one, as overlayfs looks: down to the first that hides the others. */
static int merge_level(struct comparison *comparison, const char *path, size_t name_at, struct error *err)
{
	struct level *level = &comparison->levels[comparison->depth - 1];
	const struct level *above = level - 1;

	for (size_t i = 0; i < above->count; i++) {
		const size_t lower = above->lowers[i];
		AUTO_CLOSE int fd = -1;
		struct stat status;
		int parent;

		if (lower_directory(comparison, lower, path, name_at ? name_at - 1 : 0, &parent, err))
			return -1;
		if (fstatat(parent, path + name_at, &status, AT_SYMLINK_NOFOLLOW)) {
			if (errno != ENOENT)
				return error_system(err, "stat", path);
			continue;
		}
		if (!S_ISDIR(status.st_mode))
			return 0;
		level->lowers[level->count++] = lower;
		fd = walk_open_directory(parent, path + name_at, false);
		if (fd < 0)
			return error_system(err, "open", path);
		if (whiteout_is_opaque(fd))
			return 0;
	}
	return 0;
}

/* An opaque directory: what the lower ones had and the upper one has not is deleted. */
static int list_hidden(struct comparison *comparison, struct walk *walk, const char *path, struct error *err)
{
	const size_t count = comparison->levels[comparison->depth - 1].count;

	for (size_t position = 0; position < count; position++)
		if (list_hidden_in(comparison, walk, path, position, err))
			return -1;
	return 0;
}

static int list_hidden_in(struct comparison *comparison, struct walk *walk, const char *path, size_t position, struct error *err)
{
	const struct level *level = &comparison->levels[comparison->depth - 1];
	const size_t length = strlen(path), lower = level->lowers[position];
	AUTO_FREE char *child = NULL;
	const struct walk_item *item = NULL;
	struct walk names;
	int parent, fd, result;

	if (lower_directory(comparison, lower, path, length, &parent, err))
		return -1;
	fd = walk_open_directory(parent, ".", false);
	if (fd < 0)
		return error_system(err, "open", path);
	child = malloc(length + 1 + 256);
	result = child ? walk_begin(&names, fd, err) : error_system(err, "allocate", NULL);
	if (!child) {
		close(fd);
		return -1;
	}
	while (result == 0 && (result = walk_next(&names, &item, err)) == 0 && item) {
		struct former above;
		struct stat status;

		stpcpy(stpcpy(stpcpy(child, path), "/"), item->name);
		if (walk_holds(walk, item->name) || fstatat(item->parent, item->name, &status, AT_SYMLINK_NOFOLLOW) ||
		    whiteout_is(item->parent, item->name, &status))
			continue;
		/* Only if it was seen, and once: no lower directory above this one has the name, not even as a whiteout. */
		result = find_former(comparison, level, position, child, length + 1, &above, err);
		if (result == 0 && above.lower == SIZE_MAX)
			result = list_change(comparison, 'D', child, err);
	}
	walk_end(&names);
	return result;
}

/* Looks into the first `until` lowers of a level. former->lower is SIZE_MAX when none has the name, whiteouts included. */
static int find_former(struct comparison *comparison, const struct level *level, size_t until, const char *path, size_t name_at, struct former *former,
		       struct error *err)
{
	former->exists = false;
	former->lower = SIZE_MAX;
	for (size_t i = 0; i < until; i++) {
		int parent;

		if (lower_directory(comparison, level->lowers[i], path, name_at ? name_at - 1 : 0, &parent, err))
			return -1;
		if (fstatat(parent, path + name_at, &former->status, AT_SYMLINK_NOFOLLOW) == 0) {
			former->lower = level->lowers[i];
			former->exists = !whiteout_is(parent, path + name_at, &former->status);
			return 0;
		}
		if (errno != ENOENT)
			return error_system(err, "stat", path);
	}
	return 0;
}

static int lower_directory(struct comparison *comparison, size_t lower, const char *path, size_t length, int *fd, struct error *err)
{
	const struct inside_slot *slot;

	if (inside_directory(&comparison->lowers[lower], path, length, false, &slot, err))
		return -1;
	*fd = slot->fd;
	return 0;
}

static bool is_changed(struct comparison *comparison, const struct walk_item *item, size_t name_at, const struct stat *now, const struct former *former)
{
	const struct stat *then = &former->status;

	if (now->st_mode != then->st_mode || now->st_uid != then->st_uid || now->st_gid != then->st_gid || now->st_rdev != then->st_rdev)
		return true;
	if (S_ISDIR(now->st_mode))
		return false;
	return now->st_size != then->st_size || now->st_mtim.tv_sec != then->st_mtim.tv_sec || now->st_mtim.tv_nsec != then->st_mtim.tv_nsec ||
	       (S_ISREG(now->st_mode) && !has_same_capability(comparison, item, name_at, former->lower));
}

static bool has_same_capability(struct comparison *comparison, const struct walk_item *item, size_t name_at, size_t lower)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	AUTO_CLOSE int now = RETRY(openat(item->parent, item->name, flags)), then = -1;
	char now_value[64], then_value[64];
	ssize_t now_size, then_size;
	struct error ignored;
	int parent;

	if (lower_directory(comparison, lower, item->path, name_at ? name_at - 1 : 0, &parent, &ignored))
		return true;
	then = RETRY(openat(parent, item->name, flags));
	if (now < 0 || then < 0)
		return true;
	now_size = fgetxattr(now, "security.capability", now_value, sizeof(now_value));
	then_size = fgetxattr(then, "security.capability", then_value, sizeof(then_value));
	return now_size == then_size && (now_size <= 0 || memcmp(now_value, then_value, (size_t)now_size) == 0);
}

/* The change, and before it the directories it is in. */
static int list_change(struct comparison *comparison, char kind, const char *path, struct error *err)
{
	for (size_t i = 0; i < comparison->depth; i++) {
		struct level *level = &comparison->levels[i];

		if (!level->listed && level->path_length && change_list_add(&comparison->changes, 'C', path, level->path_length, err))
			return -1;
		level->listed = true;
	}
	return change_list_add(&comparison->changes, kind, path, strlen(path), err);
}

static void close_comparison(struct comparison *comparison)
{
	change_list_free(&comparison->changes);
	while (comparison->depth)
		pop_level(comparison);
	free(comparison->levels);
	for (size_t i = 0; i < comparison->lower_count; i++) {
		inside_free(&comparison->lowers[i]);
		cleanup_fd(&comparison->lower_fds[i]);
	}
	free(comparison->lowers);
	free(comparison->lower_fds);
}
