/* The plan's bytes: records in turn, and what their payloads can be. Everything is bounds-checked here; messages name the record. */
#ifndef TUG_PLAN_BYTES_H
#define TUG_PLAN_BYTES_H

#include "plan.h"

/* A stretch of the plan's bytes. */
struct plan_slice {
	const unsigned char *at;
	size_t length;
};

struct plan_record {
	uint16_t tag;
	struct plan_slice payload;
};

struct plan_parser {
	struct plan *plan;
	char *arena_next; /* room is never short: a string needs one byte more than its payload, and each record has a header of eight */
	uint64_t seen;
	const char *name; /* of the record being parsed, for messages */
};

uint16_t plan_load16(const unsigned char *at);
uint32_t plan_load32(const unsigned char *at);
uint64_t plan_load64(const unsigned char *at);

/* Takes the first record off `rest`, which is not empty. */
int plan_next_record(struct plan_slice *rest, struct plan_record *record, struct error *err);

/* The next member of a nested record; each may be there once (bits of *seen). 1 when there is one, 0 at the end. */
int plan_next_member(const struct plan_parser *parser, struct plan_slice *rest, struct plan_record *member, uint32_t *seen, struct error *err);

/* All bits of `wanted` must be among those seen. */
int plan_require(const struct plan_parser *parser, uint32_t seen, uint32_t wanted, struct error *err);

int plan_get_u32(const struct plan_parser *parser, struct plan_slice payload, uint32_t *out, struct error *err);
int plan_get_u64(const struct plan_parser *parser, struct plan_slice payload, uint64_t *out, struct error *err);

/* A copy that lives as long as the plan. */
int plan_get_string(struct plan_parser *parser, struct plan_slice payload, const char **out, struct error *err);
int plan_get_path(struct plan_parser *parser, struct plan_slice payload, const char **out, struct error *err);
int plan_add_string(struct plan_parser *parser, struct plan_strings *list, struct plan_slice payload, bool path, struct error *err);

/* Room for one more element at the end of an array; NULL without memory. */
void *plan_grow(void *array, size_t count, size_t size);

/* "plan: NAME: WHAT" */
int plan_wrong(const struct plan_parser *parser, const char *what, struct error *err);

#endif
