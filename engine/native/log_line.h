/* Lines of a log: the text between the quotes of a JSON string, and the time beside it. No I/O. */
#ifndef TUG_LOG_LINE_H
#define TUG_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* docker's: a longer line is written in several pieces. */
#define LOG_PIECE_MAX 16384

/* Most bytes log_escape makes of `length` bytes (it writes up to 8 beyond what it uses). */
#define LOG_ESCAPED_MAX(length) (6 * (length) + 8)

/* "2026-11-21T00:00:00.000000000Z" without terminator. */
#define LOG_TIME_LENGTH 30

/*
 * Escapes bytes for a JSON string into `out`, which has room for LOG_ESCAPED_MAX(length); returns the bytes written. Bytes that belong to no valid
 * UTF-8 sequence become U+FFFD each, as Go's encoder has it.
 */
size_t log_escape(char *out, const unsigned char *bytes, size_t length);

/* How many of `length` bytes to take so that the cut does not fall into a valid UTF-8 character: `length`, or up to 3 less. */
size_t log_whole_characters(const unsigned char *bytes, size_t length);

/* RFC 3339 with nanoseconds, made anew only where it differs from the last one. Zero at first. */
struct log_clock {
	int64_t seconds, nanoseconds;
	char text[LOG_TIME_LENGTH];
};

/* The time is `now`. Never the same one twice, and not back by less than a second: readers resume after the last time they have seen. */
void log_clock_set(struct log_clock *clock, const struct timespec *now);

/* One nanosecond later. */
void log_clock_step(struct log_clock *clock);

#endif
