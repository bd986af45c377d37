#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static void separate(struct json *json);

void json_free(struct json *json)
{
	free(json->data);
	memset(json, 0, sizeof(*json));
}

void json_reset(struct json *json)
{
	json->length = 0;
	json->failed = false;
}

void json_append(struct json *json, const void *bytes, size_t length)
{
	if (json->failed)
		return;
	if (length > json->capacity - json->length) {
		size_t capacity = json->capacity ? json->capacity : 256;
		char *grown;

		while (capacity - json->length < length) {
			if (capacity > SIZE_MAX / 2) {
				json->failed = true;
				return;
			}
			capacity *= 2;
		}
		grown = realloc(json->data, capacity);
		if (!grown) {
			json->failed = true;
			return;
		}
		json->data = grown;
		json->capacity = capacity;
	}
	if (length)
		memcpy(json->data + json->length, bytes, length);
	json->length += length;
}

int json_finish(const struct json *json)
{
	return json->failed ? -1 : 0;
}

void json_begin_object(struct json *json)
{
	separate(json);
	json_append(json, "{", 1);
}

void json_end_object(struct json *json)
{
	json_append(json, "}", 1);
}

void json_begin_array(struct json *json)
{
	separate(json);
	json_append(json, "[", 1);
}

void json_end_array(struct json *json)
{
	json_append(json, "]", 1);
}

void json_key(struct json *json, const char *key)
{
	json_string(json, key);
	json_append(json, ":", 1);
}

void json_string(struct json *json, const char *text)
{
	json_bytes(json, text, strlen(text));
}

void json_bytes(struct json *json, const char *bytes, size_t length)
{
	separate(json);
	json_append(json, "\"", 1);
	json_escape(json, bytes, length);
	json_append(json, "\"", 1);
}

void json_integer(struct json *json, int64_t value)
{
	char text[24];

	separate(json);
	json_append(json, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, value));
}

void json_unsigned(struct json *json, uint64_t value)
{
	char text[24];

	separate(json);
	json_append(json, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value));
}

void json_boolean(struct json *json, bool value)
{
	separate(json);
	json_append(json, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json *json)
{
	separate(json);
	json_append(json, "null", 4);
}

void json_raw(struct json *json, const char *text, size_t length)
{
	if (length == 0)
		return;
	separate(json);
	json_append(json, text, length);
}

void json_member_string(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	json_string(json, value);
}

void json_member_integer(struct json *json, const char *key, int64_t value)
{
	json_key(json, key);
	json_integer(json, value);
}

void json_member_unsigned(struct json *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_unsigned(json, value);
}

void json_member_boolean(struct json *json, const char *key, bool value)
{
	json_key(json, key);
	json_boolean(json, value);
}

void json_escape(struct json *json, const char *bytes, size_t length)
{
	const unsigned char *text = (const unsigned char *)bytes;
	size_t plain = 0, at = 0;

	while (at < length) {
		unsigned char byte = text[at];
		size_t size;
		char escape[8];

		if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
			at++;
			continue;
		}
		size = byte < 0x80 ? 0 : utf8_length(text + at, length - at);
		if (size) {
			at += size;
			continue;
		}
		json_append(json, bytes + plain, at - plain);
		switch (byte) {
		case '"':
			json_append(json, "\\\"", 2);
			break;
		case '\\':
			json_append(json, "\\\\", 2);
			break;
		case '\n':
			json_append(json, "\\n", 2);
			break;
		case '\r':
			json_append(json, "\\r", 2);
			break;
		case '\t':
			json_append(json, "\\t", 2);
			break;
		default:
			if (byte >= 0x80)
				json_append(json, "\\ufffd", 6);
			else
				json_append(json, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", byte));
		}
		plain = ++at;
	}
	json_append(json, bytes + plain, at - plain);
}

/* A comma is due after a value, not after an opening bracket, a colon or at the beginning (of a line). */
static void separate(struct json *json)
{
	char last = json->length ? json->data[json->length - 1] : '\n';

	if (last != '{' && last != '[' && last != ':' && last != '\n')
		json_append(json, ",", 1);
}
