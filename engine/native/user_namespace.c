#define _GNU_SOURCE
#include "user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define RANGES_MAX 340 /* the kernel's limit */

static int parse_map(const char *map, char ***arguments, size_t *ranges, bool *single, struct error *err);
static int write_map(pid_t pid, const char *file, const char *text, struct error *err);
static int start_helper(const char *program, pid_t pid, char **arguments, pid_t *helper, int *output, struct error *err);
static int finish_helper(const char *program, pid_t helper, int output, struct error *err);
static long read_number(const char *path);

int user_namespace_map(pid_t pid, const char *uid_map, const char *gid_map, struct error *err)
{
	char **uids AUTO_FREE = NULL, **gids AUTO_FREE = NULL;
	char *uid_text AUTO_FREE = strdup(uid_map), *gid_text AUTO_FREE = strdup(gid_map);
	size_t uid_ranges, gid_ranges;
	bool uid_single, gid_single;
	pid_t helpers[2] = {-1, -1};
	int outputs[2] = {-1, -1}, result;
	struct error second;

	if (!uid_text || !gid_text)
		return error_system(err, "allocate", NULL);
	if (parse_map(uid_text, &uids, &uid_ranges, &uid_single, err) || parse_map(gid_text, &gids, &gid_ranges, &gid_single, err))
		return -1;
	if (uid_single && gid_single) {
		if (write_map(pid, "setgroups", "deny", err) || write_map(pid, "uid_map", uid_map, err))
			return -1;
		return write_map(pid, "gid_map", gid_map, err);
	}
	/* Both at once: they take a millisecond each. */
	result = start_helper("newuidmap", pid, uids, &helpers[0], &outputs[0], err);
	if (result == 0)
		result = start_helper("newgidmap", pid, gids, &helpers[1], &outputs[1], err);
	if (helpers[0] > 0 && finish_helper("newuidmap", helpers[0], outputs[0], result ? &second : err))
		result = -1;
	if (helpers[1] > 0 && finish_helper("newgidmap", helpers[1], outputs[1], result ? &second : err))
		result = -1;
	return result;
}

int user_namespace_refused(struct error *err)
{
	const char *reason = "the kernel refuses user namespaces";

	if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		reason = "user namespaces are switched off for users: sysctl -w kernel.unprivileged_userns_clone=1";
	else if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		reason = "AppArmor restricts user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or install a profile for tug";
	else if (read_number("/proc/sys/user/max_user_namespaces") == 0)
		reason = "no user namespace is allowed: sysctl -w user.max_user_namespaces=15000";
	return error_set(err, ERROR_UNAVAILABLE, "%s", reason);
}

/* Cuts the text up: the words in order, as newuidmap takes them. */
static int parse_map(const char *map, char ***arguments, size_t *ranges, bool *single, struct error *err)
{
	char *rest = (char *)map, *range, *range_state = NULL;

	*arguments = calloc(RANGES_MAX * 3 + 1, sizeof(char *));
	*ranges = 0;
	*single = false;
	if (!*arguments)
		return error_system(err, "allocate", NULL);
	for (range = strtok_r(rest, ",", &range_state); range; range = strtok_r(NULL, ",", &range_state)) {
		char *word_state = NULL, *word = strtok_r(range, " ", &word_state);
		int words = 0;

		if (*ranges == RANGES_MAX)
			return error_set(err, ERROR_INVALID_PARAMETER, "id map: more than %d ranges", RANGES_MAX);
		for (; word; word = strtok_r(NULL, " ", &word_state)) {
			if (words == 3 || strspn(word, "0123456789") != strlen(word))
				return error_set(err, ERROR_INVALID_PARAMETER, "id map: a range is three numbers");
			(*arguments)[*ranges * 3 + (size_t)words++] = word;
		}
		if (words != 3)
			return error_set(err, ERROR_INVALID_PARAMETER, "id map: a range is three numbers");
		(*ranges)++;
	}
	if (*ranges == 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "id map: no range");
	*single = *ranges == 1 && strcmp((*arguments)[2], "1") == 0;
	return 0;
}

static int write_map(pid_t pid, const char *file, const char *text, struct error *err)
{
	char path[64];
	int fd AUTO_CLOSE = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = RETRY(open(path, O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return error_system(err, "open id map", path);
	if (RETRY(write(fd, text, strlen(text))) < 0)
		return error_system(err, "write id map", path);
	return 0;
}

static int start_helper(const char *program, pid_t pid, char **arguments, pid_t *helper, int *output, struct error *err)
{
	char *argv[RANGES_MAX * 3 + 3] = {(char *)program};
	char number[16];
	size_t count = 2;
	int ends[2];

	snprintf(number, sizeof(number), "%d", pid);
	argv[1] = number;
	while (*arguments)
		argv[count++] = *arguments++;
	if (pipe2(ends, O_CLOEXEC))
		return error_system(err, "create pipe", NULL);
	*helper = fork();
	if (*helper == 0) {
		signal(SIGPIPE, SIG_DFL);
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execvp(program, argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(ends[1]);
	if (*helper < 0) {
		close(ends[0]);
		return error_system(err, "start", program);
	}
	*output = ends[0];
	return 0;
}

static int finish_helper(const char *program, pid_t helper, int output, struct error *err)
{
	char text[512] = "";
	size_t length = 0;
	ssize_t got;
	int status;

	while (length < sizeof(text) - 1 && (got = RETRY(read(output, text + length, sizeof(text) - 1 - length))) > 0)
		length += (size_t)got;
	close(output);
	text[length] = 0;
	text[strcspn(text, "\n")] = 0;
	if (RETRY(waitpid(helper, &status, 0)) < 0)
		return error_system(err, "wait for", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_UNAVAILABLE, "%s is not there: apt install uidmap", program);
	return error_set(err, ERROR_UNAVAILABLE, "%s failed (%s): check /etc/subuid and /etc/subgid", program, text);
}

static long read_number(const char *path)
{
	char text[32] = "";
	int fd AUTO_CLOSE = RETRY(open(path, O_RDONLY | O_CLOEXEC));

	if (fd < 0 || RETRY(read(fd, text, sizeof(text) - 1)) <= 0)
		return -1;
	return strtol(text, NULL, 10);
}

bool user_namespace_has_single_id(void)
{
	AUTO_CLOSE int fd = RETRY(open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC));
	char text[256];
	unsigned long long inside, outside, count;
	const ssize_t length = fd < 0 ? -1 : RETRY(read(fd, text, sizeof(text) - 1));

	if (length <= 0)
		return false;
	text[length] = '\0';
	return sscanf(text, "%llu %llu %llu", &inside, &outside, &count) == 3 && count == 1 && strchr(text, '\n') == text + length - 1;
}
