#define _GNU_SOURCE
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"
#include "whiteout.h"

#define XATTR_VALUES_SIZE (256u * 1024)

static int add_item(struct archive *archive, struct walk *walk, const struct walk_item *item, struct error *err);
static int add_directory(struct archive *archive, struct walk *walk, const struct walk_item *item, const struct stat *status, struct error *err);
static int add_opaque_marker(struct archive *archive, const char *directory, struct error *err);
static bool is_left_empty(const struct archive *archive, const struct walk *walk, const struct walk_item *item, int fd);
static int add_open(struct archive *archive, int fd, const char *path, const struct stat *status, struct error *err);
static int add_other(struct archive *archive, int parent, const char *name, const char *path, const struct stat *status, struct error *err);
static int add_whiteout(struct archive *archive, const char *path, const char *name, struct error *err);
static int write_entry(struct archive *archive, const char *path, struct tar_entry *entry, struct error *err);
static void describe(struct tar_entry *entry, const struct stat *status);
static int read_xattrs(struct archive *archive, int fd, const char *path, struct tar_entry *entry, struct error *err);
static bool is_kept_xattr(const char *name);
static int add_xattr(struct archive *archive, struct tar_entry *entry, const struct tar_xattr *xattr, struct error *err);
static int set_name(struct archive *archive, const char *path, bool is_directory, struct error *err);

void archive_init(struct archive *archive, struct tar_writer *writer, const struct archive_options *options)
{
	memset(archive, 0, sizeof(*archive));
	archive->writer = writer;
	archive->options = options;
}

void archive_free(struct archive *archive)
{
	inode_table_free(&archive->linked);
	free(archive->name);
	free(archive->xattr_values);
	free(archive->xattrs);
}

int archive_tree(struct archive *archive, int root_fd, struct error *err)
{
	const struct walk_item *item = NULL;
	struct walk walk;
	int result = archive->options->layer && whiteout_is_opaque(root_fd) ? add_opaque_marker(archive, "", err) : 0;

	if (result) {
		close(root_fd);
		return -1;
	}
	result = walk_begin(&walk, root_fd, err);
	while (result == 0 && (result = walk_next(&walk, &item, err)) == 0 && item)
		if (item->event == WALK_ENTRY)
			result = add_item(archive, &walk, item, err);
	walk_end(&walk);
	return result;
}

int archive_name(struct archive *archive, int parent, const char *name, const char *path, const struct stat *status, struct error *err)
{
	const uint64_t flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (S_ISDIR(status->st_mode) ? O_DIRECTORY : 0);
	AUTO_CLOSE int fd = -1;
	struct stat opened;

	if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
		return add_other(archive, parent, name, path, status, err);
	fd = RETRY(kernel_openat2(parent, name, flags, 0, K_RESOLVE_NO_SYMLINKS | (archive->options->same_mount ? K_RESOLVE_NO_XDEV : 0)));
	if (fd < 0 && errno == EXDEV)
		return 0; /* a file mounted on a file */
	if (fd < 0 || fstat(fd, &opened))
		return errno == ENOENT ? 0 : error_system(err, "open", path);
	/* A running container may have put something else there. */
	if ((opened.st_mode & S_IFMT) != (status->st_mode & S_IFMT))
		return 0;
	return add_open(archive, fd, path, &opened, err);
}

