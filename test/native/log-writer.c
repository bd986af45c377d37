/*
 * Writes stdin to a log as the monitor does: log-writer FILE MAX_SIZE MAX_FILES SEED. The bytes come in pieces of random sizes; a byte 0x00 (dropped)
 * switches between stdout and stderr.
 */
#define _GNU_SOURCE
#include "../../engine/native/error.c"
#include "../../engine/native/log_file.c"
#include "../../engine/native/log_line.c"
#include "../../engine/native/utf8.c"

static struct log_file log_;

static void append(enum log_stream stream, const unsigned char *bytes, size_t length)
{
	while (length) {
		size_t piece = (size_t)random() % (random() % 4 ? 100 : 70000) + 1;
		unsigned char *copy;

		if (piece > length)
			piece = length;
		/* A copy of just that size, so that the sanitizer sees the first byte read beyond it. */
		copy = malloc(piece);
		memcpy(copy, bytes, piece);
		log_file_append(&log_, stream, copy, piece);
		free(copy);
		if (random() % 3 == 0)
			log_file_flush(&log_);
		bytes += piece;
		length -= piece;
	}
}

int main(int argc, char **argv)
{
	static unsigned char input[64 << 20];
	struct plan_log settings = {0};
	enum log_stream stream = LOG_STDOUT;
	struct error err;
	size_t length = 0, start = 0;
	ssize_t got;

	if (argc != 5)
		return 2;
	settings.path = argv[1];
	settings.max_size = strtoull(argv[2], NULL, 10);
	settings.max_files = (uint32_t)atoi(argv[3]);
	srandom((unsigned int)atoi(argv[4]));
	while ((got = read(0, input + length, sizeof(input) - length)) > 0)
		length += (size_t)got;
	if (log_file_open(&log_, &settings, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	for (size_t at = 0; at <= length; at++) {
		if (at < length && input[at])
			continue;
		append(stream, input + start, at - start);
		stream = stream == LOG_STDOUT ? LOG_STDERR : LOG_STDOUT;
		start = at + 1;
	}
	log_file_end(&log_);
	return 0;
}
