#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int check(const char *path);
static const char *search_path(const struct plan *plan);

int program_find(const struct plan *plan, char path[PATH_MAX], struct error *err)
{
	const char *name = plan->args.items[0];
	char reason[128];

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		if (check(path) == 0)
			return 0;
		error_text(errno, reason, sizeof(reason));
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG) {
			int number = errno;

			error_set(err, ERROR_INVALID_PARAMETER, "exec: \"%s\": stat %s: %s", name, name, reason);
			err->number = number;
			err->exit_code = 127;
			return -1;
		}
		error_set(err, ERROR_INVALID_PARAMETER, "exec: \"%s\": %s", name, reason);
		err->exit_code = 126;
		return -1;
	}
	for (const char *at = search_path(plan); name[0];) {
		size_t length = strcspn(at, ":");
		int fits = snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, at, length ? "/" : "./", name) < PATH_MAX;

		if (fits && check(path) == 0)
			return 0;
		if (!at[length])
			break;
		at += length + 1;
	}
	error_set(err, ERROR_INVALID_PARAMETER, "exec: \"%s\": executable file not found in $PATH", name);
	err->exit_code = 127;
	return -1;
}

int program_exit_code(int number)
{
	return number == ENOENT || number == ENOTDIR ? 127 : 126;
}

/* 0, or -1 with errno. */
static int check(const char *path)
{
	struct stat found;

	if (stat(path, &found))
		return -1;
	if (S_ISDIR(found.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	/* Root may "execute" what has no x bit at all, says access(2), but not execve(2). */
	if (!(found.st_mode & 0111)) {
		errno = EACCES;
		return -1;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

static const char *search_path(const struct plan *plan)
{
	const char *path = DEFAULT_PATH;

	for (size_t i = 0; i < plan->env.count; i++)
		if (strncmp(plan->env.items[i], "PATH=", 5) == 0)
			path = plan->env.items[i] + 5;
	return path;
}
