#define _GNU_SOURCE
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "tree.h"
#include "whiteout.h"

/* Where an entry goes. */
struct place {
	const struct inside_slot *directory;
	int parent;
	const char *name;
};

static int put_entry(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, struct error *err);
static int count_entry(struct extract *extract, const struct tar_entry *entry, struct error *err);
static int find_place(struct extract *extract, struct place *place, struct error *err);
static int put_root(struct extract *extract, const struct tar_entry *entry, struct error *err);
static int put_whiteout(struct extract *extract, const struct place *place, struct error *err);
static int put_file(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, const struct place *place, struct error *err);
static int put_directory(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err);
static int put_symlink(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err);
static int put_node(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err);
static int put_hardlink(struct extract *extract, const struct tar_entry *entry, struct place *place, struct error *err);
static int make_way(struct extract *extract, const struct place *place, bool for_directory, bool *merge, bool *was_whiteout, struct error *err);
static int make_missing_directory(void *context, int parent, const char *name, struct error *err);
static int set_metadata(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, const struct stat *status,
			struct error *err);
static int set_owner(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, const struct stat *status,
		     bool *squashed, struct error *err);
static int remember_squashed(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err);
static int remember_linked(struct extract *extract, const struct place *place, const struct inside_slot *target_directory, const char *target_name,
			   struct error *err);
static int own_path(const struct inside_slot *directory, const char *path, const char *name, char **made, const char **own, struct error *err);
static int set_xattrs(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, struct error *err);
static int remember_late(struct extract *extract, const struct tar_entry *entry, const struct stat *status, struct error *err);
static int set_late_times(struct extract *extract, struct error *err);
static int set_path(const char *prefix, const char *unsafe_path, char **path, size_t *capacity, struct error *err);
static int grow(char **buffer, size_t *capacity, size_t needed, struct error *err);
static int bad_directory(struct error *err, const char *subject, const char *path);
static int failed(struct error *err, const char *operation, const struct extract *extract);

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
	return set_late_times(extract, err);
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
	struct place place;

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

static int find_place(struct extract *extract, struct place *place, struct error *err)
{
	size_t directory_length;

	place->name = inside_split(extract->path, strlen(extract->path), &directory_length);
	if (inside_directory(&extract->inside, extract->path, directory_length, true, &place->directory, err))
		return bad_directory(err, "", extract->path);
	place->parent = place->directory->fd;
	return 0;
}

/* "./" itself: a layer's root gets its metadata, the directory somebody copies into stays as it is (docker). */
static int put_root(struct extract *extract, const struct tar_entry *entry, struct error *err)
{
	const struct place place = {.parent = extract->root, .name = "."};
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (entry->type != TAR_DIRECTORY)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: an entry that is no directory has the empty path");
	if (!extract->options.layer)
		return 0;
	fd = RETRY(openat(extract->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0 || fstat(fd, &status))
		return failed(err, "open", extract);
	if (set_metadata(extract, entry, &place, fd, &status, err))
		return -1;
	return remember_late(extract, entry, &status, err);
}

static int put_whiteout(struct extract *extract, const struct place *place, struct error *err)
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
			return failed(err, "stat", extract);
		return whiteout_make(place->parent, hidden, userxattr, err);
	}
	/* Only lower layers are meant (image-spec): what this layer itself has there stays, and a directory hides what is below. */
	return S_ISDIR(status.st_mode) ? whiteout_make_opaque(place->parent, hidden, userxattr, err) : 0;
}

static int put_file(struct extract *extract, struct tar_reader *reader, const struct tar_entry *entry, const struct place *place, struct error *err)
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
		return failed(err, "create", extract);
	if (tar_write_contents(reader, fd, err))
		return err->number ? error_prefix(err, "%.512s: ", extract->path) : -1;
	/* Writing drops file capabilities, chown drops those and setuid: hence this order. */
	if (set_metadata(extract, entry, place, fd, &status, err))
		return -1;
	if (futimens(fd, times))
		return failed(err, "set the times", extract);
	return 0;
}

