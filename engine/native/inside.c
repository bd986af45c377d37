#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

#define OPEN_DIRECTORY ((uint64_t)(O_PATH | O_DIRECTORY))
#define OWN_PATH (K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS)

/* What is asked for, and from where it is known. */
struct way {
	const char *path;
	size_t length;
	bool make;
	int base;
	size_t base_length;	/* of what of the path leads to base, with its slash */
	const char *base_own;	/* own path of base when symlinks led there */
};

static struct inside_slot *find(struct inside *inside, const char *path, size_t length);
static const struct inside_slot *longest_prefix(const struct inside *inside, const char *path, size_t length);
static int open_below(int base, const char *path, size_t length);
static int open_stepwise(struct inside *inside, const struct way *way, char **own, int *result, struct error *err);
static int open_symlink(int root, const char *before, const char *path, size_t length, size_t name_at, char **own, struct error *err);
static int append_own(char **own, const char *name, size_t length, struct error *err);
static int make_one(struct inside *inside, int parent, const char *name, size_t length, struct error *err);
static struct inside_slot *keep(struct inside *inside, const char *path, size_t length, int fd, struct error *err);
static int failed(struct error *err, const char *path, size_t length);

void inside_init(struct inside *inside, int root)
{
	memset(inside, 0, sizeof(*inside));
	inside->root = root;
	for (size_t i = 0; i < INSIDE_SLOTS; i++)
		inside->slots[i].fd = -1;
}

void inside_free(struct inside *inside)
{
	for (size_t i = 0; i < INSIDE_SLOTS; i++) {
		cleanup_fd(&inside->slots[i].fd);
		free(inside->slots[i].path);
		free(inside->slots[i].own);
		inside->slots[i].path = inside->slots[i].own = NULL;
	}
}

