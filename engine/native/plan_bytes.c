#define _GNU_SOURCE
#include "plan_bytes.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_HEADER_SIZE 8

uint16_t plan_load16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t plan_load32(const unsigned char *at)
{
	return (uint32_t)plan_load16(at) | (uint32_t)plan_load16(at + 2) << 16;
}

uint64_t plan_load64(const unsigned char *at)
{
	return (uint64_t)plan_load32(at) | (uint64_t)plan_load32(at + 4) << 32;
}

int plan_next_record(struct plan_slice *rest, struct plan_record *record, struct error *err)
{
	if (rest->length < RECORD_HEADER_SIZE)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: cut off in a record's header");
	record->tag = plan_load16(rest->at);
	record->payload = (struct plan_slice){rest->at + RECORD_HEADER_SIZE, plan_load32(rest->at + 4)};
	if (plan_load16(rest->at + 2) != 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: record %u is not aligned", record->tag);
	if (record->payload.length > rest->length - RECORD_HEADER_SIZE)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: cut off in record %u", record->tag);
	rest->at = record->payload.at + record->payload.length;
	rest->length -= RECORD_HEADER_SIZE + record->payload.length;
	return 0;
}

int plan_wrong(const struct plan_parser *parser, const char *what, struct error *err)
{
	return error_set(err, ERROR_INVALID_PARAMETER, "plan: %s: %s", parser->name, what);
}

int plan_get_u32(const struct plan_parser *parser, struct plan_slice payload, uint32_t *out, struct error *err)
{
	if (payload.length != 4)
		return plan_wrong(parser, "wrong size", err);
	*out = plan_load32(payload.at);
	return 0;
}

int plan_get_u64(const struct plan_parser *parser, struct plan_slice payload, uint64_t *out, struct error *err)
{
	if (payload.length != 8)
		return plan_wrong(parser, "wrong size", err);
	*out = plan_load64(payload.at);
	return 0;
}

int plan_get_string(struct plan_parser *parser, struct plan_slice payload, const char **out, struct error *err)
{
	char *copy = parser->arena_next;

	if (payload.length && memchr(payload.at, 0, payload.length))
		return plan_wrong(parser, "has a NUL byte", err);
	if (payload.length)
		memcpy(copy, payload.at, payload.length);
	copy[payload.length] = 0;
	parser->arena_next += payload.length + 1;
	*out = copy;
	return 0;
}

int plan_get_path(struct plan_parser *parser, struct plan_slice payload, const char **out, struct error *err)
{
	if (payload.length == 0 || payload.at[0] != '/')
		return plan_wrong(parser, "not an absolute path", err);
	if (payload.length >= 4096)
		return plan_wrong(parser, "path too long", err);
	return plan_get_string(parser, payload, out, err);
}

void *plan_grow(void *array, size_t count, size_t size)
{
	/* A power of two means that the array is full (or empty). */
	if (count && (count & (count - 1)))
		return array;
	return reallocarray(array, count ? count * 2 : 1, size);
}

int plan_add_string(struct plan_parser *parser, struct plan_strings *list, struct plan_slice payload, bool path, struct error *err)
{
	const char *text = NULL;
	char **grown;

	if (path ? plan_get_path(parser, payload, &text, err) : plan_get_string(parser, payload, &text, err))
		return -1;
	/* One slot more than strings, for the NULL at the end. */
	grown = plan_grow(list->items, list->count + 1, sizeof(char *));
	if (!grown)
		return error_system(err, "allocate", NULL);
	list->items = grown;
	list->items[list->count++] = (char *)text;
	list->items[list->count] = NULL;
	return 0;
}

int plan_next_member(const struct plan_parser *parser, struct plan_slice *rest, struct plan_record *member, uint32_t *seen, struct error *err)
{
	if (rest->length == 0)
		return 0;
	if (plan_next_record(rest, member, err))
		return error_prefix(err, "%s: ", parser->name);
	if (member->tag == 0 || member->tag > 31)
		return plan_wrong(parser, "unknown member", err);
	if (*seen & 1u << member->tag)
		return plan_wrong(parser, "member given twice", err);
	*seen |= 1u << member->tag;
	return 1;
}

int plan_require(const struct plan_parser *parser, uint32_t seen, uint32_t wanted, struct error *err)
{
	return (seen & wanted) == wanted ? 0 : plan_wrong(parser, "a member is missing", err);
}
