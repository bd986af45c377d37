#define _GNU_SOURCE
#include "tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "tar_header.h"
#include "tar_number.h"

/* Big enough that the system calls do not count, small enough to stay in the second-level cache between read and write. */
#define BUFFER_SIZE (256u * 1024)

static int next_header(struct tar_reader *reader, const struct tar_header **header, uint64_t *offset, struct error *err);
static int skip_body(struct tar_reader *reader, struct error *err);
static int take_extended(struct tar_reader *reader, char type, uint64_t size, uint64_t offset, struct error *err);
static int copy_body(struct tar_reader *reader, int fd, uint64_t size, struct error *err);
static int fill(struct tar_reader *reader, struct error *err);
static int write_all(int fd, const unsigned char *data, size_t size, struct error *err);
static int truncated(struct tar_reader *reader, struct error *err);

int tar_reader_init(struct tar_reader *reader, int fd, struct error *err)
{
	memset(reader, 0, sizeof(*reader));
	reader->fd = fd;
	reader->buffer = aligned_alloc(4096, BUFFER_SIZE);
	if (!reader->buffer)
		return error_system(err, "allocate", NULL);
	return 0;
}

void tar_reader_free(struct tar_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
	tar_extended_free(&reader->global);
	tar_extended_free(&reader->local);
	tar_sparse_free(&reader->sparse);
}

int tar_next(struct tar_reader *reader, const struct tar_entry **entry, struct error *err)
{
	bool announced = false;

	*entry = NULL;
	if (reader->finished)
		return 0;
	if (skip_body(reader, err))
		return -1;
	/* Its strings go with the extended headers. */
	memset(&reader->entry, 0, sizeof(reader->entry));
	if (tar_extended_reset(&reader->local, &reader->global, err))
		return -1;
	for (;;) {
		const struct tar_header *header;
		uint64_t offset;
		int64_t size;

		if (next_header(reader, &header, &offset, err))
			return -1;
		if (!header) {
			reader->finished = true;
			return announced ? truncated(reader, err) : 0;
		}
		switch (header->type) {
		case 'x':
		case 'X': /* Solaris */
		case 'g':
		case 'L':
		case 'K':
			if (tar_number(header->size, sizeof(header->size), &size) || size < 0 || size > TAR_EXTENDED_LIMIT)
				return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: the extended header at byte %llu is larger than %u bytes",
						 (unsigned long long)offset, TAR_EXTENDED_LIMIT);
			announced = header->type != 'g';
			if (take_extended(reader, header->type, (uint64_t)size, offset, err))
				return -1;
			break;
		case 'V': /* GNU volume label */
			break;
		default:
			if (tar_header_decode(reader, header, offset, err))
				return -1;
			*entry = &reader->entry;
			return 0;
		}
	}
}

int tar_write_contents(struct tar_reader *reader, int fd, struct error *err)
{
	const struct tar_sparse_map *map = &reader->sparse;
	uint64_t reached = 0;

	if (!map->used)
		return reader->body ? copy_body(reader, fd, reader->body, err) : 0;
	for (size_t i = 0; i < map->count; i++) {
		if (!map->parts[i].size)
			continue;
		if (map->parts[i].offset != reached && lseek(fd, (off_t)map->parts[i].offset, SEEK_SET) < 0)
			return error_system(err, "seek", NULL);
		if (copy_body(reader, fd, map->parts[i].size, err))
			return -1;
		reached = map->parts[i].offset + map->parts[i].size;
	}
	if (reached < reader->entry.size && RETRY(ftruncate(fd, (off_t)reader->entry.size)))
		return error_system(err, "truncate", NULL);
	return 0;
}

int tar_drain(struct tar_reader *reader, struct error *err)
{
	for (;;) {
		reader->offset += reader->end - reader->start;
		reader->start = reader->end = 0;
		if (fill(reader, err))
			return -1;
		if (reader->start == reader->end)
			return 0;
	}
}

int tar_read_body(struct tar_reader *reader, void *data, size_t size, struct error *err)
{
	unsigned char *at = data;

	if (size > reader->body)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: an extended header ends too soon at byte %llu",
				 (unsigned long long)reader->offset);
	while (size) {
		size_t part = reader->end - reader->start;

		if (!part) {
			if (fill(reader, err))
				return -1;
			if (reader->start == reader->end)
				return truncated(reader, err);
			continue;
		}
		if (part > size)
			part = size;
		memcpy(at, reader->buffer + reader->start, part);
		reader->start += part;
		reader->offset += part;
		reader->body -= part;
		at += part;
		size -= part;
	}
	return 0;
}

