#include "tar_number.h"

#include <stdbool.h>

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

int tar_decimal(const char *text, const char **end, uint64_t *value)
{
	uint64_t number = 0;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return -1;
	*end = text;
	*value = number;
	return 0;
}
