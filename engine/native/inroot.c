#define _GNU_SOURCE
#include "inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

#define SYMLINKS_MAX 40

/* `done` has no symlinks and no dots; `rest` is still to be walked. Both relative to the root. */
struct walk {
	int root_fd;
	const char *path; /* for messages */
	const struct inroot_make *how;
	char done[PATH_MAX], rest[PATH_MAX];
	int links;
};

static int step(struct walk *walk, int *fd, struct error *err);
static bool next_part(struct walk *walk, char *part);
static void drop_part(struct walk *walk);
static int open_part(struct walk *walk, const char *part, bool last, int *fd, struct error *err);
static int create(struct walk *walk, int parent, const char *part, bool last, struct error *err);
static int expand_link(struct walk *walk, int link_fd, struct error *err);
static int add_part(struct walk *walk, const char *part, struct error *err);
static int reopen(const struct walk *walk, int *fd, struct error *err);

int inroot_open(int root_fd, const char *path, int flags)
{
	return RETRY(kernel_openat2(root_fd, path, (uint64_t)flags, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS));
}

int inroot_open_plain(int root_fd, const char *path, int flags)
{
	return RETRY(kernel_openat2(root_fd, path, (uint64_t)flags, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS | K_RESOLVE_NO_SYMLINKS));
}

int inroot_make(int root_fd, const char *path, const struct inroot_make *how, int *fd, struct error *err)
{
	struct walk walk = {.root_fd = root_fd, .path = path, .how = how};
	int found AUTO_CLOSE = -1;

	if (strlen(path) >= sizeof(walk.rest))
		return error_number(err, ENAMETOOLONG, "resolve", path);
	/* Mostly it is there and nothing in it is a symlink. */
	*fd = inroot_open_plain(root_fd, path, O_PATH);
	if (*fd >= 0)
		return 0;
	strcpy(walk.rest, path);
	if (reopen(&walk, &found, err))
		return -1;
	for (;;) {
		int more = step(&walk, &found, err);

		if (more < 0)
			return -1;
		if (!more)
			break;
	}
	*fd = take_fd(&found);
	return 0;
}

int inroot_make_parent(int root_fd, const char *path, int *fd, const char **name, struct error *err)
{
	const struct inroot_make how = {.mode = 0755};
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1] || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0 || (size_t)(slash - path) >= sizeof(parent))
		return error_set(err, ERROR_INVALID_PARAMETER, "%s names no file", path);
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	*name = slash + 1;
	return inroot_make(root_fd, parent, &how, fd, err);
}

/* One part further: 1 when there was one, 0 at the end. *fd is what `done` names. */
static int step(struct walk *walk, int *fd, struct error *err)
{
	char part[NAME_MAX + 1];
	int next AUTO_CLOSE = -1;
	struct stat stat;
	bool last;

	if (!next_part(walk, part)) {
		if (part[0])
			return error_number(err, ENAMETOOLONG, "resolve", walk->path);
		return 0;
	}
	if (strcmp(part, ".") == 0)
		return 1;
	if (strcmp(part, "..") == 0) {
		drop_part(walk);
		return reopen(walk, fd, err) ? -1 : 1;
	}
	last = walk->rest[strspn(walk->rest, "/")] == 0;
	if (open_part(walk, part, last, &next, err))
		return -1;
	if (fstat(next, &stat))
		return error_system(err, "stat", walk->path);
	if (S_ISLNK(stat.st_mode))
		return expand_link(walk, next, err) || reopen(walk, fd, err) ? -1 : 1;
	if (!last && !S_ISDIR(stat.st_mode))
		return error_number(err, ENOTDIR, "resolve", walk->path);
	if (add_part(walk, part, err))
		return -1;
	cleanup_fd(fd);
	*fd = take_fd(&next);
	return 1;
}

/* Takes the first part off `rest`. False at the end; then part is "" or, when it is too long, not. */
static bool next_part(struct walk *walk, char *part)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");

	if (length > NAME_MAX) {
		strcpy(part, "?");
		return false;
	}
	memcpy(part, start, length);
	part[length] = 0;
	memmove(walk->rest, start + length, strlen(start + length) + 1);
	return length > 0;
}

static void drop_part(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = 0;
	else
		walk->done[0] = 0;
}

static int open_part(struct walk *walk, const char *part, bool last, int *fd, struct error *err)
{
	int parent AUTO_CLOSE = -1;

	if (reopen(walk, &parent, err))
		return -1;
	for (int attempt = 0; attempt < 2; attempt++) {
		*fd = RETRY(kernel_openat2(parent, part, O_PATH | O_NOFOLLOW, 0, K_RESOLVE_IN_ROOT | K_RESOLVE_NO_MAGICLINKS));
		if (*fd >= 0)
			return 0;
		if (errno != ENOENT || walk->how->must_exist || attempt)
			break;
		if (create(walk, parent, part, last, err))
			return -1;
	}
	return error_system(err, "resolve", walk->path);
}

static int create(struct walk *walk, int parent, const char *part, bool last, struct error *err)
{
	mode_t mode = last ? walk->how->mode : 0755;
	int file AUTO_CLOSE = -1;

	if (last && walk->how->file) {
		file = RETRY(openat(parent, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
		if (file < 0 && errno != EEXIST)
			return error_system(err, "create mount point", walk->path);
	} else if (mkdirat(parent, part, mode) && errno != EEXIST) {
		return error_system(err, "create directory", walk->path);
	}
	return 0;
}

/* The link's text takes the place of its name at the front of `rest`. */
static int expand_link(struct walk *walk, int link_fd, struct error *err)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlinkat(link_fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return error_system(err, "read symlink", walk->path);
	target[length] = 0;
	if (walk->how->no_symlinks)
		return error_set(err, ERROR_FORBIDDEN, "%s: the image has a symlink to %s there, and only a real path will do", walk->path, target);
	if (++walk->links > SYMLINKS_MAX)
		return error_number(err, ELOOP, "resolve", walk->path);
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest) >= sizeof(joined))
		return error_number(err, ENAMETOOLONG, "resolve", walk->path);
	strcpy(walk->rest, joined);
	if (target[0] == '/')
		walk->done[0] = 0;
	return 0;
}

static int add_part(struct walk *walk, const char *part, struct error *err)
{
	size_t used = strlen(walk->done);

	if (used + strlen(part) + 2 > sizeof(walk->done))
		return error_number(err, ENAMETOOLONG, "resolve", walk->path);
	snprintf(walk->done + used, sizeof(walk->done) - used, "%s%s", used ? "/" : "", part);
	return 0;
}

/* From the root each time, and with no symlink allowed any more: what was swapped behind our back (a volume shared with a running container) is refused. */
static int reopen(const struct walk *walk, int *fd, struct error *err)
{
	cleanup_fd(fd);
	*fd = inroot_open_plain(walk->root_fd, walk->done[0] ? walk->done : ".", O_PATH);
	return *fd < 0 ? error_system(err, "resolve", walk->path) : 0;
}
