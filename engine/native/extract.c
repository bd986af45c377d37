#define _GNU_SOURCE
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "extract_metadata.h"
#include "tree.h"
#include "whiteout.h"

static int put_entry(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, struct error *err);
static int count_entry(struct extract *extract, const struct tar_entry *entry, struct error *err);
static int find_place(struct extract *extract, struct extract_place *place, struct error *err);
static int put_root(struct extract *extract, const struct tar_entry *entry, struct error *err);
static int put_whiteout(struct extract *extract, const struct extract_place *place, struct error *err);
static int put_file(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int put_directory(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int put_symlink(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int put_node(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int make_node(const struct tar_entry *entry, const struct extract_place *place);
static int finish_unopened(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int put_hardlink(struct extract *extract, const struct tar_entry *entry, struct extract_place *place, struct error *err);
static int make_way(struct extract *extract, const struct extract_place *place, bool for_directory, bool *merge, bool *was_whiteout, struct error *err);
static int make_missing_directory(void *context, int parent, const char *name, struct error *err);
static int set_path(const char *prefix, const char *unsafe_path, char **path, size_t *capacity, struct error *err);
static int bad_directory(struct error *err, const char *subject, const char *path);

void extract_init(struct extract *extract, int root, const struct extract_options *options)
{
	memset(extract, 0, sizeof(*extract));
	extract->root = root;
	extract->options = *options;
	inside_init(&extract->inside, root);
	extract->inside.make_directory = make_missing_directory;
	extract->inside.context = extract;
}

int extract_archive(struct extract *extract, struct tar_reader *reader, struct error *err)
{
	const struct tar_entry *entry;

	do {
		if (tar_next(reader, &entry, err) || (entry && put_entry(extract, reader, entry, err)))
			return -1;
	} while (entry);
	return extract_late_times(extract, err);
}

void extract_free(struct extract *extract)
{
	inside_free(&extract->inside);
	squash_free(&extract->squashed);
	free(extract->path);
	free(extract->target);
	free(extract->late);
	free(extract->late_paths);
}

static int put_entry(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, struct error *err)
{
	struct extract_place place;

	if (count_entry(extract, entry, err) ||
	    set_path(extract->options.prefix, entry->path, &extract->path, &extract->path_capacity, err))
		return -1;
	if (strlen(extract->path) == strlen(extract->options.prefix))
		return put_root(extract, entry, err);
	if (find_place(extract, &place, err))
		return -1;
	if (extract->options.layer && strncmp(place.name, WHITEOUT_PREFIX, sizeof(WHITEOUT_PREFIX) - 1) == 0)
		return put_whiteout(extract, &place, err);
	switch (entry->type) {
	case TAR_FILE:
		return put_file(extract, reader, entry, &place, err);
	case TAR_DIRECTORY:
		return put_directory(extract, entry, &place, err);
	case TAR_SYMLINK:
		return put_symlink(extract, entry, &place, err);
	case TAR_HARDLINK:
		return put_hardlink(extract, entry, &place, err);
	case TAR_CHARACTER:
	case TAR_BLOCK_DEVICE:
	case TAR_FIFO:
		return put_node(extract, entry, &place, err);
	}
	return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: unknown entry type");
}

static int count_entry(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	const struct extract_options *options = &extract->options;
	struct extract_counts *counts = &extract->counts;

	counts->entries++;
	if (options->max_entries && counts->entries > options->max_entries)
		return error_set(err, ERROR_INVALID_PARAMETER, "the archive has more than %llu entries", (unsigned long long)options->max_entries);
	if (__builtin_add_overflow(counts->size_bytes, entry->size, &counts->size_bytes) ||
	    (options->max_bytes && counts->size_bytes > options->max_bytes))
		return error_set(err, ERROR_INVALID_PARAMETER, "the archive holds more than %llu bytes (at %.512s)",
				 (unsigned long long)(options->max_bytes ? options->max_bytes : UINT64_MAX), entry->path);
	return 0;
}

static int find_place(struct extract *extract, struct extract_place *place, struct error *err)
{
	size_t directory_length;

	place->name = inside_split(extract->path, strlen(extract->path), &directory_length);
	if (inside_directory(&extract->inside, extract->path, directory_length, true, &place->directory, err))
		return bad_directory(err, "", extract->path);
	place->parent = place->directory->fd;
	return 0;
}

/* "./" itself: a layer's or a volume's root gets its metadata, the directory somebody copies into stays as it is (docker). */
static int put_root(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	const struct extract_place place = {.parent = extract->root, .name = "."};
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (entry->type != TAR_DIRECTORY)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: an entry that is no directory has the empty path");
	if (!extract->options.layer && !extract->options.whole)
		return 0;
	fd = RETRY(openat(extract->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0 || fstat(fd, &status))
		return extract_failed(err, "open", extract);
	if (extract_metadata(extract, entry, &place, fd, &status, err))
		return -1;
	return extract_times_later(extract, entry, &status, err);
}

static int put_whiteout(struct extract *extract, const struct extract_place *place, struct error *err)
{
	const bool userxattr = extract->options.userxattr;
	const char *hidden = place->name + sizeof(WHITEOUT_PREFIX) - 1;
	struct stat status;

	if (strcmp(place->name, WHITEOUT_OPAQUE) == 0)
		return whiteout_make_opaque(place->parent, NULL, userxattr, err);
	if (strncmp(place->name, WHITEOUT_META_PREFIX, sizeof(WHITEOUT_META_PREFIX) - 1) == 0)
		return 0; /* AUFS's own books */
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: whiteout %.512s names nothing", extract->path);
	if (fstatat(place->parent, hidden, &status, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return extract_failed(err, "stat", extract);
		return whiteout_make(place->parent, hidden, userxattr, err);
	}
	/* Only lower layers are meant (image-spec): what this layer itself has there stays, and a directory hides what is below. */
	return S_ISDIR(status.st_mode) ? whiteout_make_opaque(place->parent, hidden, userxattr, err) : 0;
}

static int put_file(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	AUTO_CLOSE int fd = RETRY(openat(place->parent, place->name, flags, (mode_t)entry->mode & 0777));
	struct stat status;

	if (fd < 0 && errno == EEXIST) {
		if (make_way(extract, place, false, NULL, NULL, err))
			return -1;
		fd = RETRY(openat(place->parent, place->name, flags, (mode_t)entry->mode & 0777));
	}
	if (fd < 0 || fstat(fd, &status))
		return extract_failed(err, "create", extract);
	if (tar_write_contents(reader, fd, err))
		return err->number ? error_prefix(err, "%.512s: ", extract->path) : -1;
	/* Writing drops file capabilities, chown drops those and setuid: hence this order. */
	if (extract_metadata(extract, entry, place, fd, &status, err))
		return -1;
	if (futimens(fd, times))
		return extract_failed(err, "set the times", extract);
	return 0;
}

static int put_directory(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	bool merge = false, was_whiteout = false;
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (mkdirat(place->parent, place->name, (mode_t)entry->mode & 0777)) {
		if (errno != EEXIST)
			return extract_failed(err, "create directory", extract);
		if (make_way(extract, place, true, &merge, &was_whiteout, err))
			return -1;
		if (!merge && mkdirat(place->parent, place->name, (mode_t)entry->mode & 0777))
			return extract_failed(err, "create directory", extract);
	}
	fd = RETRY(openat(place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0 || fstat(fd, &status))
		return extract_failed(err, "open directory", extract);
	if (was_whiteout && whiteout_make_opaque(place->parent, place->name, extract->options.userxattr, err))
		return -1;
	if (extract_metadata(extract, entry, place, fd, &status, err))
		return -1;
	return extract_times_later(extract, entry, &status, err);
}

static int put_symlink(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	if (!entry->link[0])
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: symlink %.512s points to nothing", extract->path);
	if (symlinkat(entry->link, place->parent, place->name)) {
		if (errno == EEXIST && make_way(extract, place, false, NULL, NULL, err))
			return -1;
		if (symlinkat(entry->link, place->parent, place->name))
			return extract_failed(err, "create symlink", extract);
	}
	return finish_unopened(extract, entry, place, err);
}

static int put_node(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	int result = make_node(entry, place);

	if (result && errno == EEXIST) {
		if (make_way(extract, place, false, NULL, NULL, err))
			return -1;
		result = make_node(entry, place);
	}
	if (result && (errno != EPERM || entry->type == TAR_FIFO))
		return extract_failed(err, "create node", extract);
	if (result) {
		/* No user namespace may make devices; docker's rootless engine leaves them out as well. */
		extract->counts.skipped_devices++;
		return 0;
	}
	return finish_unopened(extract, entry, place, err);
}

static int make_node(const struct tar_entry *entry, const struct extract_place *place)
{
	const mode_t kind = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;

	return mknodat(place->parent, place->name, kind | ((mode_t)entry->mode & 0777), makedev(entry->device_major, entry->device_minor));
}

/* Metadata and times of what cannot be opened without harm. */
static int finish_unopened(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	struct stat status;

	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW))
		return extract_failed(err, "stat", extract);
	if (extract_metadata(extract, entry, place, -1, &status, err))
		return -1;
	if (utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW))
		return extract_failed(err, "set the times", extract);
	return 0;
}

static int put_hardlink(struct extract *extract, const struct tar_entry *entry, struct extract_place *place, struct error *err)
{
	const struct inside_slot *directory;
	const char *name;
	size_t directory_length;
	struct stat target, existing;

	if (set_path(extract->options.prefix, entry->link, &extract->target, &extract->target_capacity, err))
		return -1;
	name = inside_split(extract->target, strlen(extract->target), &directory_length);
	if (!*name)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: hard link %.512s points to nothing", extract->path);
	for (int attempt = 0; attempt < 2; attempt++) {
		if (inside_directory(&extract->inside, extract->target, directory_length, false, &directory, err))
			return bad_directory(err, "hard link ", extract->path);
		if (linkat(directory->fd, name, place->parent, place->name, 0) == 0)
			return extract_metadata_linked(extract, place, directory, name, err);
		if (errno != EEXIST || attempt)
			break;
		if (fstatat(directory->fd, name, &target, AT_SYMLINK_NOFOLLOW))
			break;
		if (fstatat(place->parent, place->name, &existing, AT_SYMLINK_NOFOLLOW) == 0 && existing.st_dev == target.st_dev &&
		    existing.st_ino == target.st_ino)
			return 0; /* linked already */
		if (find_place(extract, place, err) || make_way(extract, place, false, NULL, NULL, err))
			return -1;
	}
	if (errno == ENOENT || errno == EPERM)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: hard link %.512s points to %.512s, which %s", extract->path,
				 extract->target, errno == ENOENT ? "is not there" : "can't be linked");
	return extract_failed(err, "create hard link", extract);
}

/*
 * Something has the name already: goes, unless both are directories (*merge). A whiteout that gives way to a directory leaves what is below
 * hidden (*was_whiteout).
 */
static int make_way(struct extract *extract, const struct extract_place *place, bool for_directory, bool *merge, bool *was_whiteout, struct error *err)
{
	struct stat status;

	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : extract_failed(err, "stat", extract);
	if (for_directory && S_ISDIR(status.st_mode)) {
		*merge = true;
		return 0;
	}
	if (extract->options.keep_kinds && (for_directory || S_ISDIR(status.st_mode)))
		return error_set(err, ERROR_INVALID_PARAMETER, "cannot overwrite %s \"%.512s\" with %s", for_directory ? "non-directory" : "directory",
				 extract->path, for_directory ? "a directory" : "a non-directory");
	if (for_directory && extract->options.layer)
		*was_whiteout = whiteout_is(place->parent, place->name, &status);
	if (tree_remove(place->parent, place->name, err))
		return -1;
	squash_take_back(&extract->squashed, extract->path);
	if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode))
		inside_forget(&extract->inside, extract->path, strlen(extract->path));
	return 0;
}

/* A parent the archive did not mention. In a layer it may replace a whiteout: the directory is new then. */
static int make_missing_directory(void *context, int parent, const char *name, struct error *err)
{
	struct extract *extract = context;
	bool was_whiteout = false;
	struct stat status;

	if (mkdirat(parent, name, 0755)) {
		if (errno != EEXIST)
			return extract_failed(err, "create directory", extract);
		if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
			return extract_failed(err, "stat", extract);
		if (S_ISDIR(status.st_mode))
			return 0;
		if (!extract->options.layer || !whiteout_is(parent, name, &status))
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: %.512s is inside of %s, which is no directory", extract->path, name);
		was_whiteout = true;
		if (unlinkat(parent, name, 0) || mkdirat(parent, name, 0755))
			return extract_failed(err, "create directory", extract);
	}
	return was_whiteout ? whiteout_make_opaque(parent, name, extract->options.userxattr, err) : 0;
}

static int set_path(const char *prefix, const char *unsafe_path, char **path, size_t *capacity, struct error *err)
{
	const size_t prefix_length = strlen(prefix), needed = prefix_length + strlen(unsafe_path) + 2;
	size_t length;
	char *at;

	if (needed > *capacity && extract_grow(path, capacity, needed, err))
		return -1;
	at = *path;
	if (prefix_length) {
		memcpy(at, prefix, prefix_length);
		at += prefix_length;
		*at++ = '/';
	}
	if (inside_clean_path(unsafe_path, at, &length, err))
		return -1;
	if (!length && prefix_length)
		(*path)[prefix_length] = '\0';
	return 0;
}

/* That a directory is not there is the archive's fault, not the caller's. */
static int bad_directory(struct error *err, const char *subject, const char *path)
{
	if (err->kind == ERROR_NOT_FOUND)
		err->kind = ERROR_INVALID_PARAMETER;
	return error_prefix(err, "%s%.512s: ", subject, path);
}
