#define _GNU_SOURCE
#include "tar_write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "cleanup.h"

#define BUFFER_SIZE (256u * 1024)
/* From here on the kernel copies: below, gathering small files into one write is quicker. */
#define SEND_SIZE (64u * 1024)

static int add_pax_records(struct tar_writer *writer, const struct tar_entry *entry, const struct tar_header *header, struct error *err);
static int add_pax_text(struct tar_writer *writer, const char *key, const char *suffix, const void *value, size_t size, struct error *err);
static int add_pax_number(struct tar_writer *writer, const char *key, uint64_t value, struct error *err);
static int add_pax_time(struct tar_writer *writer, const struct timespec *time, struct error *err);
static int write_pax_header(struct tar_writer *writer, const struct tar_entry *entry, struct error *err);
static bool set_name(struct tar_header *header, const char *path);
static bool set_number(char *field, size_t size, uint64_t value);
static void seal(struct tar_header *header);
static bool is_ascii(const char *text);
static bool is_utf8(const char *text);
static int put(struct tar_writer *writer, const void *data, size_t size, struct error *err);
static int pad(struct tar_writer *writer, uint64_t size, struct error *err);
static int flush(struct tar_writer *writer, struct error *err);
static int write_failed(struct error *err);

int tar_writer_init(struct tar_writer *writer, int fd, struct error *err)
{
	memset(writer, 0, sizeof(*writer));
	writer->fd = fd;
	writer->buffer = aligned_alloc(4096, BUFFER_SIZE);
	if (!writer->buffer)
		return error_system(err, "allocate", NULL);
	return 0;
}

void tar_writer_free(struct tar_writer *writer)
{
	free(writer->buffer);
	free(writer->pax);
	memset(writer, 0, sizeof(*writer));
}

int tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	struct tar_header header;

	memset(&header, 0, sizeof(header));
	header.type = (char)entry->type;
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	set_number(header.mode, sizeof(header.mode), entry->mode);
	writer->pax_size = 0;
	if (add_pax_records(writer, entry, &header, err))
		return -1;
	set_name(&header, entry->path);
	if (entry->link)
		memcpy(header.link, entry->link, strnlen(entry->link, sizeof(header.link)));
	set_number(header.uid, sizeof(header.uid), entry->uid);
	set_number(header.gid, sizeof(header.gid), entry->gid);
	set_number(header.size, sizeof(header.size), entry->size);
	set_number(header.mtime, sizeof(header.mtime), entry->mtime.tv_sec < 0 ? 0 : (uint64_t)entry->mtime.tv_sec);
	if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE) {
		set_number(header.device_major, sizeof(header.device_major), entry->device_major);
		set_number(header.device_minor, sizeof(header.device_minor), entry->device_minor);
	}
	seal(&header);
	if (writer->pax_size && write_pax_header(writer, entry, err))
		return -1;
	return put(writer, &header, sizeof(header), err);
}

int tar_write_file(struct tar_writer *writer, int fd, uint64_t size, struct error *err)
{
	uint64_t left = size;

	if (left >= SEND_SIZE) {
		if (flush(writer, err))
			return -1;
		while (left) {
			ssize_t sent = RETRY(sendfile(writer->fd, fd, NULL, left > 0x7ffff000 ? 0x7ffff000 : (size_t)left));

			if (sent < 0 && errno != EINVAL && errno != ENOSYS)
				return write_failed(err);
			if (sent <= 0)
				break;
			left -= (uint64_t)sent;
		}
	}
	while (left) {
		size_t room = BUFFER_SIZE - writer->used;
		ssize_t got = RETRY(read(fd, writer->buffer + writer->used, room < left ? room : (size_t)left));

		if (got < 0)
			return error_system(err, "read", NULL);
		if (got == 0)
			break;
		writer->used += (size_t)got;
		left -= (uint64_t)got;
		if (writer->used == BUFFER_SIZE && flush(writer, err))
			return -1;
	}
	return pad(writer, left + -size % TAR_BLOCK, err);
}

int tar_write_end(struct tar_writer *writer, struct error *err)
{
	if (pad(writer, 2 * TAR_BLOCK, err))
		return -1;
	return flush(writer, err);
}

