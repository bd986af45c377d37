#define _GNU_SOURCE
#include "log_line.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

#define ONES 0x0101010101010101ULL
#define HIGH 0x8080808080808080ULL

#define NANOSECONDS 1000000000

static uint64_t load(const unsigned char *bytes);
static uint64_t special_bytes(uint64_t word);
static size_t escape_one(char *out, const unsigned char *bytes, size_t available, size_t *used);
static void write_seconds(struct log_clock *clock);
static void write_nanoseconds(struct log_clock *clock);

size_t log_escape(char *out, const unsigned char *bytes, size_t length)
{
	char *to = out;
	size_t at = 0;

	while (at < length) {
		size_t used;

		/* Eight bytes at a time, up to the first that needs a look. The copy may be longer than what counts. */
		while (length - at >= 8) {
			uint64_t special = special_bytes(load(bytes + at));

			memcpy(to, bytes + at, 8);
			if (special) {
				size_t plain = (size_t)__builtin_ctzll(special) / 8;

				to += plain;
				at += plain;
				break;
			}
			to += 8;
			at += 8;
		}
		if (at == length)
			break;
		to += escape_one(to, bytes + at, length - at, &used);
		at += used;
	}
	return (size_t)(to - out);
}

size_t log_whole_characters(const unsigned char *bytes, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char byte = bytes[length - back];
		size_t size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;

		if ((byte & 0xc0) == 0x80)
			continue;
		return size > back ? length - back : length;
	}
	return length;
}

void log_clock_set(struct log_clock *clock, const struct timespec *now)
{
	int64_t seconds = now->tv_sec, nanoseconds = now->tv_nsec;
	int64_t ahead = (clock->seconds - seconds) * NANOSECONDS + clock->nanoseconds - nanoseconds;

	if (ahead >= 0 && ahead < NANOSECONDS) {
		log_clock_step(clock);
		return;
	}
	clock->nanoseconds = nanoseconds;
	if (clock->seconds != seconds || !clock->text[0]) {
		clock->seconds = seconds;
		write_seconds(clock);
	}
	write_nanoseconds(clock);
}

void log_clock_step(struct log_clock *clock)
{
	char *digit = clock->text + LOG_TIME_LENGTH - 2;

	if (++clock->nanoseconds == NANOSECONDS) {
		clock->nanoseconds = 0;
		clock->seconds++;
		write_seconds(clock);
		write_nanoseconds(clock);
		return;
	}
	while (*digit == '9')
		*digit-- = '0';
	++*digit;
}

static void write_seconds(struct log_clock *clock)
{
	time_t seconds = (time_t)clock->seconds;
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(clock->text, sizeof(clock->text), "%Y-%m-%dT%H:%M:%S", &parts);
	clock->text[LOG_TIME_LENGTH - 1] = 'Z';
}

static void write_nanoseconds(struct log_clock *clock)
{
	int64_t rest = clock->nanoseconds;

	clock->text[19] = '.';
	for (int i = LOG_TIME_LENGTH - 2; i > 19; i--) {
		clock->text[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
}

/* The first byte in the lowest bits, on any machine. */
static uint64_t load(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The high bit of the lowest byte that is a control character, a quote, a backslash or not ASCII (above it, more bits may be set than are due). */
static uint64_t special_bytes(uint64_t word)
{
	uint64_t quote = word ^ (ONES * '"');
	uint64_t backslash = word ^ (ONES * '\\');

	return ((word - ONES * 0x20) | word | (quote - ONES) | (backslash - ONES)) & HIGH;
}

/* One character, plain or not. */
static size_t escape_one(char *out, const unsigned char *bytes, size_t available, size_t *used)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char byte = bytes[0];
	size_t size;

	*used = 1;
	if (byte >= 0x80) {
		size = utf8_length(bytes, available);
		if (size == 0) {
			memcpy(out, "\\ufffd", 6);
			return 6;
		}
		memcpy(out, bytes, size);
		*used = size;
		return size;
	}
	out[0] = '\\';
	switch (byte) {
	case '"':
	case '\\':
		out[1] = (char)byte;
		return 2;
	case '\n':
		out[1] = 'n';
		return 2;
	case '\r':
		out[1] = 'r';
		return 2;
	case '\t':
		out[1] = 't';
		return 2;
	default:
		break;
	}
	if (byte >= 0x20) {
		out[0] = (char)byte;
		return 1;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[byte >> 4];
	out[5] = hex[byte & 15];
	return 6;
}