static int put_directory(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err)
{
	bool merge = false, was_whiteout = false;
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (mkdirat(place->parent, place->name, (mode_t)entry->mode & 0777)) {
		if (errno != EEXIST)
			return failed(err, "create directory", extract);
		if (make_way(extract, place, true, &merge, &was_whiteout, err))
			return -1;
		if (!merge && mkdirat(place->parent, place->name, (mode_t)entry->mode & 0777))
			return failed(err, "create directory", extract);
	}
	fd = RETRY(openat(place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0 || fstat(fd, &status))
		return failed(err, "open directory", extract);
	if (was_whiteout && whiteout_make_opaque(place->parent, place->name, extract->options.userxattr, err))
		return -1;
	if (set_metadata(extract, entry, place, fd, &status, err))
		return -1;
	return remember_late(extract, entry, &status, err);
}

static int put_symlink(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err)
{
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	struct stat status;

	if (!entry->link[0])
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: symlink %.512s points to nothing", extract->path);
	if (symlinkat(entry->link, place->parent, place->name)) {
		if (errno == EEXIST && make_way(extract, place, false, NULL, NULL, err))
			return -1;
		if (symlinkat(entry->link, place->parent, place->name))
			return failed(err, "create symlink", extract);
	}
	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW))
		return failed(err, "stat", extract);
	if (set_metadata(extract, entry, place, -1, &status, err))
		return -1;
	if (utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW))
		return failed(err, "set the times", extract);
	return 0;
}

static int put_node(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err)
{
	const struct timespec times[2] = {entry->mtime, entry->mtime};
	const mode_t kind = entry->type == TAR_FIFO ? S_IFIFO : entry->type == TAR_CHARACTER ? S_IFCHR : S_IFBLK;
	const dev_t device = makedev(entry->device_major, entry->device_minor);
	struct stat status;

	if (mknodat(place->parent, place->name, kind | ((mode_t)entry->mode & 0777), device)) {
		if (errno == EEXIST) {
			if (make_way(extract, place, false, NULL, NULL, err))
				return -1;
			if (mknodat(place->parent, place->name, kind | ((mode_t)entry->mode & 0777), device) == 0)
				goto made;
		}
		/* No user namespace may make devices; docker's rootless engine leaves them out as well. */
		if (errno != EPERM || kind == S_IFIFO)
			return failed(err, "create node", extract);
		extract->counts.skipped_devices++;
		return 0;
	}
made:
	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW))
		return failed(err, "stat", extract);
	if (set_metadata(extract, entry, place, -1, &status, err))
		return -1;
	if (utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW))
		return failed(err, "set the times", extract);
	return 0;
}

static int put_hardlink(struct extract *extract, const struct tar_entry *entry, struct place *place, struct error *err)
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
			return remember_linked(extract, place, directory, name, err);
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
	return failed(err, "create hard link", extract);
}

/*
 * Something has the name already: goes, unless both are directories (*merge). A whiteout that gives way to a directory leaves what is below
 * hidden (*was_whiteout).
 */
