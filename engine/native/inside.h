/*
 * Directories inside a root, found by openat2 so that neither "..", nor a symlink, nor an absolute one leads out of it: symlinks are
 * resolved as a process chrooted there would. The descriptors of the last directories are kept, so that a name costs one system call.
 */
#ifndef TUG_INSIDE_H
#define TUG_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define INSIDE_SLOTS 16

struct inside_slot {
	char *path;
	size_t length, capacity;
	int fd;
	unsigned long used;	/* when, 0 for a free slot */
	char *own;		/* the directory's own path when symlinks led to it, else NULL */
};

struct inside {
	int root;		/* the caller's */
	struct inside_slot slots[INSIDE_SLOTS];
	unsigned long clock;
	/* Makes a missing directory (or one in whose place something that may go is). NULL: mkdirat 0755. */
	int (*make_directory)(void *context, int parent, const char *name, struct error *err);
	void *context;
};

void inside_init(struct inside *inside, int root);
void inside_free(struct inside *inside);

/*
 * The directory at `path` (no leading, doubled or trailing slash, no dots; "" is the root) as an O_PATH descriptor that belongs to the cache and
 * stays open until 14 other directories were asked for. `make`: directories that are missing are made. Errors: ERROR_NOT_FOUND, ERROR_INVALID_PARAMETER for something
 * that is no directory.
 */
int inside_directory(struct inside *inside, const char *path, size_t length, bool make, const struct inside_slot **found, struct error *err);

/*
 * What `path` (as a process inside would write it) means: all symlinks resolved, but one in the last part only when `follow_last`. Parts that are not there
 * are kept as they are. Gives a clean path without leading slash; the caller frees it. Done part by part: openat2 gives up (EAGAIN) when somebody renames
 * files all the time while it follows a "..".
 */
int inside_resolve(int root, const char *path, bool follow_last, char **resolved, struct error *err);

/* Something at this path was removed or replaced. */
void inside_forget(struct inside *inside, const char *path, size_t length);

/*
 * The path without doubled and outer slashes and "." into `clean` (as long as `path` at least, terminated). "..": ERROR_INVALID_PARAMETER; the path
 * comes from an archive, where it has no honest use.
 */
int inside_clean_path(const char *unsafe_path, char *clean, size_t *length, struct error *err);

/* Length of the directory part of a clean path, and its last name. */
const char *inside_split(const char *path, size_t length, size_t *directory_length);

#endif
