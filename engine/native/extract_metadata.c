#define _GNU_SOURCE
#include "extract_metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "whiteout.h"

static int set_owner(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, const struct stat *status,
		     bool *squashed, struct error *err);
static int remember_squashed(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err);
static int own_path(const struct inside_slot *directory, const char *path, const char *name, char **made, const char **own, struct error *err);
static int set_xattrs(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, struct error *err);

/* Owner, mode and xattrs. `fd` is -1 for what cannot be opened without harm. */
int extract_metadata(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, const struct stat *status,
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
			return extract_failed(err, "change the mode", extract);
	}
	return entry->xattr_count ? set_xattrs(extract, entry, place, fd, err) : 0;
}

/* Another name of a file that is on record. */
int extract_metadata_linked(struct extract *extract, const struct extract_place *place, const struct inside_slot *target_directory, const char *target_name,
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

int extract_times_later(struct extract *extract, const struct tar_entry *entry, const struct stat *status, struct error *err)
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
	    extract_grow(&extract->late_paths, &extract->late_paths_capacity, extract->late_paths_length + length, err))
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

int extract_late_times(struct extract *extract, struct error *err)
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

static int set_owner(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, const struct stat *status,
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
		return extract_failed(err, "change the owner", extract);
	if (!options->squash) {
		error_number(err, errno, "change the owner", extract->path);
		snprintf(err->message, sizeof(err->message), "%.512s belongs to %u:%u, an id that this user namespace does not have", extract->path,
			 (unsigned int)uid, (unsigned int)gid);
		return -1;
	}
	*squashed = true;
	return remember_squashed(extract, entry, place, err);
}

static int remember_squashed(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, struct error *err)
{
	const struct extract_options *options = &extract->options;
	AUTO_FREE char *made = NULL;
	const char *own;

	if (own_path(place->directory, extract->path, place->name, &made, &own, err))
		return -1;
	return squash_put(&extract->squashed, own, options->has_owner ? options->uid : (uint32_t)entry->uid,
			  options->has_owner ? options->gid : (uint32_t)entry->gid, entry->mode, err);
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
static int set_xattrs(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, struct error *err)
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
				return extract_failed(err, "enter the directory of", extract);
			result = lsetxattr(place->name, xattr->name, xattr->value, xattr->size, 0);
		}
		if (result == 0)
			continue;
		if (errno != ENOTSUP && errno != EPERM && errno != EINVAL && errno != ERANGE && errno != E2BIG && errno != EACCES)
			return extract_failed(err, "set an extended attribute", extract);
		extract->counts.dropped_xattrs++;
	}
	return 0;
}

int extract_grow(char **buffer, size_t *capacity, size_t needed, struct error *err)
{
	const size_t wanted = 2 * needed + 256;
	char *grown = realloc(*buffer, wanted);

	if (!grown)
		return error_system(err, "allocate", NULL);
	*buffer = grown;
	*capacity = wanted;
	return 0;
}

int extract_failed(struct error *err, const char *operation, const struct extract *extract)
{
	const int number = errno;

	error_number(err, number, operation, extract->path);
	if (number == ENAMETOOLONG || number == ELOOP || number == ENOTDIR)
		err->kind = ERROR_INVALID_PARAMETER;
	return -1;
}