int inside_directory(struct inside *inside, const char *path, size_t length, bool make, const struct inside_slot **found, struct error *err)
{
	struct inside_slot *slot = find(inside, path, length);
	const struct inside_slot *prefix;
	struct way way = {.path = path, .length = length, .make = make, .base = inside->root};
	AUTO_FREE char *own = NULL;
	AUTO_CLOSE int fd = -1;

	inside->clock++;
	if (slot) {
		slot->used = inside->clock;
		*found = slot;
		return 0;
	}
	prefix = longest_prefix(inside, path, length);
	if (prefix) {
		way.base = prefix->fd;
		way.base_length = prefix->length + 1;
		way.base_own = prefix->own;
	}
	if (length)
		fd = open_below(way.base, path + way.base_length, length - way.base_length);
	else
		fd = RETRY(openat(inside->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (fd >= 0 && way.base_own &&
	    asprintf(&own, "%s%s%.*s", way.base_own, *way.base_own ? "/" : "", (int)(length - way.base_length), path + way.base_length) < 0) {
		own = NULL;
		return error_system(err, "allocate", NULL);
	}
	if (fd < 0 && errno != ELOOP && !(make && (errno == ENOENT || errno == ENOTDIR)))
		return failed(err, path, length);
	if (fd < 0 && open_stepwise(inside, &way, &own, &fd, err))
		return -1;
	slot = keep(inside, path, length, fd, err);
	if (!slot)
		return -1;
	take_fd(&fd);
	slot->own = own;
	own = NULL;
	*found = slot;
	return 0;
}

void inside_forget(struct inside *inside, const char *path, size_t length)
{
	for (size_t i = 0; i < INSIDE_SLOTS; i++) {
		struct inside_slot *slot = &inside->slots[i];

		/* What was reached through a symlink may be it or below it, too; not so the directory in use, which holds what was removed. */
		if (slot->used && slot->used != inside->clock &&
		    (slot->own || (slot->length >= length && memcmp(slot->path, path, length) == 0 &&
					       (slot->length == length || slot->path[length] == '/')))) {
			cleanup_fd(&slot->fd);
			slot->used = 0;
		}
	}
}

int inside_clean_path(const char *unsafe_path, char *clean, size_t *length, struct error *err)
{
	const char *at = unsafe_path;
	char *out = clean;

	while (*at) {
		size_t part = strcspn(at, "/");

		if (part == 2 && at[0] == '.' && at[1] == '.')
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: the path %.512s has a \"..\" part", unsafe_path);
		if (part && !(part == 1 && at[0] == '.')) {
			if (out != clean)
				*out++ = '/';
			memcpy(out, at, part);
			out += part;
		}
		at += part;
		at += strspn(at, "/");
	}
	*out = '\0';
	*length = (size_t)(out - clean);
	return 0;
}

const char *inside_split(const char *path, size_t length, size_t *directory_length)
{
	const char *slash = memrchr(path, '/', length);

	*directory_length = slash ? (size_t)(slash - path) : 0;
	return slash ? slash + 1 : path;
}

static struct inside_slot *find(struct inside *inside, const char *path, size_t length)
{
	for (size_t i = 0; i < INSIDE_SLOTS; i++) {
		struct inside_slot *slot = &inside->slots[i];

		if (slot->used && slot->length == length && memcmp(slot->path, path, length) == 0)
			return slot;
	}
	return NULL;
}

static const struct inside_slot *longest_prefix(const struct inside *inside, const char *path, size_t length)
{
	const struct inside_slot *best = NULL;

	for (size_t i = 0; i < INSIDE_SLOTS; i++) {
		const struct inside_slot *slot = &inside->slots[i];

		if (slot->used && slot->length && slot->length < length && path[slot->length] == '/' &&
		    (!best || slot->length > best->length) && memcmp(slot->path, path, slot->length) == 0)
			best = slot;
	}
	return best;
}

/* Without symlinks; a path longer than PATH_MAX in pieces. */
static int open_below(int base, const char *path, size_t length)
{
	AUTO_CLOSE int current = -1;
	char piece[PATH_MAX];

	while (length) {
		size_t part = length;
		int next;

		if (part >= sizeof(piece)) {
			const char *slash = memrchr(path, '/', sizeof(piece) - 1);

			if (!slash) {
				errno = ENAMETOOLONG;
				return -1;
			}
			part = (size_t)(slash - path);
		}
		memcpy(piece, path, part);
		piece[part] = '\0';
		next = RETRY(kernel_openat2(current < 0 ? base : current, piece, OPEN_DIRECTORY, 0, OWN_PATH));
		cleanup_fd(&current);
		if (next < 0)
			return -1;
		current = next;
		path += part;
		length -= part;
		if (length) {
			path++;
			length--;
		}
	}
	return take_fd(&current);
}

/* Part by part from the directory known, through symlinks, making what is missing. */
static int open_stepwise(struct inside *inside, const struct way *way, char **own, int *result, struct error *err)
{
	AUTO_CLOSE int current = -1;
	size_t at = way->base_length;

	if (way->base_own) {
		*own = strdup(way->base_own);
		if (!*own)
			return error_system(err, "allocate", NULL);
	}
	while (at < way->length) {
		const char *name = way->path + at, *slash = memchr(name, '/', way->length - at);
		const size_t part = slash ? (size_t)(slash - name) : way->length - at;
		const int parent = current < 0 ? way->base : current;
		int next = open_below(parent, name, part);

		if (next < 0 && errno == ELOOP) {
			next = open_symlink(inside->root, *own, way->path, at + part, at, own, err);
			if (next < 0)
				return -1;
		} else {
			if (next < 0 && way->make && (errno == ENOENT || errno == ENOTDIR)) {
				if (make_one(inside, parent, name, part, err))
					return -1;
				next = open_below(parent, name, part);
			}
			if (next < 0)
				return failed(err, way->path, at + part);
			if (*own && append_own(own, name, part, err)) {
				close(next);
				return -1;
			}
		}
		cleanup_fd(&current);
		current = next;
		at += part + 1;
	}
	*result = take_fd(&current);
	return 0;
}

/* The directory that the symlink ending at `length` leads to, whose own path is given in *own. `before`: own path of its directory, NULL: as in `path`. */
static int open_symlink(int root, const char *before, const char *path, size_t length, size_t name_at, char **own, struct error *err)
{
	AUTO_FREE char *link = NULL;
	char *resolved;
	int fd;

	if ((before ? asprintf(&link, "%s/%.*s", before, (int)(length - name_at), path + name_at) : asprintf(&link, "%.*s", (int)length, path)) < 0) {
		link = NULL;
		return error_system(err, "allocate", NULL);
	}
	if (inside_resolve(root, link, true, &resolved, err))
		return -1;
	fd = *resolved ? open_below(root, resolved, strlen(resolved)) : RETRY(openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0) {
		failed(err, path, length);
		free(resolved);
		return -1;
	}
	free(*own);
	*own = resolved;
	return fd;
}

static int append_own(char **own, const char *name, size_t length, struct error *err)
{
	char *longer;

	if (asprintf(&longer, "%s%s%.*s", *own, **own ? "/" : "", (int)length, name) < 0)
		return error_system(err, "allocate", NULL);
	free(*own);
	*own = longer;
	return 0;
}

static int make_one(struct inside *inside, int parent, const char *name, size_t length, struct error *err)
{
	char copy[NAME_MAX + 1];

	if (length >= sizeof(copy)) {
		errno = ENAMETOOLONG;
		return failed(err, name, length);
	}
	memcpy(copy, name, length);
	copy[length] = '\0';
	if (inside->make_directory)
		return inside->make_directory(inside->context, parent, copy, err);
	if (mkdirat(parent, copy, 0755) && errno != EEXIST)
		return failed(err, name, length);
	return 0;
}

static struct inside_slot *keep(struct inside *inside, const char *path, size_t length, int fd, struct error *err)
{
	struct inside_slot *oldest = &inside->slots[0];

	for (size_t i = 1; i < INSIDE_SLOTS; i++)
		if (inside->slots[i].used < oldest->used)
			oldest = &inside->slots[i];
	if (oldest->capacity <= length) {
		char *grown = realloc(oldest->path, length + 128);

		if (!grown) {
			error_system(err, "allocate", NULL);
			return NULL;
		}
		oldest->path = grown;
		oldest->capacity = length + 128;
	}
	cleanup_fd(&oldest->fd);
	free(oldest->own);
	oldest->own = NULL;
	memcpy(oldest->path, path, length);
	oldest->path[length] = '\0';
	oldest->length = length;
	oldest->fd = fd;
	oldest->used = inside->clock;
	return oldest;
}

static int failed(struct error *err, const char *path, size_t length)
{
	const int number = errno, shown = length > 1000 ? 1000 : (int)length;
	char text[1024];

	memcpy(text, path, (size_t)shown);
	text[shown] = '\0';
	error_number(err, number, "open directory", text);
	if (number == ENOENT)
		err->kind = ERROR_NOT_FOUND;
	else if (number == ENOTDIR || number == ELOOP || number == ENAMETOOLONG)
		err->kind = ERROR_INVALID_PARAMETER;
	return -1;
}
