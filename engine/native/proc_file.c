#define _GNU_SOURCE
#include "proc_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

static bool parse_number(const char *text, uint64_t *number);

ssize_t proc_read(int dir, const char *path, char *text, size_t size)
{
	int fd AUTO_CLOSE = RETRY(openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
	size_t length = 0;

	if (fd < 0)
		return -1;
	while (length < size - 1) {
		ssize_t got = RETRY(read(fd, text + length, size - 1 - length));

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	return (ssize_t)length;
}

bool proc_read_number(int dir, const char *path, uint64_t *number)
{
	char text[64];

	return proc_read(dir, path, text, sizeof(text)) > 0 && parse_number(text, number);
}

bool proc_find_number(const char *text, const char *key, uint64_t *number)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return parse_number(line + length + strspn(line + length, " "), number);
	}
	return false;
}

int proc_read_stat(pid_t pid, struct proc_stat *stat)
{
	char path[32], text[1024];
	const char *fields;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return -1;
	/* The name may hold brackets and spaces, the last bracket ends it. */
	fields = strrchr(text, ')');
	if (!fields)
		return -1;
	if (sscanf(fields + 1,
		    " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*s %*s %*s %*s %" SCNu64 " %*s %" SCNu64, &stat->state,
		    &parent, &stat->user_ticks, &stat->system_ticks, &stat->children_user, &stat->children_system, &stat->start_ticks, &stat->resident_pages) != 8)
		return -1;
	stat->parent = parent;
	return 0;
}

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno == 0;
}
