#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "probe.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270

static const char *find_unified(void);
static bool is_cgroup2(const char *path);
static size_t read_text(const char *path, char *text, size_t size);
static void put_unified(struct json *json, const char *mount, const char *group);
static void put_v1(struct json *json, char *lines);
static bool is_writable_group(const char *path);

void probe_cgroups(struct json *json)
{
	const char *unified = find_unified();
	char lines[8192], again[8192], *own;
	bool v1;

	read_text("/proc/self/cgroup", lines, sizeof(lines));
	memcpy(again, lines, sizeof(again));
	/* "0::/path" is the unified hierarchy, all others are v1. */
	v1 = lines[0] && (strncmp(lines, "0::", 3) != 0 || strchr(lines, '\n') != strrchr(lines, '\n'));
	own = strncmp(lines, "0::", 3) == 0 ? lines : strstr(lines, "\n0::");
	if (own) {
		own = strstr(own, "0::") + 3;
		own[strcspn(own, "\n")] = 0;
	}
	json_key(json, "cgroup");
	json_begin_object(json);
	json_member_string(json, "mode", unified ? (v1 ? "hybrid" : "v2") : v1 ? "v1" : "none");
	if (unified && own)
		put_unified(json, unified, own);
	put_v1(json, again);
	json_end_object(json);
}

static const char *find_unified(void)
{
	static const char *const places[] = {CGROUP_ROOT, CGROUP_ROOT "/unified"};

	for (size_t i = 0; i < 2; i++)
		if (is_cgroup2(places[i]))
			return places[i];
	return NULL;
}

static bool is_cgroup2(const char *path)
{
	struct statfs system;

	return statfs(path, &system) == 0 && system.f_type == CGROUP2_MAGIC;
}

static size_t read_text(const char *path, char *text, size_t size)
{
	int fd AUTO_CLOSE = RETRY(open(path, O_RDONLY | O_CLOEXEC));
	ssize_t length = fd < 0 ? 0 : RETRY(read(fd, text, size - 1));

	text[length > 0 ? length : 0] = 0;
	return length > 0 ? (size_t)length : 0;
}

static void put_unified(struct json *json, const char *mount, const char *group)
{
	char path[4096], file[4200], names[1024], *state = NULL;

	snprintf(path, sizeof(path), "%s%s", mount, strcmp(group, "/") == 0 ? "" : group);
	json_member_string(json, "path", path);
	json_member_boolean(json, "writable", is_writable_group(path));
	snprintf(file, sizeof(file), "%s/cgroup.controllers", path);
	read_text(file, names, sizeof(names));
	json_key(json, "controllers");
	json_begin_array(json);
	for (char *name = strtok_r(names, " \n", &state); name; name = strtok_r(NULL, " \n", &state))
		json_string(json, name);
	json_end_array(json);
}

/* Lines "number:controllers:path". */
static void put_v1(struct json *json, char *lines)
{
	char *line_state = NULL;

	json_key(json, "v1");
	json_begin_array(json);
	for (char *line = strtok_r(lines, "\n", &line_state); line; line = strtok_r(NULL, "\n", &line_state)) {
		char *names = strchr(line, ':'), *group = names ? strchr(names + 1, ':') : NULL, *state = NULL, path[4200];

		if (!group || group == names + 1)
			continue;
		*group++ = 0;
		for (char *name = strtok_r(names + 1, ",", &state); name; name = strtok_r(NULL, ",", &state)) {
			snprintf(path, sizeof(path), CGROUP_ROOT "/%s%s", name, group);
			if (strncmp(name, "name=", 5) != 0 && is_writable_group(path))
				json_string(json, name);
		}
	}
	json_end_array(json);
}

static bool is_writable_group(const char *path)
{
	char procs[4300];

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	return access(path, W_OK) == 0 && access(procs, W_OK) == 0;
}
