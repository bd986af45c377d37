#define _GNU_SOURCE
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"

#define LINE_HEAD "{\"log\":\""
#define NEWLINE_TEXT "\\n"
#define FILE_MODE 0640

/* All of a line but its text. */
#define LINE_FRAME_MAX 96

static const char *const middles[LOG_STREAM_COUNT] = {"\",\"stream\":\"stdout\",\"time\":\"", "\",\"stream\":\"stderr\",\"time\":\""};

static int open_file(struct log_file *log);
static int cut_torn_line(struct log_file *log);
static void add_piece(struct log_file *log, enum log_stream stream, const unsigned char *bytes, size_t length, bool whole);
static char *end_line(const struct log_file *log, char *to, enum log_stream stream);
static int write_batch(struct log_file *log);
static int write_all(int fd, struct iovec *parts, int count, size_t *written);
static void drop_lines(struct log_file *log, size_t from, int because);
static size_t dropped_note(struct log_file *log, char *line);
static void rotate(struct log_file *log);
static void set_time(struct log_file *log);

int log_file_open(struct log_file *log, const struct plan_log *settings, struct error *err)
{
	char directory[PATH_MAX];
	const char *slash, *name;

	log->dir_fd = -1;
	log->fd = -1;
	if (!settings->path)
		return 0;
	slash = strrchr(settings->path, '/');
	name = slash ? slash + 1 : "";
	if (!name[0] || strlen(name) > NAME_MAX - 12 || (size_t)(name - settings->path) >= sizeof(directory))
		return error_set(err, ERROR_INVALID_PARAMETER, "%s cannot be a log file", settings->path);
	memcpy(log->name, name, strlen(name) + 1);
	memcpy(directory, settings->path, (size_t)(name - settings->path));
	directory[name - settings->path] = '\0';
	log->dir_fd = RETRY(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (log->dir_fd < 0)
		return error_system(err, "open log directory", directory);
	log->max_size = settings->max_size;
	log->max_files = settings->max_files ? settings->max_files : 1;
	log->wanted = true;
	if (open_file(log) && errno != ENOSPC && errno != EDQUOT)
		return error_system(err, "open log", settings->path);
	return 0;
}

void log_file_append(struct log_file *log, enum log_stream stream, const unsigned char *bytes, size_t length)
{
	unsigned char *partial = log->partial[stream].bytes;
	size_t *kept = &log->partial[stream].length;

	if (!log->wanted)
		return;
	set_time(log);
	while (length) {
		const unsigned char *newline = memchr(bytes, '\n', length);
		size_t line = newline ? (size_t)(newline - bytes) : length;

		if (*kept == 0 && (newline || line > LOG_PIECE_MAX)) {
			/* The usual case, straight from the reader's buffer. */
			bool whole = line <= LOG_PIECE_MAX;
			size_t piece = whole ? line : log_whole_characters(bytes, LOG_PIECE_MAX);

			add_piece(log, stream, bytes, piece, whole);
			bytes += piece + whole;
			length -= piece + whole;
			continue;
		}
		if (line > LOG_PIECE_MAX - *kept) {
			size_t added = LOG_PIECE_MAX - *kept, piece;

			memcpy(partial + *kept, bytes, added);
			piece = log_whole_characters(partial, LOG_PIECE_MAX);
			add_piece(log, stream, partial, piece, false);
			*kept = LOG_PIECE_MAX - piece;
			memmove(partial, partial + piece, *kept);
			bytes += added;
			length -= added;
			continue;
		}
		memcpy(partial + *kept, bytes, line);
		*kept += line;
		bytes += line;
		length -= line;
		if (newline) {
			add_piece(log, stream, partial, *kept, true);
			*kept = 0;
			bytes++;
			length--;
		}
	}
}

void log_file_flush(struct log_file *log)
{
	if (log->used && write_batch(log))
		drop_lines(log, 0, errno);
	log->used = 0;
}

void log_file_end(struct log_file *log)
{
	if (!log->wanted)
		return;
	set_time(log);
	for (int stream = 0; stream < LOG_STREAM_COUNT; stream++) {
		if (log->partial[stream].length)
			add_piece(log, (enum log_stream)stream, log->partial[stream].bytes, log->partial[stream].length, false);
		log->partial[stream].length = 0;
	}
	log_file_flush(log);
	cleanup_fd(&log->fd);
	cleanup_fd(&log->dir_fd);
	log->wanted = false;
}

/* One line of the log: `whole` says that a newline belongs to it. */
static void add_piece(struct log_file *log, enum log_stream stream, const unsigned char *bytes, size_t length, bool whole)
{
	size_t start, size;
	char *to;

	if (sizeof(log->buffer) - log->used < LOG_ESCAPED_MAX(length) + LINE_FRAME_MAX)
		log_file_flush(log);
	start = log->used;
	to = log->buffer + start;
	memcpy(to, LINE_HEAD, sizeof(LINE_HEAD) - 1);
	to += sizeof(LINE_HEAD) - 1;
	to += log_escape(to, bytes, length);
	if (whole) {
		memcpy(to, NEWLINE_TEXT, sizeof(NEWLINE_TEXT) - 1);
		to += sizeof(NEWLINE_TEXT) - 1;
	}
	to = end_line(log, to, stream);
	log_clock_step(&log->clock);
	size = (size_t)(to - log->buffer) - start;
	if (log->max_size && log->size + start + size > log->max_size && log->size + start > 0) {
		log_file_flush(log);
		memmove(log->buffer, log->buffer + start, size);
		start = 0;
		log->used = size;
		rotate(log);
	}
	log->used = start + size;
}

static char *end_line(const struct log_file *log, char *to, enum log_stream stream)
{
	size_t middle = strlen(middles[LOG_STDOUT]); /* both are as long */

	memcpy(to, middles[stream], middle);
	to += middle;
	memcpy(to, log->clock.text, LOG_TIME_LENGTH);
	to += LOG_TIME_LENGTH;
	memcpy(to, "\"}\n", 3);
	return to + 3;
}

/* The buffer, after a note of what was dropped before it. On failure nothing was written; the lines that fitted on a full disk are no failure. */
static int write_batch(struct log_file *log)
{
	char note[256 + LINE_FRAME_MAX];
	size_t note_length = log->dropped_lines ? dropped_note(log, note) : 0, written = 0, kept;
	struct iovec parts[2] = {{.iov_base = note, .iov_len = note_length}, {.iov_base = log->buffer, .iov_len = log->used}};
	const char *last;
	int because;

	if (log->fd < 0 && open_file(log))
		return -1;
	if (write_all(log->fd, parts, 2, &written) == 0) {
		log->size += written;
		log->dropped_lines = 0;
		return 0;
	}
	because = errno;
	/* Half a line would make the file unreadable. */
	last = written > note_length ? memrchr(log->buffer, '\n', written - note_length) : NULL;
	kept = last ? (size_t)(last + 1 - log->buffer) : 0;
	if (kept) {
		log->size += note_length + kept;
		log->dropped_lines = 0;
		drop_lines(log, kept, because);
	}
	if (RETRY(ftruncate(log->fd, (off_t)log->size)))
		cleanup_fd(&log->fd);
	errno = because;
	return kept ? 0 : -1;
}

static int write_all(int fd, struct iovec *parts, int count, size_t *written)
{
	while (count) {
		ssize_t got = RETRY(writev(fd, parts, count));

		if (got < 0)
			return -1;
		*written += (size_t)got;
		while (count && (size_t)got >= parts->iov_len) {
			got -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count) {
			parts->iov_base = (char *)parts->iov_base + got;
			parts->iov_len -= (size_t)got;
		}
	}
	return 0;
}

/* Counts the lines in the buffer from there on as dropped. */
static void drop_lines(struct log_file *log, size_t from, int because)
{
	const char *at = log->buffer + from, *end = log->buffer + log->used;

	log->dropped_because = because;
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		log->dropped_lines++;
		at++;
	}
}