static int add_item(struct archive *archive, struct walk *walk, const struct walk_item *item, struct error *err)
{
	struct stat status;

	if (fstatat(item->parent, item->name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_system(err, "stat", item->path);
	if (archive->options->layer && whiteout_is(item->parent, item->name, &status))
		return add_whiteout(archive, item->path, item->name, err);
	if (S_ISDIR(status.st_mode))
		return add_directory(archive, walk, item, &status, err);
	return archive_name(archive, item->parent, item->name, item->path, &status, err);
}

static int add_directory(struct archive *archive, struct walk *walk, const struct walk_item *item, const struct stat *status, struct error *err)
{
	const struct archive_options *options = archive->options;
	AUTO_CLOSE int fd = walk_open_directory(item->parent, item->name, options->same_mount);
	struct tar_entry entry;

	if (fd < 0 && errno == EXDEV) {
		/* The mount point itself belongs to this file system, its contents do not. */
		describe(&entry, status);
		return write_entry(archive, item->path, &entry, err);
	}
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_system(err, "open", item->path);
	if (add_open(archive, fd, item->path, status, err))
		return -1;
	if (options->layer && whiteout_is_opaque(fd) && add_opaque_marker(archive, item->path, err))
		return -1;
	if (is_left_empty(archive, walk, item, fd))
		return 0;
	return walk_enter(walk, take_fd(&fd), err);
}

static int add_opaque_marker(struct archive *archive, const char *directory, struct error *err)
{
	struct tar_entry marker = {.type = TAR_FILE, .mode = 0600};
	AUTO_FREE char *path = malloc(strlen(directory) + sizeof("/" WHITEOUT_OPAQUE));

	if (!path)
		return error_system(err, "allocate", NULL);
	stpcpy(stpcpy(stpcpy(path, directory), *directory ? "/" : ""), WHITEOUT_OPAQUE);
	return write_entry(archive, path, &marker, err);
}

/* Also when nobody said so: reading the kernel's own file systems gives nonsense, or never ends. */
static bool is_left_empty(const struct archive *archive, const struct walk *walk, const struct walk_item *item, int fd)
{
	static const unsigned long kernel_types[] = {
		0x9fa0 /* proc */, 0x62656572 /* sysfs */, 0x27e0eb /* cgroup */, 0x63677270 /* cgroup2 */, 0x1cd1 /* devpts */, 0x19800202 /* mqueue */,
	};
	struct statfs status;

	if (walk_depth(walk) == 1 && archive->options->without_contents)
		for (const char *const *name = archive->options->without_contents; *name; name++)
			if (strcmp(*name, item->name) == 0)
				return true;
	if (archive->options->same_mount || archive->options->layer || fstatfs(fd, &status))
		return false;
	for (size_t i = 0; i < sizeof(kernel_types) / sizeof(kernel_types[0]); i++)
		if ((unsigned long)status.f_type == kernel_types[i])
			return true;
	return false;
}

static int add_open(struct archive *archive, int fd, const char *path, const struct stat *status, struct error *err)
{
	struct tar_entry entry;

	describe(&entry, status);
	if (S_ISREG(status->st_mode) && status->st_nlink > 1) {
		const char *first;

		if (inode_table_put(&archive->linked, status->st_dev, status->st_ino, path, &first, err))
			return -1;
		if (first) {
			AUTO_FREE char *target = NULL;

			if (set_name(archive, first, false, err))
				return -1;
			target = strdup(archive->name);
			if (!target)
				return error_system(err, "allocate", NULL);
			entry.type = TAR_HARDLINK;
			entry.link = target;
			entry.size = 0;
			return write_entry(archive, path, &entry, err);
		}
	}
	if (read_xattrs(archive, fd, path, &entry, err) || write_entry(archive, path, &entry, err))
		return -1;
	if (entry.size && tar_write_file(archive->writer, fd, entry.size, err))
		return error_prefix(err, "%.512s: ", path);
	return 0;
}

static int add_other(struct archive *archive, int parent, const char *name, const char *path, const struct stat *status, struct error *err)
{
	struct tar_entry entry;

	if (S_ISSOCK(status->st_mode))
		return 0; /* tar has no word for them */
	describe(&entry, status);
	if (S_ISLNK(status->st_mode)) {
		ssize_t length = readlinkat(parent, name, archive->link, sizeof(archive->link) - 1);

		if (length < 0)
			return errno == ENOENT || errno == EINVAL ? 0 : error_system(err, "read symlink", path);
		archive->link[length] = '\0';
		entry.link = archive->link;
	} else if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode)) {
		entry.device_major = major(status->st_rdev);
		entry.device_minor = minor(status->st_rdev);
	}
	return write_entry(archive, path, &entry, err);
}

/* Without a time: the same changes give the same layer. */
static int add_whiteout(struct archive *archive, const char *path, const char *name, struct error *err)
{
	struct tar_entry entry = {.type = TAR_FILE, .mode = 0600};
	const size_t directory = strlen(path) - strlen(name);
	AUTO_FREE char *full = malloc(strlen(path) + sizeof(WHITEOUT_PREFIX));

	if (!full)
		return error_system(err, "allocate", NULL);
	memcpy(full, path, directory);
	stpcpy(stpcpy(full + directory, WHITEOUT_PREFIX), name);
	return write_entry(archive, full, &entry, err);
}

static int write_entry(struct archive *archive, const char *path, struct tar_entry *entry, struct error *err)
{
	if (archive->options->restore_owner)
		archive->options->restore_owner(archive->options->context, path, entry);
	if (set_name(archive, path, entry->type == TAR_DIRECTORY, err))
		return -1;
	entry->path = archive->name;
	archive->counts.entries++;
	archive->counts.size_bytes += entry->size;
	return tar_write_entry(archive->writer, entry, err);
}

