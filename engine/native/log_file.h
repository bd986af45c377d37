/*
 * The json-file log of a container (readme.md, Log). Lines are gathered and written in batches, one write(2) each; a log that cannot be written never
 * stops the container: lines are dropped and counted, and one line tells how many as soon as writing works again.
 */
#ifndef TUG_LOG_FILE_H
#define TUG_LOG_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "log_line.h"
#include "plan.h"

#define LOG_BUFFER_SIZE (256 * 1024)

enum log_stream {
	LOG_STDOUT,
	LOG_STDERR,
};
#define LOG_STREAM_COUNT 2

struct log_file {
	bool wanted;
	int dir_fd, fd; /* fd is -1 as long as the file cannot be opened */
	char name[NAME_MAX + 1];
	uint64_t size, max_size;
	uint32_t max_files;
	struct log_clock clock;
	uint64_t dropped_lines;
	int dropped_because; /* errno */
	size_t used;
	struct {
		size_t length;
		unsigned char bytes[LOG_PIECE_MAX];
	} partial[LOG_STREAM_COUNT];
	char buffer[LOG_BUFFER_SIZE];
};

/*
 * Opens or creates the file for appending; a last line that was torn by a crash is cut off. A full disk is no failure. `log` is zeroed before; with no
 * path in the settings everything below does nothing.
 */
int log_file_open(struct log_file *log, const struct plan_log *settings, struct error *err);

/* What a stream wrote, in pieces of any size. Complete lines go to the buffer, the rest is kept. */
void log_file_append(struct log_file *log, enum log_stream stream, const unsigned char *bytes, size_t length);

/* Writes the buffer. */
void log_file_flush(struct log_file *log);

/* Lines without an end go out too; closes the file. */
void log_file_end(struct log_file *log);

#endif