static int make_way(struct extract *extract, const struct place *place, bool for_directory, bool *merge, bool *was_whiteout, struct error *err)
{
	struct stat status;

	if (fstatat(place->parent, place->name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : failed(err, "stat", extract);
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
			return failed(err, "create directory", extract);
		if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
			return failed(err, "stat", extract);
		if (S_ISDIR(status.st_mode))
			return 0;
		if (!extract->options.layer || !whiteout_is(parent, name, &status))
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: %.512s is inside of %s, which is no directory", extract->path, name);
		was_whiteout = true;
		if (unlinkat(parent, name, 0) || mkdirat(parent, name, 0755))
			return failed(err, "create directory", extract);
	}
	return was_whiteout ? whiteout_make_opaque(parent, name, extract->options.userxattr, err) : 0;
}

/* Owner, mode and xattrs. `fd` is -1 for what cannot be opened without harm. */
static int set_metadata(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, const struct stat *status,
			struct error *err)
{
	bool squashed = false;
	const mode_t now = status->st_mode & 07777;
	mode_t mode = (mode_t)entry->mode;

	if (set_owner(extract, entry, place, fd, status, &squashed, err))
		return -1;
	if (squashed)
		mode &= 01777; /* setuid and setgid were meant for another id; the sidecar has them */
	if (entry->type != TAR_SYMLINK && now != mode) {
		/* mknod and O_PATH have no fchmod; nobody else can have put a symlink there, and if so fchmodat fails on it. */
		if (fd >= 0 ? fchmod(fd, mode) : fchmodat(place->parent, place->name, mode, 0))
			return failed(err, "change the mode", extract);
	}
	return entry->xattr_count ? set_xattrs(extract, entry, place, fd, err) : 0;
}

static int set_owner(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, const struct stat *status,
		     bool *squashed, struct error *err)
{
	const struct extract_options *options = &extract->options;
	const uid_t uid = options->has_owner ? options->uid : (uid_t)entry->uid;
	const gid_t gid = options->has_owner ? options->gid : (gid_t)entry->gid;

	if (status->st_uid == uid && status->st_gid == gid) {
		squash_take_back(&extract->squashed, extract->path);
		return 0;
	}
	if ((fd >= 0 ? fchown(fd, uid, gid) : fchownat(place->parent, place->name, uid, gid, AT_SYMLINK_NOFOLLOW)) == 0) {
		squash_take_back(&extract->squashed, extract->path);
		return 0;
	}
	if (errno != EINVAL && errno != EPERM)
		return failed(err, "change the owner", extract);
	if (!options->squash) {
		error_number(err, errno, "change the owner", extract->path);
		snprintf(err->message, sizeof(err->message), "%.512s belongs to %u:%u, an id that this user namespace does not have", extract->path,
			 (unsigned int)uid, (unsigned int)gid);
		return -1;
	}
	*squashed = true;
	return remember_squashed(extract, entry, place, err);
}

static int remember_squashed(struct extract *extract, const struct tar_entry *entry, const struct place *place, struct error *err)
{
	const struct extract_options *options = &extract->options;
	AUTO_FREE char *made = NULL;
	const char *own;

	if (own_path(place->directory, extract->path, place->name, &made, &own, err))
		return -1;
	return squash_put(&extract->squashed, own, options->has_owner ? options->uid : (uint32_t)entry->uid,
			  options->has_owner ? options->gid : (uint32_t)entry->gid, entry->mode, err);
}

/* Another name of a file that is on record. */
static int remember_linked(struct extract *extract, const struct place *place, const struct inside_slot *target_directory, const char *target_name,
			   struct error *err)
{
	AUTO_FREE char *made = NULL, *made_target = NULL;
	const struct squash_record *record;
	const char *own, *target;

	if (!extract->squashed.count)
		return 0;
	if (own_path(target_directory, extract->target, target_name, &made_target, &target, err) ||
	    own_path(place->directory, extract->path, place->name, &made, &own, err))
		return -1;
	record = squash_find(&extract->squashed, target);
	return record ? squash_put(&extract->squashed, own, record->uid, record->gid, record->mode, err) : 0;
}

/* The name's path without symlinks on the way: `path`, or one made in *made, which the caller frees. */
static int own_path(const struct inside_slot *directory, const char *path, const char *name, char **made, const char **own, struct error *err)
{
	*own = path;
	if (!directory || !directory->own)
		return 0;
	if (asprintf(made, "%s%s%s", directory->own, *directory->own ? "/" : "", name) < 0) {
		*made = NULL;
		return error_system(err, "allocate", NULL);
	}
	*own = *made;
	return 0;
}

/* What the file system does not take is left out and counted; overlay's own books are nobody's to write. */
static int set_xattrs(struct extract *extract, const struct tar_entry *entry, const struct place *place, int fd, struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		int result;

		if (whiteout_is_overlay_xattr(xattr->name)) {
			extract->counts.dropped_xattrs++;
			continue;
		}
		if (fd >= 0) {
			result = fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0);
		} else {
			/* No system call sets them by descriptor and name on all our kernels: go there. */
			if (fchdir(place->parent))
				return failed(err, "enter the directory of", extract);
			result = lsetxattr(place->name, xattr->name, xattr->value, xattr->size, 0);
		}
		if (result == 0)
			continue;
		if (errno != ENOTSUP && errno != EPERM && errno != EINVAL && errno != ERANGE && errno != E2BIG && errno != EACCES)
			return failed(err, "set an extended attribute", extract);
		extract->counts.dropped_xattrs++;
	}
	return 0;
}