static void describe(struct tar_entry *entry, const struct stat *status)
{
	memset(entry, 0, sizeof(*entry));
	entry->type = S_ISDIR(status->st_mode) ? TAR_DIRECTORY : S_ISLNK(status->st_mode) ? TAR_SYMLINK : S_ISFIFO(status->st_mode) ? TAR_FIFO :
		      S_ISCHR(status->st_mode) ? TAR_CHARACTER : S_ISBLK(status->st_mode) ? TAR_BLOCK_DEVICE : TAR_FILE;
	entry->mode = status->st_mode & 07777;
	entry->uid = status->st_uid;
	entry->gid = status->st_gid;
	entry->size = S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
	entry->mtime = status->st_mtim;
}

/* File capabilities and what users attached: docker keeps the first, buildkit and podman both. */
static int read_xattrs(struct archive *archive, int fd, const char *path, struct tar_entry *entry, struct error *err)
{
	ssize_t names_size = flistxattr(fd, archive->xattr_names, sizeof(archive->xattr_names));
	size_t used = 0;

	if (names_size <= 0)
		return names_size == 0 || errno == ENOTSUP || errno == EPERM ? 0 : error_system(err, "list extended attributes", path);
	for (const char *name = archive->xattr_names; name < archive->xattr_names + names_size; name += strlen(name) + 1) {
		ssize_t size;

		/* Only made with options that we never mount with: such a file or directory is not whole without the lower ones. */
		if (archive->options->layer && (strstr(name, ".overlay.redirect") || strstr(name, ".overlay.metacopy")))
			return error_set(err, ERROR_NOT_IMPLEMENTED, "%.512s refers to lower layers (%s)", path, name);
		if (!is_kept_xattr(name))
			continue;
		if (!archive->xattr_values) {
			archive->xattr_values = malloc(XATTR_VALUES_SIZE);
			if (!archive->xattr_values)
				return error_system(err, "allocate", NULL);
		}
		size = fgetxattr(fd, name, archive->xattr_values + used, XATTR_VALUES_SIZE - used);
		if (size < 0 && (errno == ENODATA || errno == ENOTSUP || errno == EPERM))
			continue;
		if (size < 0)
			return error_system(err, "read an extended attribute", path);
		if (add_xattr(archive, entry, &(struct tar_xattr){name, archive->xattr_values + used, (size_t)size}, err))
			return -1;
		used += (size_t)size;
	}
	return 0;
}

static bool is_kept_xattr(const char *name)
{
	return !whiteout_is_overlay_xattr(name) && (strcmp(name, "security.capability") == 0 || strncmp(name, "user.", 5) == 0);
}

/* Sorted: file systems give them in any order. */
static int add_xattr(struct archive *archive, struct tar_entry *entry, const struct tar_xattr *xattr, struct error *err)
{
	size_t at = entry->xattr_count;

	if (entry->xattr_count == archive->xattr_capacity) {
		const size_t capacity = 2 * archive->xattr_capacity + 4;
		struct tar_xattr *xattrs = realloc(archive->xattrs, capacity * sizeof(*xattrs));

		if (!xattrs)
			return error_system(err, "allocate", NULL);
		archive->xattrs = xattrs;
		archive->xattr_capacity = capacity;
	}
	for (; at && strcmp(archive->xattrs[at - 1].name, xattr->name) > 0; at--)
		archive->xattrs[at] = archive->xattrs[at - 1];
	archive->xattrs[at] = *xattr;
	entry->xattrs = archive->xattrs;
	entry->xattr_count++;
	return 0;
}

static int set_name(struct archive *archive, const char *path, bool is_directory, struct error *err)
{
	const char *prefix = archive->options->prefix;
	const size_t needed = (prefix ? strlen(prefix) : 0) + strlen(path) + 3;
	char *at;

	if (needed > archive->name_capacity) {
		char *name = realloc(archive->name, 2 * needed);

		if (!name)
			return error_system(err, "allocate", NULL);
		archive->name = name;
		archive->name_capacity = 2 * needed;
	}
	at = archive->name;
	if (prefix) {
		at = stpcpy(at, prefix);
		if (*path)
			*at++ = '/';
	}
	at = stpcpy(at, path);
	if (is_directory && (at == archive->name || at[-1] != '/'))
		stpcpy(at, "/");
	return 0;
}
