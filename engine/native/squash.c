#define _GNU_SOURCE
#include "squash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define FILE_LIMIT (256u << 20)

static int grow(struct squash *squash, struct error *err);
static struct squash_record *slot_of(const struct squash *squash, const char *path);
static int write_records(const struct squash *squash, int tree_fd, FILE *out);
static int compare_records(const void *left, const void *right);
static int read_file(const char *file, char **text, size_t *size, struct error *err);
static const char *parse_number(const char *text, unsigned int base, uint32_t *value);

void squash_free(struct squash *squash)
{
	for (size_t i = 0; i < squash->capacity; i++)
		free(squash->slots[i].path);
	free(squash->slots);
	memset(squash, 0, sizeof(*squash));
}

int squash_put(struct squash *squash, const char *path, uint32_t uid, uint32_t gid, uint32_t mode, struct error *err)
{
	struct squash_record *slot;

	if (2 * squash->count >= squash->capacity && grow(squash, err))
		return -1;
	slot = slot_of(squash, path);
	if (!slot->path) {
		slot->path = strdup(path);
		if (!slot->path)
			return error_system(err, "allocate", NULL);
		squash->count++;
	}
	slot->uid = uid;
	slot->gid = gid;
	slot->mode = mode;
	slot->taken_back = 0;
	return 0;
}

void squash_take_back(struct squash *squash, const char *path)
{
	if (squash->count)
		slot_of(squash, path)->taken_back = 1;
}

const struct squash_record *squash_find(const struct squash *squash, const char *path)
{
	const struct squash_record *slot = squash->count ? slot_of(squash, path) : NULL;

	return slot && slot->path && !slot->taken_back ? slot : NULL;
}

int squash_save(const struct squash *squash, const char *file, int tree_fd, struct error *err)
{
	char temporary[PATH_MAX];
	AUTO_CLOSE int fd = -1;
	FILE *out;
	int failed;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", file) >= (int)sizeof(temporary))
		return error_number(err, ENAMETOOLONG, "create", file);
	fd = RETRY(open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
	if (fd < 0)
		return error_system(err, "create", temporary);
	out = fdopen(fd, "w");
	if (!out)
		return error_system(err, "create", temporary);
	take_fd(&fd);
	failed = write_records(squash, tree_fd, out) || fflush(out) || fsync(fileno(out));
	failed = fclose(out) || failed;
	if (failed || rename(temporary, file)) {
		error_system(err, "write", file);
		unlink(temporary);
		return -1;
	}
	return 0;
}

int squash_load(struct squash *squash, const char *file, struct error *err)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;

	memset(squash, 0, sizeof(*squash));
	if (read_file(file, &text, &size, err))
		return -1;
	for (char *at = text, *end = text + size; at < end; at += strlen(at) + 1) {
		uint32_t uid, gid, mode;
		const char *path = parse_number(parse_number(parse_number(at, 10, &uid), 10, &gid), 8, &mode);

		if (!path)
			return error_set(err, ERROR_SYSTEM, "%s is damaged", file);
		if (squash_put(squash, path, uid, gid, mode, err))
			return -1;
	}
	return 0;
}

static int grow(struct squash *squash, struct error *err)
{
	struct squash bigger = {.count = squash->count, .capacity = squash->capacity ? 2 * squash->capacity : 256};

	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; i < squash->capacity; i++)
		if (squash->slots[i].path)
			*slot_of(&bigger, squash->slots[i].path) = squash->slots[i];
	free(squash->slots);
	*squash = bigger;
	return 0;
}

/* The record's slot, or the free one where it belongs. FNV-1a; the capacity is a power of two and never all used. */
static struct squash_record *slot_of(const struct squash *squash, const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (const char *byte = path; *byte; byte++)
		hash = (hash ^ (unsigned char)*byte) * 0x100000001b3u;
	at = (size_t)hash & (squash->capacity - 1);
	while (squash->slots[at].path && strcmp(squash->slots[at].path, path) != 0)
		at = (at + 1) & (squash->capacity - 1);
	return &squash->slots[at];
}

static int write_records(const struct squash *squash, int tree_fd, FILE *out)
{
	AUTO_FREE const struct squash_record **sorted = malloc((squash->count + 1) * sizeof(*sorted));
	size_t count = 0;

	if (!sorted)
		return -1;
	for (size_t i = 0; i < squash->capacity; i++)
		if (squash->slots[i].path && !squash->slots[i].taken_back)
			sorted[count++] = &squash->slots[i];
	qsort(sorted, count, sizeof(*sorted), compare_records);
	for (size_t i = 0; i < count; i++) {
		struct stat status;

		/* It may have been replaced or removed by a later entry of the same layer. */
		if (fstatat(tree_fd, sorted[i]->path[0] ? sorted[i]->path : ".", &status, AT_SYMLINK_NOFOLLOW) && errno != ENAMETOOLONG)
			continue;
		if (fprintf(out, "%u %u %o %s%c", sorted[i]->uid, sorted[i]->gid, sorted[i]->mode, sorted[i]->path, '\0') < 0)
			return -1;
	}
	return 0;
}

static int compare_records(const void *left, const void *right)
{
	return strcmp((*(const struct squash_record *const *)left)->path, (*(const struct squash_record *const *)right)->path);
}

static int read_file(const char *file, char **text, size_t *size, struct error *err)
{
	AUTO_CLOSE int fd = RETRY(open(file, O_RDONLY | O_CLOEXEC));
	struct stat status;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_system(err, "open", file);
	if (fstat(fd, &status))
		return error_system(err, "stat", file);
	if (status.st_size > FILE_LIMIT)
		return error_set(err, ERROR_SYSTEM, "%s is too large", file);
	*text = malloc((size_t)status.st_size + 1);
	if (!*text)
		return error_system(err, "allocate", NULL);
	while (*size < (size_t)status.st_size) {
		ssize_t got = RETRY(read(fd, *text + *size, (size_t)status.st_size - *size));

		if (got < 0)
			return error_system(err, "read", file);
		if (got == 0)
			break;
		*size += (size_t)got;
	}
	(*text)[*size] = '\0';
	return 0;
}

/* A number and the blank after it; gives what follows, NULL for anything else. */
static const char *parse_number(const char *text, unsigned int base, uint32_t *value)
{
	const char *at = text;

	*value = 0;
	if (!at)
		return NULL;
	for (; *at >= '0' && *at < (char)('0' + base); at++)
		if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, (uint32_t)(*at - '0'), value))
			return NULL;
	return at != text && *at == ' ' ? at + 1 : NULL;
}
