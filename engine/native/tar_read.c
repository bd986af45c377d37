#define _GNU_SOURCE
#include "tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Big enough that the system calls do not count, small enough to stay in the second-level cache between read and write. */
#define BUFFER_SIZE (256u * 1024)

#define GNU_SPARSE_OFFSET 386 /* in the header: 4 parts, "more follows", the real size */
#define GNU_SPARSE_HEADER_PARTS 4
#define GNU_SPARSE_BLOCK_PARTS 21
#define STAR_PREFIX 131

static int next_header(struct tar_reader *reader, const struct tar_header **header, uint64_t *offset, struct error *err);
static int skip_body(struct tar_reader *reader, struct error *err);
static int check_header(const struct tar_header *header, uint64_t offset, struct error *err);
static int take_extended(struct tar_reader *reader, char type, uint64_t size, uint64_t offset, struct error *err);
static int decode(struct tar_reader *reader, const struct tar_header *header, uint64_t offset, struct error *err);
static int decode_numbers(struct tar_reader *reader, const struct tar_header *header, int64_t *size, struct error *err);
static int decode_type(struct tar_reader *reader, const struct tar_header *header, int64_t size, struct error *err);
static void decode_name(struct tar_reader *reader, const struct tar_header *header);
static int apply_extended(struct tar_reader *reader, struct error *err);
static int begin_contents(struct tar_reader *reader, const struct tar_header *header, uint64_t size, struct error *err);
static int gnu_sparse_map(struct tar_reader *reader, const struct tar_header *header, struct error *err);
static int add_gnu_parts(struct tar_reader *reader, const char *at, size_t count, struct error *err);
static int pax_sparse_map(struct tar_reader *reader, struct error *err);
static int read_decimal_line(struct tar_reader *reader, unsigned char *block, size_t *at, uint64_t *value, struct error *err);
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
			if (decode(reader, header, offset, err))
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

int tar_number(const char *field, size_t size, int64_t *value)
{
	const unsigned char *bytes = (const unsigned char *)field;
	uint64_t number = 0;
	size_t at = 0;

	if (bytes[0] & 0x80) {
		/* Base 256, two's complement over the field without its first bit. */
		bool negative = bytes[0] & 0x40;

		for (; at < size; at++) {
			unsigned char byte = at ? bytes[at] : (unsigned char)((bytes[0] & 0x7f) | (negative ? 0x80 : 0));

			if (size - at > 8 ? byte != (negative ? 0xff : 0) : size - at == 8 && (byte & 0x80) != (negative ? 0x80 : 0))
				return -1;
			number = number << 8 | byte;
		}
		*value = (int64_t)number;
		return 0;
	}
	while (at < size && (field[at] == ' ' || field[at] == '\0'))
		at++;
	for (; at < size && field[at] >= '0' && field[at] <= '7'; at++) {
		if (number >> 60)
			return -1;
		number = number << 3 | (uint64_t)(field[at] - '0');
	}
	if (at < size && field[at] != ' ' && field[at] != '\0')
		return -1;
	*value = (int64_t)number;
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
			return check_header(*header, *offset, err);
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

/* The sum is over unsigned bytes by the standard, over signed ones in some old archives. */
static int check_header(const struct tar_header *header, uint64_t offset, struct error *err)
{
	const unsigned char *bytes = (const unsigned char *)header;
	const size_t from = offsetof(struct tar_header, checksum), to = from + sizeof(header->checksum);
	int64_t wanted, sum = 8 * ' ', signed_sum = 8 * ' ';

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < from || i >= to) {
			sum += bytes[i];
			signed_sum += (signed char)bytes[i];
		}
	if (tar_number(header->checksum, sizeof(header->checksum), &wanted) == 0 && (wanted == sum || wanted == signed_sum))
		return 0;
	if (offset == 0 && bytes[0] == 0x1f && bytes[1] == 0x8b)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: it is compressed by gzip, a plain tar is expected");
	if (offset == 0 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: it is compressed by zstd, a plain tar is expected");
	return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: %s at byte %llu", offset == 0 ? "no tar header" : "bad header checksum",
			 (unsigned long long)offset);
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

static int decode(struct tar_reader *reader, const struct tar_header *header, uint64_t offset, struct error *err)
{
	/* A copy: reading a sparse map moves the buffer. */
	const struct tar_header copy = *header;
	int64_t size;

	memset(&reader->entry, 0, sizeof(reader->entry));
	reader->entry.offset = offset;
	reader->sparse.used = false;
	reader->sparse.count = 0;
	if (decode_numbers(reader, &copy, &size, err))
		return -1;
	decode_name(reader, &copy);
	if (apply_extended(reader, err))
		return -1;
	if (reader->local.fields & TAR_HAS_SIZE)
		size = (int64_t)reader->local.size;
	if (decode_type(reader, &copy, size, err))
		return -1;
	/* Links, directories and devices have no contents, whatever their size says (old writers put the file's size into hard links). */
	if (reader->entry.type != TAR_FILE && copy.type != 'D')
		return 0;
	return begin_contents(reader, &copy, (uint64_t)size, err);
}

static int decode_numbers(struct tar_reader *reader, const struct tar_header *header, int64_t *size, struct error *err)
{
	struct tar_entry *entry = &reader->entry;
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;
	const bool is_device = header->type == TAR_CHARACTER || header->type == TAR_BLOCK_DEVICE;

	if (tar_number(header->mode, sizeof(header->mode), &mode) || tar_number(header->uid, sizeof(header->uid), &uid) ||
	    tar_number(header->gid, sizeof(header->gid), &gid) || tar_number(header->size, sizeof(header->size), size) ||
	    tar_number(header->mtime, sizeof(header->mtime), &mtime) || *size < 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed number in the header at byte %llu",
				 (unsigned long long)entry->offset);
	if (is_device && (tar_number(header->device_major, sizeof(header->device_major), &major) ||
			  tar_number(header->device_minor, sizeof(header->device_minor), &minor) || major < 0 || minor < 0))
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed device number in the header at byte %llu",
				 (unsigned long long)entry->offset);
	entry->mode = (uint32_t)mode & 07777;
	entry->uid = (uint64_t)uid;
	entry->gid = (uint64_t)gid;
	entry->mtime.tv_sec = (time_t)mtime;
	entry->device_major = (uint32_t)major;
	entry->device_minor = (uint32_t)minor;
	return 0;
}

