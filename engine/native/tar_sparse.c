#include "tar_sparse.h"

#include <stdlib.h>
#include <string.h>

#include "tar_number.h"
#include "tar_read.h"

#define GNU_SPARSE_OFFSET 386 /* in the header: 4 parts, "more follows", the real size */
#define GNU_SPARSE_HEADER_PARTS 4
#define GNU_SPARSE_BLOCK_PARTS 21

static int gnu_sparse_map(struct tar_reader *reader, const struct tar_header *header, struct error *err);
static int add_gnu_parts(struct tar_reader *reader, const char *at, size_t count, struct error *err);
static int pax_sparse_map(struct tar_reader *reader, struct error *err);
static int read_decimal_line(struct tar_reader *reader, unsigned char *block, size_t *at, uint64_t *value, struct error *err);
static int map_from_text(struct tar_sparse_map *map, const char *text, struct error *err);
static int copy_map(struct tar_sparse_map *map, const struct tar_sparse_map *from, struct error *err);
static int check_map(const struct tar_sparse_map *map, uint64_t real_size, uint64_t packed_size, struct error *err);

void tar_sparse_free(struct tar_sparse_map *map)
{
	free(map->parts);
	memset(map, 0, sizeof(*map));
}

int tar_sparse_add(struct tar_sparse_map *map, uint64_t offset, uint64_t size, struct error *err)
{
	if (map->count == TAR_SPARSE_LIMIT)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: a sparse file has more than %u parts", TAR_SPARSE_LIMIT);
	if (map->count == map->capacity) {
		size_t capacity = map->capacity ? 2 * map->capacity : 32;
		struct tar_part *parts = realloc(map->parts, capacity * sizeof(*parts));

		if (!parts)
			return error_system(err, "allocate", NULL);
		map->parts = parts;
		map->capacity = capacity;
	}
	map->parts[map->count++] = (struct tar_part){offset, size};
	return 0;
}

int tar_sparse_begin(struct tar_reader *reader, const struct tar_header *gnu_header, struct error *err)
{
	const struct tar_extended *extended = &reader->local;
	struct tar_sparse_map *map = &reader->sparse;
	const bool has_real_size = extended->fields & TAR_HAS_REAL_SIZE;
	int result = 0;

	map->used = true;
	if (gnu_header) {
		result = gnu_sparse_map(reader, gnu_header, err);
	} else if (extended->sparse_major == 1 && extended->sparse_minor == 0 && has_real_size) {
		reader->entry.size = extended->real_size;
		result = pax_sparse_map(reader, err);
	} else if (extended->sparse_map || extended->sparse.used) {
		if (has_real_size)
			reader->entry.size = extended->real_size;
		result = extended->sparse_map ? map_from_text(map, extended->sparse_map, err) : copy_map(map, &extended->sparse, err);
	} else {
		map->used = false;
		return 0;
	}
	return result ? -1 : check_map(map, reader->entry.size, reader->body, err);
}

/* The old GNU form: four parts in the header, the others in blocks between header and data. */
static int gnu_sparse_map(struct tar_reader *reader, const struct tar_header *header, struct error *err)
{
	const char *at = (const char *)header + GNU_SPARSE_OFFSET;
	const uint64_t body = reader->body, padding = reader->padding;
	bool more = at[GNU_SPARSE_HEADER_PARTS * 24] != 0;
	int64_t real_size;

	if (tar_number(at + GNU_SPARSE_HEADER_PARTS * 24 + 1, 12, &real_size) || real_size < 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed size of the sparse file at byte %llu",
				 (unsigned long long)reader->entry.offset);
	reader->entry.size = (uint64_t)real_size;
	if (add_gnu_parts(reader, at, GNU_SPARSE_HEADER_PARTS, err))
		return -1;
	while (more) {
		char block[TAR_BLOCK];

		reader->body = sizeof(block);
		if (tar_read_body(reader, block, sizeof(block), err) || add_gnu_parts(reader, block, GNU_SPARSE_BLOCK_PARTS, err))
			return -1;
		more = block[GNU_SPARSE_BLOCK_PARTS * 24] != 0;
	}
	reader->body = body;
	reader->padding = padding;
	return 0;
}

static int add_gnu_parts(struct tar_reader *reader, const char *at, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++, at += 24) {
		int64_t offset, size;

		/* An empty field ends the list. */
		if (at[12] == '\0' && !(at[0] & 0x80))
			return 0;
		if (tar_number(at, 12, &offset) || tar_number(at + 12, 12, &size) || offset < 0 || size < 0)
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed map of the sparse file at byte %llu",
					 (unsigned long long)reader->entry.offset);
		if (tar_sparse_add(&reader->sparse, (uint64_t)offset, (uint64_t)size, err))
			return -1;
	}
	return 0;
}

/* pax 1.0: decimal lines at the head of the data (count, then offset and size in turn), padded to a whole block. */
static int pax_sparse_map(struct tar_reader *reader, struct error *err)
{
	unsigned char block[TAR_BLOCK];
	size_t at = TAR_BLOCK;
	uint64_t count;

	if (read_decimal_line(reader, block, &at, &count, err))
		return -1;
	if (count > TAR_SPARSE_LIMIT)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: a sparse file has more than %u parts", TAR_SPARSE_LIMIT);
	while (count--) {
		uint64_t offset, size;

		if (read_decimal_line(reader, block, &at, &offset, err) || read_decimal_line(reader, block, &at, &size, err) ||
		    tar_sparse_add(&reader->sparse, offset, size, err))
			return -1;
	}
	return 0;
}

static int read_decimal_line(struct tar_reader *reader, unsigned char *block, size_t *at, uint64_t *value, struct error *err)
{
	bool any = false;

	*value = 0;
	for (;; any = true) {
		unsigned char byte;

		if (*at == TAR_BLOCK) {
			if (tar_read_body(reader, block, TAR_BLOCK, err))
				return -1;
			*at = 0;
		}
		byte = block[(*at)++];
		if (byte == '\n' && any)
			return 0;
		if (byte < '0' || byte > '9' || __builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, (uint64_t)(byte - '0'), value))
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed map of the sparse file at byte %llu",
					 (unsigned long long)reader->entry.offset);
	}
}

/* pax 0.1: "offset,size,offset,size". */
static int map_from_text(struct tar_sparse_map *map, const char *text, struct error *err)
{
	while (*text) {
		uint64_t offset, size;
		const char *end;

		if (tar_decimal(text, &end, &offset) || *end != ',' || tar_decimal(end + 1, &end, &size) || (*end != ',' && *end))
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed map of a sparse file");
		if (tar_sparse_add(map, offset, size, err))
			return -1;
		text = *end ? end + 1 : end;
	}
	return 0;
}

/* pax 0.0: a record for each part. */
static int copy_map(struct tar_sparse_map *map, const struct tar_sparse_map *from, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (tar_sparse_add(map, from->parts[i].offset, from->parts[i].size, err))
			return -1;
	return 0;
}

/* In order, apart, inside the file, and no more data than there is. */
static int check_map(const struct tar_sparse_map *map, uint64_t real_size, uint64_t packed_size, struct error *err)
{
	uint64_t reached = 0, packed = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct tar_part *part = &map->parts[i];

		if (part->offset < reached || part->offset > real_size || part->size > real_size - part->offset)
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: the map of a sparse file is out of order or too long");
		reached = part->offset + part->size;
		packed += part->size;
	}
	if (packed > packed_size)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: a sparse file has less data than its map says");
	return 0;
}
