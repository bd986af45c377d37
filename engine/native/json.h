/*
 * Writing JSON into a growing buffer: `struct json json = {0};`. Commas are put by the writer. A failed allocation is remembered and told by
 * json_finish, so that callers need not check every call. Bytes that are not UTF-8 become U+FFFD.
 */
#ifndef TUG_JSON_H
#define TUG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *data;
	size_t length, capacity;
	bool failed;
};

#define AUTO_JSON __attribute__((cleanup(json_free)))

void json_free(struct json *json);
void json_reset(struct json *json);

void json_begin_object(struct json *json);
void json_end_object(struct json *json);
void json_begin_array(struct json *json);
void json_end_array(struct json *json);
void json_key(struct json *json, const char *key);

void json_string(struct json *json, const char *text);
void json_bytes(struct json *json, const char *bytes, size_t length); /* a string, from bytes without terminator */
void json_integer(struct json *json, int64_t value);
void json_unsigned(struct json *json, uint64_t value);
void json_boolean(struct json *json, bool value);
void json_null(struct json *json);
/* JSON text as it is; a comma is put before it when one is due. */
void json_raw(struct json *json, const char *text, size_t length);

void json_member_string(struct json *json, const char *key, const char *value);
void json_member_integer(struct json *json, const char *key, int64_t value);
void json_member_unsigned(struct json *json, const char *key, uint64_t value);
void json_member_boolean(struct json *json, const char *key, bool value);

/* Appends bytes with no thought of JSON (a newline, a frame header). */
void json_append(struct json *json, const void *bytes, size_t length);

/* Only the escaped characters, without quotes. */
void json_escape(struct json *json, const char *bytes, size_t length);

/* 0 when everything fitted into memory, else -1. */
int json_finish(const struct json *json);

#endif
