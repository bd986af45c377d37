#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "inside.h"
#include "kernel.h"

#define OWN_PATH (K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_MAGICLINKS)
#define SYMLINK_LIMIT 40 /* as the kernel's */

/* A path while its parts are looked at: `done` is resolved, `rest` is to come. */
struct resolution {
	char *done, *rest;
	size_t done_length, done_capacity;
	int links;
};

static int resolve_part(struct resolution *state, int root, const char *part, size_t length, bool follow, struct error *err);
static int append_part(struct resolution *state, const char *part, size_t length, struct error *err);
static int read_link(int root, const char *path, char *target, size_t size);
static int follow_link(struct resolution *state, const char *target, struct error *err);

int inside_resolve(int root, const char *path, bool follow_last, char **resolved, struct error *err)
{
	struct resolution state = {.rest = strdup(path), .done = strdup("")};
	int result = state.rest && state.done ? 0 : error_system(err, "allocate", NULL);

	while (result == 0) {
		AUTO_FREE char *rest = state.rest;
		const char *at = rest + strspn(rest, "/"), *after;
		const size_t length = strcspn(at, "/");

		state.rest = NULL;
		if (!length)
			break;
		/* The last part that says something: "." and slashes may follow. */
		after = at + length;
		while (*after == '/' || (after[0] == '.' && after[-1] == '/' && (after[1] == '/' || !after[1])))
			after++;
		state.rest = strdup(at + length);
		result = state.rest ? resolve_part(&state, root, at, length, *after || follow_last, err) : error_system(err, "allocate", NULL);
	}
	free(state.rest);
	if (result) {
		free(state.done);
		return -1;
	}
	*resolved = state.done;
	return 0;
}

static int resolve_part(struct resolution *state, int root, const char *part, size_t length, bool follow, struct error *err)
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
	if (!follow || read_link(root, state->done, target, sizeof(target)))
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
static int read_link(int root, const char *path, char *target, size_t size)
{
	AUTO_CLOSE int fd = RETRY(kernel_openat2(root, path, O_PATH | O_NOFOLLOW, 0, OWN_PATH));
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