static int remember_late(struct extract *extract, const struct tar_entry *entry, const struct stat *status, struct error *err)
{
	const size_t length = strlen(extract->path) + 1;

	if (extract->late_count == extract->late_capacity) {
		size_t capacity = extract->late_capacity ? 2 * extract->late_capacity : 256;
		struct late_directory *late = realloc(extract->late, capacity * sizeof(*late));

		if (!late)
			return error_system(err, "allocate", NULL);
		extract->late = late;
		extract->late_capacity = capacity;
	}
	if (extract->late_paths_capacity - extract->late_paths_length < length &&
	    grow(&extract->late_paths, &extract->late_paths_capacity, extract->late_paths_length + length, err))
		return -1;
	memcpy(extract->late_paths + extract->late_paths_length, extract->path, length);
	extract->late[extract->late_count++] = (struct late_directory){
		.path = extract->late_paths_length,
		.path_length = length - 1,
		.mtime = entry->mtime,
		.device = status->st_dev,
		.inode = status->st_ino,
	};
	extract->late_paths_length += length;
	return 0;
}

static int set_late_times(struct extract *extract, struct error *err)
{
	for (size_t i = 0; i < extract->late_count; i++) {
		const struct late_directory *late = &extract->late[i];
		const char *path = extract->late_paths + late->path;
		const struct timespec times[2] = {late->mtime, late->mtime};
		const struct inside_slot *directory;
		struct error ignored;
		struct stat status;
		size_t directory_length;
		const char *name = inside_split(path, late->path_length, &directory_length);

		/* A later entry may have replaced it. */
		if (inside_directory(&extract->inside, path, directory_length, false, &directory, &ignored) ||
		    fstatat(directory->fd, *name ? name : ".", &status, AT_SYMLINK_NOFOLLOW) || status.st_dev != late->device ||
		    status.st_ino != late->inode)
			continue;
		if (utimensat(directory->fd, *name ? name : ".", times, AT_SYMLINK_NOFOLLOW) && errno != ENOENT)
			return error_system(err, "set the times", path);
	}
	return 0;
}

static int set_path(const char *prefix, const char *unsafe_path, char **path, size_t *capacity, struct error *err)
{
	const size_t prefix_length = strlen(prefix), needed = prefix_length + strlen(unsafe_path) + 2;
	size_t length;
	char *at;

	if (needed > *capacity && grow(path, capacity, needed, err))
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

static int grow(char **buffer, size_t *capacity, size_t needed, struct error *err)
{
	const size_t wanted = 2 * needed + 256;
	char *grown = realloc(*buffer, wanted);

	if (!grown)
		return error_system(err, "allocate", NULL);
	*buffer = grown;
	*capacity = wanted;
	return 0;
}

/* That a directory is not there is the archive's fault, not the caller's. */
static int bad_directory(struct error *err, const char *subject, const char *path)
{
	if (err->kind == ERROR_NOT_FOUND)
		err->kind = ERROR_INVALID_PARAMETER;
	return error_prefix(err, "%s%.512s: ", subject, path);
}

static int failed(struct error *err, const char *operation, const struct extract *extract)
{
	const int number = errno;

	error_number(err, number, operation, extract->path);
	if (number == ENAMETOOLONG || number == ELOOP || number == ENOTDIR)
		err->kind = ERROR_INVALID_PARAMETER;
	return -1;
}
