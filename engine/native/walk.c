#define _GNU_SOURCE
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

#define OPEN_FRAMES 64
#define BATCH_SIZE (64u * 1024)

/* What getdents64 gives. */
struct directory_record {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int push(struct walk *walk, int fd, size_t path_length, struct error *err);
static int pop(struct walk *walk, struct error *err);
static int read_names(struct walk *walk, struct walk_frame *frame, struct error *err);
static int list_names(struct walk_frame *frame, size_t size, bool unsorted, struct error *err);
static int set_path(struct walk *walk, size_t directory, const char *name, struct error *err);
static int compare_names(const void *left, const void *right);

int walk_begin(struct walk *walk, int root_fd, struct error *err)
{
	memset(walk, 0, sizeof(*walk));
	return push(walk, root_fd, 0, err);
}

int walk_begin_unsorted(struct walk *walk, int root_fd, struct error *err)
{
	memset(walk, 0, sizeof(*walk));
	walk->unsorted = true;
	return push(walk, root_fd, 0, err);
}

int walk_next(struct walk *walk, const struct walk_item **item, struct error *err)
{
	struct walk_frame *frame;

	*item = NULL;
	if (!walk->depth)
		return 0;
	frame = &walk->frames[walk->depth - 1];
	if (frame->next == frame->count) {
		if (pop(walk, err))
			return -1;
		if (!walk->depth)
			return 0;
		frame = &walk->frames[walk->depth - 1];
		walk->item.event = WALK_LEFT;
	} else {
		walk->item.event = WALK_ENTRY;
		frame->next++;
	}
	walk->item.type = (unsigned char)frame->sorted[frame->next - 1][0];
	walk->item.name = frame->sorted[frame->next - 1] + 1;
	walk->item.parent = frame->fd;
	if (set_path(walk, frame->path_length, walk->item.name, err))
		return -1;
	walk->item.path = walk->path;
	*item = &walk->item;
	return 0;
}

int walk_enter(struct walk *walk, int fd, struct error *err)
{
	return push(walk, fd, strlen(walk->path), err);
}

bool walk_holds(const struct walk *walk, const char *name)
{
	const struct walk_frame *frame = &walk->frames[walk->depth - 1];
	size_t low = 0, high = frame->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(frame->sorted[middle] + 1, name);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

void walk_end(struct walk *walk)
{
	for (size_t i = 0; i < walk->depth; i++) {
		cleanup_fd(&walk->frames[i].fd);
		free(walk->frames[i].names);
		free(walk->frames[i].sorted);
	}
	free(walk->frames);
	free(walk->path);
	free(walk->batch);
	memset(walk, 0, sizeof(*walk));
}

int walk_open_directory(int parent, const char *name, bool same_mount)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	return same_mount ? RETRY(kernel_openat2(parent, name, (uint64_t)flags, 0, K_RESOLVE_NO_XDEV | K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS))
			  : RETRY(openat(parent, name, flags));
}

static int push(struct walk *walk, int fd, size_t path_length, struct error *err)
{
	AUTO_CLOSE int owned = fd;
	struct walk_frame *frame;
	struct stat status;

	if (walk->depth == walk->capacity) {
		size_t capacity = walk->capacity ? 2 * walk->capacity : 32;
		struct walk_frame *frames = realloc(walk->frames, capacity * sizeof(*frames));

		if (!frames)
			return error_system(err, "allocate", NULL);
		walk->frames = frames;
		walk->capacity = capacity;
	}
	if (fstat(fd, &status))
		return error_system(err, "stat", walk->path);
	frame = &walk->frames[walk->depth++];
	*frame = (struct walk_frame){.fd = take_fd(&owned), .device = status.st_dev, .inode = status.st_ino, .path_length = path_length};
	if (read_names(walk, frame, err))
		return -1;
	if (walk->depth - walk->closed > OPEN_FRAMES)
		cleanup_fd(&walk->frames[walk->closed++].fd);
	return 0;
}

static int pop(struct walk *walk, struct error *err)
{
	struct walk_frame *frame = &walk->frames[walk->depth - 1], *parent = frame - 1;
	int result = 0;

	if (walk->depth > 1 && parent->fd < 0) {
		struct stat status;

		/* Back up through "..": it must be the directory we came down from. */
		parent->fd = RETRY(openat(frame->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (parent->fd < 0 || fstat(parent->fd, &status))
			result = error_system(err, "open the parent directory", walk->path);
		else if (status.st_dev != parent->device || status.st_ino != parent->inode)
			result = error_set(err, ERROR_CONFLICT, "a directory was moved while it was read: %.512s", walk->path);
		walk->closed--;
	}
	cleanup_fd(&frame->fd);
	free(frame->names);
	free(frame->sorted);
	walk->depth--;
	return result;
}

static int read_names(struct walk *walk, struct walk_frame *frame, struct error *err)
{
	size_t size = 0, capacity = 0;

	if (!walk->batch && !(walk->batch = malloc(BATCH_SIZE)))
		return error_system(err, "allocate", NULL);
	for (;;) {
		const long got = syscall(SYS_getdents64, frame->fd, walk->batch, BATCH_SIZE);

		/* ENOENT: a running container removed the directory meanwhile. */
		if (got == 0 || (got < 0 && errno == ENOENT))
			return list_names(frame, size, walk->unsorted, err);
		if (got < 0)
			return error_system(err, "read a directory", NULL);
		for (long at = 0; at < got;) {
			const struct directory_record *record = (const void *)(walk->batch + at);
			const size_t length = strlen(record->name) + 2;

			at += record->length;
			if (strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0)
				continue;
			if (capacity - size < length) {
				char *names;

				capacity = 2 * capacity + 512;
				names = realloc(frame->names, capacity);
				if (!names)
					return error_system(err, "allocate", NULL);
				frame->names = names;
			}
			frame->names[size] = (char)record->type;
			memcpy(frame->names + size + 1, record->name, length - 1);
			size += length;
			frame->count++;
		}
	}
}

static int list_names(struct walk_frame *frame, size_t size, bool unsorted, struct error *err)
{
	const char *at = frame->names;

	if (!frame->count)
		return 0;
	frame->sorted = malloc(frame->count * sizeof(*frame->sorted));
	if (!frame->sorted)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; at < frame->names + size; at += strlen(at + 1) + 2)
		frame->sorted[i++] = at;
	if (!unsorted)
		qsort(frame->sorted, frame->count, sizeof(*frame->sorted), compare_names);
	return 0;
}

static int set_path(struct walk *walk, size_t directory, const char *name, struct error *err)
{
	const size_t length = strlen(name), needed = directory + length + 2;
	char *at;

	if (needed > walk->path_capacity) {
		char *path = realloc(walk->path, 2 * needed + 256);

		if (!path)
			return error_system(err, "allocate", NULL);
		walk->path = path;
		walk->path_capacity = 2 * needed + 256;
	}
	at = walk->path + directory;
	if (directory)
		*at++ = '/';
	memcpy(at, name, length + 1);
	return 0;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left + 1, *(const char *const *)right + 1);
}
