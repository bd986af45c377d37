/* Sparse files in tar archives: the old GNU form and pax 0.0, 0.1 and 1.0. */
#ifndef TUG_TAR_SPARSE_H
#define TUG_TAR_SPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "tar_format.h"

#define TAR_SPARSE_LIMIT (1u << 20) /* parts of a sparse file */

struct tar_reader;

struct tar_part {
	uint64_t offset, size;
};

struct tar_sparse_map {
	struct tar_part *parts;
	size_t count, capacity;
	bool used;
};

void tar_sparse_free(struct tar_sparse_map *map);
int tar_sparse_add(struct tar_sparse_map *map, uint64_t offset, uint64_t size, struct error *err);

/*
 * At the head of a file's contents: the map of the entry, if it is sparse, and its real size. `gnu_header`: of the old GNU form, else NULL. Maps that overlap,
 * leave the file or promise more data than there is are ERROR_INVALID_PARAMETER.
 */
int tar_sparse_begin(struct tar_reader *reader, const struct tar_header *gnu_header, struct error *err);

#endif
