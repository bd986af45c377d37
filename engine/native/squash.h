/*
 * The sidecar of a tree unpacked where only one id can be given away: the owner and mode each name should have had. A file of records
 * "UID GID MODE(octal) PATH\0", sorted by path, no leading slash; names that got what they should have are not in it.
 */
#ifndef TUG_SQUASH_H
#define TUG_SQUASH_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct squash_record {
	char *path; /* NULL: the slot is free */
	uint32_t uid, gid, mode;
	unsigned char taken_back;
};

struct squash {
	struct squash_record *slots;
	size_t count, capacity;
};

void squash_free(struct squash *squash);

/* Puts or replaces the record of `path`. */
int squash_put(struct squash *squash, const char *path, uint32_t uid, uint32_t gid, uint32_t mode, struct error *err);

/* The name got its owner after all (it came twice). */
void squash_take_back(struct squash *squash, const char *path);

/* NULL when there is no record. */
const struct squash_record *squash_find(const struct squash *squash, const char *path);

/* Writes the records of what (still) exists below `tree_fd` to `file`: temp, fsync, rename. */
int squash_save(const struct squash *squash, const char *file, int tree_fd, struct error *err);

/* A missing file is an empty sidecar. */
int squash_load(struct squash *squash, const char *file, struct error *err);

#endif
