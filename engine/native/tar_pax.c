#include "tar_pax.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tar_number.h"

/* All extended headers of one entry together. */
#define TEXT_LIMIT (4u * TAR_EXTENDED_LIMIT)

static int keep_text(struct tar_extended *extended, char *text, size_t size, struct error *err);
static int apply(struct tar_extended *extended, const char *key, char *value, size_t size, struct error *err);
static int apply_sparse(struct tar_extended *extended, const char *key, const char *value, struct error *err);
static int add_xattr(struct tar_extended *extended, const char *name, const void *value, size_t size, struct error *err);
static int set_text(const char **slot, const char *key, const char *value, size_t size, struct error *err);
static int set_number(struct tar_extended *extended, unsigned int field, uint64_t *slot, const char *key, const char *value, uint64_t limit,
		      struct error *err);
static int parse_time(const char *text, struct timespec *time);

void tar_extended_free(struct tar_extended *extended)
{
	for (size_t i = 0; i < extended->text_count; i++)
		free(extended->texts[i]);
	free(extended->texts);
	free(extended->xattrs);
	tar_sparse_free(&extended->sparse);
	memset(extended, 0, sizeof(*extended));
}

int tar_extended_reset(struct tar_extended *extended, const struct tar_extended *global, struct error *err)
{
	struct tar_extended fresh;

	/* The usual case, an entry without extended headers after another one without. */
	if (!extended->text_count && !global->text_count)
		return 0;
	tar_extended_free(extended);
	fresh = *global;
	fresh.xattrs = NULL;
	fresh.xattr_count = fresh.xattr_capacity = 0;
	memset(&fresh.sparse, 0, sizeof(fresh.sparse));
	fresh.texts = NULL;
	fresh.text_count = fresh.text_bytes = 0;
	*extended = fresh;
	for (size_t i = 0; i < global->xattr_count; i++)
		if (add_xattr(extended, global->xattrs[i].name, global->xattrs[i].value, global->xattrs[i].size, err))
			return -1;
	return 0;
}

int tar_extended_records(struct tar_extended *extended, char *text, size_t size, uint64_t offset, struct error *err)
{
	char *at = text, *const end = text + size;

	if (keep_text(extended, text, size, err))
		return -1;
	while (at < end) {
		const char *blank;
		char *equals;
		uint64_t length;

		/* Some writers fill the block with NULs and count them in. */
		if (*at == '\0')
			return 0;
		if (tar_decimal(at, &blank, &length) || *blank != ' ' || length > (uint64_t)(end - at) || length < (uint64_t)(blank - at) + 3 ||
		    at[length - 1] != '\n')
			goto malformed;
		equals = memchr(blank + 1, '=', (size_t)(at + length - 1 - (blank + 1)));
		if (!equals)
			goto malformed;
		*equals = '\0';
		at[length - 1] = '\0';
		if (apply(extended, blank + 1, equals + 1, (size_t)(at + length - 1 - (equals + 1)), err))
			return -1;
		at += length;
	}
	return 0;

malformed:
	return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: malformed pax record at byte %llu",
			 (unsigned long long)(offset + (uint64_t)(at - text)));
}

int tar_extended_long_name(struct tar_extended *extended, char *text, char type, struct error *err)
{
	if (keep_text(extended, text, strlen(text), err))
		return -1;
	if (type == 'L')
		extended->path = text;
	else
		extended->link = text;
	return 0;
}

static int keep_text(struct tar_extended *extended, char *text, size_t size, struct error *err)
{
	char **texts = realloc(extended->texts, (extended->text_count + 1) * sizeof(*texts));

	if (!texts) {
		free(text);
		error_system(err, "allocate", NULL);
		return -1;
	}
	extended->texts = texts;
	extended->texts[extended->text_count++] = text;
	/* A block of its own at least: endless empty headers are bounded, too. */
	extended->text_bytes += size + TAR_BLOCK;
	if (extended->text_bytes > TEXT_LIMIT)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: more than %u bytes of extended headers before one entry", TEXT_LIMIT);
	return 0;
}