/* A line in the log's own form, so that whoever reads the log learns of the gap. */
static size_t dropped_note(struct log_file *log, char *line)
{
	char reason[128];
	int length;

	length = snprintf(line, 256, LINE_HEAD "tug: %" PRIu64 " line%s not logged: %s" NEWLINE_TEXT, log->dropped_lines, log->dropped_lines == 1 ? "" : "s",
		error_text(log->dropped_because, reason, sizeof(reason)));
	return (size_t)(end_line(log, line + length, LOG_STDERR) - line);
}

/*
 * FILE.N-2 becomes FILE.N-1, …, FILE becomes FILE.1, and a new FILE is begun; with one file it is emptied. Where renaming is refused, the file is
 * emptied too: the limit is a promise. A missing directory means that the container was removed.
 */
static void rotate(struct log_file *log)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	if (log->fd < 0)
		return;
	for (uint32_t i = log->max_files - 1; i > 0; i--) {
		if (i == 1)
			memcpy(from, log->name, sizeof(from));
		else
			snprintf(from, sizeof(from), "%.*s.%" PRIu32, NAME_MAX - 12, log->name, i - 1);
		snprintf(to, sizeof(to), "%.*s.%" PRIu32, NAME_MAX - 12, log->name, i);
		if (renameat(log->dir_fd, from, log->dir_fd, to) == 0 && i == 1) {
			cleanup_fd(&log->fd);
			log->size = 0;
			/* When this fails, the next batch tries again. */
			open_file(log);
			return;
		}
	}
	if (RETRY(ftruncate(log->fd, 0)) == 0)
		log->size = 0;
}

static int open_file(struct log_file *log)
{
	struct stat stat;
	int fd AUTO_CLOSE = RETRY(openat(log->dir_fd, log->name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, FILE_MODE));

	if (fd < 0 || fstat(fd, &stat))
		return -1;
	if (!S_ISREG(stat.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	log->fd = fd;
	log->size = (uint64_t)stat.st_size;
	if (cut_torn_line(log)) {
		log->fd = -1;
		return -1;
	}
	take_fd(&fd);
	return 0;
}

/* What follows the last newline was being written when the power went, or the monitor was killed. */
static int cut_torn_line(struct log_file *log)
{
	/* The buffer may hold lines (the file is opened again for them): what is free of it serves. */
	char *block = log->buffer + log->used;
	size_t room = sizeof(log->buffer) - log->used;
	uint64_t end = log->size;
	char last;

	if (end == 0 || (RETRY(pread(log->fd, &last, 1, (off_t)end - 1)) == 1 && last == '\n'))
		return 0;
	while (end > 0) {
		size_t size = end < room ? (size_t)end : room;
		ssize_t got = RETRY(pread(log->fd, block, size, (off_t)(end - size)));
		char *newline;

		if (got != (ssize_t)size)
			return -1;
		newline = memrchr(block, '\n', size);
		if (newline) {
			end = end - size + (size_t)(newline - block) + 1;
			break;
		}
		end -= size;
	}
	log->size = end;
	return RETRY(ftruncate(log->fd, (off_t)end));
}

static void set_time(struct log_file *log)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	log_clock_set(&log->clock, &now);
}
