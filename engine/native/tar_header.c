#include "tar_header.h"

#include <stddef.h>
#include <string.h>

#include "tar_number.h"
#include "tar_sparse.h"

#define STAR_PREFIX 131

static int decode_numbers(struct tar_reader *reader, const struct tar_header *header, int64_t *size, struct error *err);
static int decode_type(struct tar_reader *reader, const struct tar_header *header, int64_t size, struct error *err);
static void decode_name(struct tar_reader *reader, const struct tar_header *header);
static int apply_extended(struct tar_reader *reader, struct error *err);
static int begin_contents(struct tar_reader *reader, const struct tar_header *header, uint64_t size, struct error *err);

/* The sum is over unsigned bytes by the standard, over signed ones in some old archives. */
int tar_header_check(const struct tar_header *header, uint64_t offset, struct error *err)
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

int tar_header_decode(struct tar_reader *reader, const struct tar_header *header, uint64_t offset, struct error *err)
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
	reader->body = size;
	reader->padding = -size % TAR_BLOCK;
	if (reader->entry.type != TAR_FILE)
		return 0;
	reader->entry.size = size;
	return tar_sparse_begin(reader, header->type == 'S' ? header : NULL, err);
}