static int apply(struct tar_extended *extended, const char *key, char *value, size_t size, struct error *err)
{
	static const char xattr_prefix[] = "SCHILY.xattr.";
	uint64_t number = 0;

	if (strncmp(key, xattr_prefix, sizeof(xattr_prefix) - 1) == 0)
		return add_xattr(extended, key + sizeof(xattr_prefix) - 1, value, size, err);
	if (strcmp(key, "path") == 0)
		return set_text(&extended->path, key, value, size, err);
	if (strcmp(key, "linkpath") == 0)
		return set_text(&extended->link, key, value, size, err);
	if (strcmp(key, "size") == 0)
		return set_number(extended, TAR_HAS_SIZE, &extended->size, key, value, INT64_MAX, err);
	if (strcmp(key, "uid") == 0)
		return set_number(extended, TAR_HAS_UID, &extended->uid, key, value, INT64_MAX, err);
	if (strcmp(key, "gid") == 0)
		return set_number(extended, TAR_HAS_GID, &extended->gid, key, value, INT64_MAX, err);
	if (strcmp(key, "SCHILY.devmajor") == 0) {
		if (set_number(extended, TAR_HAS_MAJOR, &number, key, value, UINT32_MAX, err))
			return -1;
		extended->device_major = (uint32_t)number;
		return 0;
	}
	if (strcmp(key, "SCHILY.devminor") == 0) {
		if (set_number(extended, TAR_HAS_MINOR, &number, key, value, UINT32_MAX, err))
			return -1;
		extended->device_minor = (uint32_t)number;
		return 0;
	}
	if (strcmp(key, "mtime") == 0) {
		extended->fields &= ~(unsigned int)TAR_HAS_MTIME;
		if (!size)
			return 0;
		if (parse_time(value, &extended->mtime))
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: mtime=%.64s is not a time", value);
		extended->fields |= TAR_HAS_MTIME;
		return 0;
	}
	if (strncmp(key, "GNU.sparse.", 11) == 0) {
		if (strcmp(key, "GNU.sparse.name") == 0)
			return set_text(&extended->sparse_name, key, value, size, err);
		return apply_sparse(extended, key + 11, value, err);
	}
	return 0;
}

static int apply_sparse(struct tar_extended *extended, const char *key, const char *value, struct error *err)
{
	uint64_t number;
	const char *end;

	if (strcmp(key, "map") == 0) {
		extended->sparse_map = value;
		return 0;
	}
	if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0)
		return set_number(extended, TAR_HAS_REAL_SIZE, &extended->real_size, "GNU.sparse.size", value, INT64_MAX, err);
	if (strcmp(key, "major") && strcmp(key, "minor") && strcmp(key, "offset") && strcmp(key, "numbytes"))
		return 0;
	if (tar_decimal(value, &end, &number) || *end)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: GNU.sparse.%s=%.64s is not a number", key, value);
	if (strcmp(key, "major") == 0) {
		extended->sparse_major = number > UINT_MAX ? UINT_MAX : (unsigned int)number;
	} else if (strcmp(key, "minor") == 0) {
		extended->sparse_minor = number > UINT_MAX ? UINT_MAX : (unsigned int)number;
	} else if (strcmp(key, "offset") == 0) {
		extended->sparse.used = true;
		return tar_sparse_add(&extended->sparse, number, 0, err);
	} else {
		if (!extended->sparse.count)
			return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: GNU.sparse.numbytes without GNU.sparse.offset");
		extended->sparse.parts[extended->sparse.count - 1].size = number;
	}
	return 0;
}

static int add_xattr(struct tar_extended *extended, const char *name, const void *value, size_t size, struct error *err)
{
	/* A later value replaces an earlier one: setting both in order does that. */
	if (extended->xattr_count == extended->xattr_capacity) {
		size_t capacity = extended->xattr_capacity ? 2 * extended->xattr_capacity : 4;
		struct tar_xattr *xattrs = realloc(extended->xattrs, capacity * sizeof(*xattrs));

		if (!xattrs)
			return error_system(err, "allocate", NULL);
		extended->xattrs = xattrs;
		extended->xattr_capacity = capacity;
	}
	extended->xattrs[extended->xattr_count++] = (struct tar_xattr){name, value, size};
	return 0;
}

/* An empty value takes an earlier one back. */
static int set_text(const char **slot, const char *key, const char *value, size_t size, struct error *err)
{
	if (strlen(value) != size)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: NUL in pax record %s", key);
	*slot = size ? value : NULL;
	return 0;
}

static int set_number(struct tar_extended *extended, unsigned int field, uint64_t *slot, const char *key, const char *value, uint64_t limit,
		      struct error *err)
{
	const char *end;

	extended->fields &= ~field;
	if (!*value)
		return 0;
	if (tar_decimal(value, &end, slot) || *end || *slot > limit)
		return error_set(err, ERROR_INVALID_PARAMETER, "bad archive: %s=%.64s is not a number in range", key, value);
	extended->fields |= field;
	return 0;
}

/* "[-]seconds[.fraction]", any number of digits in the fraction. */
static int parse_time(const char *text, struct timespec *time)
{
	bool negative = *text == '-';
	uint64_t seconds;
	long nanoseconds = 0, unit = 100000000;

	if (tar_decimal(text + negative, &text, &seconds) || seconds > INT64_MAX / 4)
		return -1;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
			nanoseconds += (*text - '0') * unit;
	if (*text)
		return -1;
	time->tv_sec = (time_t)seconds;
	time->tv_nsec = nanoseconds;
	if (negative) {
		time->tv_sec = -time->tv_sec - (nanoseconds ? 1 : 0);
		time->tv_nsec = nanoseconds ? 1000000000 - nanoseconds : 0;
	}
	return 0;
}