static int decode_type(struct tar_reader *reader, const struct tar_header *header, int64_t size, struct error *err)
{
	struct tar_entry *entry = &reader->entry;
	const size_t length = strlen(entry->path);

	switch (header->type) {
	case '\0':
	case '0':
	case '7': /* contiguous */
		/* Before directories had a type their names ended in a slash. */
		entry->type = header->type != '7' && size == 0 && length && entry->path[length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
		return 0;
	case 'S':
		entry->type = TAR_FILE;
		return 0;
	case 'D': /* GNU incremental: a directory whose contents list its files */
		entry->type = TAR_DIRECTORY;
		return 0;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
		entry->type = (enum tar_type)header->type;
		return 0;
	default:
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: unknown entry type 0x%02x at byte %llu", (unsigned char)header->type,
				 (unsigned long long)entry->offset);
	}
}

static void decode_name(struct tar_reader *reader, const struct tar_header *header)
{
	const bool ustar = memcmp(header->magic, "ustar", 6) == 0;
	const bool star = ustar && memcmp(header->padding + 8, "tar", 4) == 0;
	const size_t prefix = ustar ? strnlen(header->prefix, star ? STAR_PREFIX : sizeof(header->prefix)) : 0;
	const size_t name = strnlen(header->name, sizeof(header->name));
	const size_t link = strnlen(header->link, sizeof(header->link));
	char *at = reader->name;

	if (prefix) {
		memcpy(at, header->prefix, prefix);
		at += prefix;
		*at++ = '/';
	}
	memcpy(at, header->name, name);
	at[name] = '\0';
	memcpy(reader->link, header->link, link);
	reader->link[link] = '\0';
	reader->entry.path = reader->name;
	reader->entry.link = reader->link;
}

static int apply_extended(struct tar_reader *reader, struct error *err)
{
	const struct tar_extended *extended = &reader->local;
	struct tar_entry *entry = &reader->entry;

	if (extended->path)
		entry->path = extended->path;
	if (extended->sparse_name)
		entry->path = extended->sparse_name;
	if (extended->link)
		entry->link = extended->link;
	if (extended->fields & TAR_HAS_UID)
		entry->uid = extended->uid;
	if (extended->fields & TAR_HAS_GID)
		entry->gid = extended->gid;
	if (extended->fields & TAR_HAS_MTIME)
		entry->mtime = extended->mtime;
	if (extended->fields & TAR_HAS_MAJOR)
		entry->device_major = extended->device_major;
	if (extended->fields & TAR_HAS_MINOR)
		entry->device_minor = extended->device_minor;
	entry->xattrs = extended->xattrs;
	entry->xattr_count = extended->xattr_count;
	/* (uid_t)-1 means "leave it" to chown, so it can be nobody's. */
	if (entry->uid >= UINT32_MAX || entry->gid >= UINT32_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: owner %llu:%llu of %.512s is out of range",
				 (unsigned long long)entry->uid, (unsigned long long)entry->gid, entry->path);
	return 0;
}

static int begin_contents(struct tar_reader *reader, const struct tar_header *header, uint64_t size, struct error *err)
{
	const struct tar_extended *extended = &reader->local;
	struct tar_entry *entry = &reader->entry;
	bool sparse = true;

	reader->body = size;
	reader->padding = -size % TAR_BLOCK;
	if (entry->type != TAR_FILE)
		return 0;
	entry->size = size;
	if (header->type == 'S') {
		if (gnu_sparse_map(reader, header, err))
			return -1;
	} else if (extended->sparse_major == 1 && extended->sparse_minor == 0 && extended->fields & TAR_HAS_REAL_SIZE) {
		entry->size = extended->real_size;
		if (pax_sparse_map(reader, err))
			return -1;
	} else if (extended->sparse_map || extended->sparse.used) {
		if (extended->fields & TAR_HAS_REAL_SIZE)
			entry->size = extended->real_size;
		if (extended->sparse_map && tar_sparse_from_text(&reader->sparse, extended->sparse_map, err))
			return -1;
		for (size_t i = 0; !extended->sparse_map && i < extended->sparse.count; i++)
			if (tar_sparse_add(&reader->sparse, extended->sparse.parts[i].offset, extended->sparse.parts[i].size, err))
				return -1;
	} else {
		sparse = false;
	}
	reader->sparse.used = sparse;
	return sparse ? tar_sparse_check(&reader->sparse, entry->size, reader->body, err) : 0;
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