/* The next block that is no zero block, checked; NULL at the end of the archive. */
static int next_header(struct tar_reader *reader, const struct tar_header **header, uint64_t *offset, struct error *err)
{
	static const unsigned char zeros[TAR_BLOCK];

	*header = NULL;
	for (;;) {
		const unsigned char *block;

		while (reader->end - reader->start < TAR_BLOCK) {
			size_t had = reader->end - reader->start;

			if (fill(reader, err))
				return -1;
			if (reader->end - reader->start == had) {
				/* Archives without end marker exist (concatenated or made by hand), and Go, GNU and Python take them. */
				return had ? truncated(reader, err) : 0;
			}
		}
		block = reader->buffer + reader->start;
		*offset = reader->offset;
		reader->start += TAR_BLOCK;
		reader->offset += TAR_BLOCK;
		if (memcmp(block, zeros, TAR_BLOCK) != 0) {
			if (reader->end_marker)
				return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: something follows a zero block at byte %llu",
						 (unsigned long long)*offset);
			*header = (const struct tar_header *)(const void *)block;
			return tar_header_check(*header, *offset, err);
		}
		if (reader->end_marker)
			return 0;
		reader->end_marker = true;
	}
}

static int skip_body(struct tar_reader *reader, struct error *err)
{
	uint64_t left = reader->body + reader->padding;

	while (left) {
		uint64_t part = reader->end - reader->start;

		if (!part) {
			if (fill(reader, err))
				return -1;
			if (reader->start == reader->end)
				return truncated(reader, err);
			continue;
		}
		if (part > left)
			part = left;
		reader->start += (size_t)part;
		reader->offset += part;
		left -= part;
	}
	reader->body = reader->padding = 0;
	return 0;
}

static int take_extended(struct tar_reader *reader, char type, uint64_t size, uint64_t offset, struct error *err)
{
	AUTO_FREE char *text = malloc((size_t)size + 1);
	char *given;

	if (!text)
		return error_system(err, "allocate", NULL);
	reader->body = size;
	reader->padding = -size % TAR_BLOCK;
	if (tar_read_body(reader, text, (size_t)size, err) || skip_body(reader, err))
		return -1;
	text[size] = '\0';
	given = text;
	text = NULL;
	if (type == 'L' || type == 'K')
		return tar_extended_long_name(&reader->local, given, type, err);
	if (type != 'g')
		return tar_extended_records(&reader->local, given, (size_t)size, offset + TAR_BLOCK, err);
	if (tar_extended_records(&reader->global, given, (size_t)size, offset + TAR_BLOCK, err))
		return -1;
	return tar_extended_reset(&reader->local, &reader->global, err);
}

static int copy_body(struct tar_reader *reader, int fd, uint64_t size, struct error *err)
{
	while (size) {
		uint64_t part = reader->end - reader->start;

		if (!part) {
			if (fill(reader, err))
				return -1;
			if (reader->start == reader->end)
				return truncated(reader, err);
			continue;
		}
		if (part > size)
			part = size;
		if (write_all(fd, reader->buffer + reader->start, (size_t)part, err))
			return -1;
		reader->start += (size_t)part;
		reader->offset += part;
		reader->body -= part;
		size -= part;
	}
	return 0;
}

/* One read(2) behind what is buffered; nothing new is the end of the stream. */
static int fill(struct tar_reader *reader, struct error *err)
{
	ssize_t got;

	if (reader->start == reader->end) {
		reader->start = reader->end = 0;
	} else if (reader->end == BUFFER_SIZE) {
		memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	got = RETRY(read(reader->fd, reader->buffer + reader->end, BUFFER_SIZE - reader->end));
	if (got < 0)
		return error_system(err, "read the archive", NULL);
	reader->end += (size_t)got;
	return 0;
}

static int write_all(int fd, const unsigned char *data, size_t size, struct error *err)
{
	while (size) {
		ssize_t written = RETRY(write(fd, data, size));

		if (written < 0)
			return error_system(err, "write", NULL);
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

static int truncated(struct tar_reader *reader, struct error *err)
{
	const unsigned long long end = (unsigned long long)(reader->offset + (reader->end - reader->start));

	if (!reader->entry.path)
		return error_set(err, ERROR_INVALID_PARAMETER, "archive is truncated: it ends at byte %llu inside a header", end);
	return error_set(err, ERROR_INVALID_PARAMETER, "archive is truncated: it ends at byte %llu inside %.512s", end, reader->entry.path);
}