/* A record for everything the header cannot say. */
static int add_pax_records(struct tar_writer *writer, const struct tar_entry *entry, const struct tar_header *header, struct error *err)
{
	struct tar_header scratch = *header;
	const bool long_path = !set_name(&scratch, entry->path), long_link = entry->link && strlen(entry->link) > sizeof(scratch.link);
	/* Names that are not UTF-8 stay raw bytes in the header while they fit; in a record they need a word of warning. */
	const bool path = long_path || (!is_ascii(entry->path) && is_utf8(entry->path));
	const bool link = entry->link && (long_link || (!is_ascii(entry->link) && is_utf8(entry->link)));

	if ((path && !is_utf8(entry->path)) || (link && !is_utf8(entry->link)))
		if (add_pax_text(writer, "hdrcharset", "", "BINARY", 6, err))
			return -1;
	if (path && add_pax_text(writer, "path", "", entry->path, strlen(entry->path), err))
		return -1;
	if (link && add_pax_text(writer, "linkpath", "", entry->link, strlen(entry->link), err))
		return -1;
	if (!set_number(scratch.size, sizeof(scratch.size), entry->size) && add_pax_number(writer, "size", entry->size, err))
		return -1;
	if (!set_number(scratch.uid, sizeof(scratch.uid), entry->uid) && add_pax_number(writer, "uid", entry->uid, err))
		return -1;
	if (!set_number(scratch.gid, sizeof(scratch.gid), entry->gid) && add_pax_number(writer, "gid", entry->gid, err))
		return -1;
	if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE) {
		if (!set_number(scratch.device_major, sizeof(scratch.device_major), entry->device_major) &&
		    add_pax_number(writer, "SCHILY.devmajor", entry->device_major, err))
			return -1;
		if (!set_number(scratch.device_minor, sizeof(scratch.device_minor), entry->device_minor) &&
		    add_pax_number(writer, "SCHILY.devminor", entry->device_minor, err))
			return -1;
	}
	if ((entry->mtime.tv_nsec || entry->mtime.tv_sec < 0 || !set_number(scratch.mtime, sizeof(scratch.mtime), (uint64_t)entry->mtime.tv_sec)) &&
	    add_pax_time(writer, &entry->mtime, err))
		return -1;
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (add_pax_text(writer, "SCHILY.xattr.", entry->xattrs[i].name, entry->xattrs[i].value, entry->xattrs[i].size, err))
			return -1;
	return 0;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits. */
static int add_pax_text(struct tar_writer *writer, const char *key, const char *suffix, const void *value, size_t size, struct error *err)
{
	const size_t rest = 1 + strlen(key) + strlen(suffix) + 1 + size + 1;
	size_t length = rest + 1;
	int written;

	while (length != rest + (size_t)snprintf(NULL, 0, "%zu", length))
		length = rest + (size_t)snprintf(NULL, 0, "%zu", length);
	if (writer->pax_capacity - writer->pax_size < length + 1) {
		const size_t capacity = 2 * writer->pax_capacity + length + 512;
		char *pax = realloc(writer->pax, capacity);

		if (!pax)
			return error_system(err, "allocate", NULL);
		writer->pax = pax;
		writer->pax_capacity = capacity;
	}
	written = snprintf(writer->pax + writer->pax_size, length + 1, "%zu %s%s=", length, key, suffix);
	if (written < 0)
		return error_system(err, "format", NULL);
	if (size)
		memcpy(writer->pax + writer->pax_size + written, value, size);
	writer->pax_size += length;
	writer->pax[writer->pax_size - 1] = '\n';
	return 0;
}

static int add_pax_number(struct tar_writer *writer, const char *key, uint64_t value, struct error *err)
{
	char text[24];
	const int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	return add_pax_text(writer, key, "", text, (size_t)length, err);
}

static int add_pax_time(struct tar_writer *writer, const struct timespec *time, struct error *err)
{
	const bool negative = time->tv_sec < 0;
	/* -1.5 is -2 s + 500,000,000 ns. */
	const long nanoseconds = negative && time->tv_nsec ? 1000000000 - time->tv_nsec : time->tv_nsec;
	const uint64_t seconds = negative ? -(uint64_t)time->tv_sec - (time->tv_nsec ? 1 : 0) : (uint64_t)time->tv_sec;
	char text[48];
	int length = snprintf(text, sizeof(text), "%s%llu.%09ld", negative ? "-" : "", (unsigned long long)seconds, nanoseconds);

	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	return add_pax_text(writer, "mtime", "", text, (size_t)length, err);
}

static int write_pax_header(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	struct tar_header header;
	const char *name = entry->path + strlen(entry->path);

	memset(&header, 0, sizeof(header));
	header.type = 'x';
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	/* The name is for readers that know no pax; "PaxHeaders.0/NAME" is what Go writes. */
	while (name > entry->path && (name[0] == '\0' || name[0] == '/' || name[-1] != '/'))
		name--;
	snprintf(header.name, sizeof(header.name), "PaxHeaders.0/%s", is_ascii(name) ? name : "");
	set_number(header.mode, sizeof(header.mode), 0);
	set_number(header.uid, sizeof(header.uid), 0);
	set_number(header.gid, sizeof(header.gid), 0);
	set_number(header.mtime, sizeof(header.mtime), 0);
	set_number(header.size, sizeof(header.size), writer->pax_size);
	seal(&header);
	if (put(writer, &header, sizeof(header), err) || put(writer, writer->pax, writer->pax_size, err))
		return -1;
	return pad(writer, -(uint64_t)writer->pax_size % TAR_BLOCK, err);
}

/* False when it does not fit; then the name is cut and a record has it. A directory's last slash may not be the one that splits. */
static bool set_name(struct tar_header *header, const char *path)
{
	const size_t length = strlen(path);
	const char *slash;

	if (length <= sizeof(header->name)) {
		memcpy(header->name, path, length);
		return true;
	}
	/* The first slash that leaves a name short enough gives the shortest prefix. */
	slash = length <= sizeof(header->prefix) + 1 + sizeof(header->name) ? strchr(path + length - sizeof(header->name) - 1, '/') : NULL;
	if (slash && slash != path && slash[1] && (size_t)(slash - path) <= sizeof(header->prefix)) {
		memcpy(header->prefix, path, (size_t)(slash - path));
		memcpy(header->name, slash + 1, length - (size_t)(slash - path) - 1);
		return true;
	}
	memcpy(header->name, path, sizeof(header->name));
	return false;
}

/* Octal digits and a NUL; zeros and false when it is too large. */
static bool set_number(char *field, size_t size, uint64_t value)
{
	field[size - 1] = '\0';
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	if (value)
		memset(field, '0', size - 1);
	return value == 0;
}

static void seal(struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned int sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	set_number(header->checksum, sizeof(header->checksum) - 1, sum);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Shortest forms only, no surrogates (RFC 3629). */
static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		const int more = at[0] < 0x80 ? 0 : at[0] >= 0xc2 && at[0] < 0xe0 ? 1 : (at[0] & 0xf0) == 0xe0 ? 2 : at[0] >= 0xf0 && at[0] < 0xf5 ? 3 : -1;

		if (more < 0)
			return false;
		for (int i = 1; i <= more; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
			return false;
		at += more + 1;
	}
	return true;
}

static int put(struct tar_writer *writer, const void *data, size_t size, struct error *err)
{
	const unsigned char *at = data;

	while (size) {
		size_t part = BUFFER_SIZE - writer->used;

		if (part > size)
			part = size;
		memcpy(writer->buffer + writer->used, at, part);
		writer->used += part;
		at += part;
		size -= part;
		if (writer->used == BUFFER_SIZE && flush(writer, err))
			return -1;
	}
	return 0;
}

static int pad(struct tar_writer *writer, uint64_t size, struct error *err)
{
	while (size) {
		size_t part = BUFFER_SIZE - writer->used;

		if (part > size)
			part = (size_t)size;
		memset(writer->buffer + writer->used, 0, part);
		writer->used += part;
		size -= part;
		if (writer->used == BUFFER_SIZE && flush(writer, err))
			return -1;
	}
	return 0;
}

static int flush(struct tar_writer *writer, struct error *err)
{
	size_t done = 0;

	while (done < writer->used) {
		ssize_t written = RETRY(write(writer->fd, writer->buffer + done, writer->used - done));

		if (written < 0)
			return write_failed(err);
		done += (size_t)written;
	}
	writer->used = 0;
	return 0;
}

static int write_failed(struct error *err)
{
	return error_system(err, "write the archive", NULL);
}
