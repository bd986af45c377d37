#define _GNU_SOURCE
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "inroot.h"

#define FILE_MAX (16 << 20) /* of passwd and group */
#define FIELDS_MAX 7
#define ID_MAX INT32_MAX

struct text {
	char *bytes, *next;
};

static int split_user(const char *text, char *name, char *group, size_t size, struct error *err);
static int find_account(int root_fd, const char *name, bool *matched, char *login, size_t login_size, struct user *user, struct error *err);
static int find_groups(int root_fd, const char *group, const char *login, struct user *user, struct error *err);
static int add_groups(const struct plan *plan, int root_fd, struct user *user, struct error *err);
static int group_id(int root_fd, const char *name, bool *found, gid_t *gid, struct error *err);
static int add_group(struct user *user, gid_t gid, struct error *err);
static int read_file(int root_fd, const char *path, struct text *text, struct error *err);
static int next_line(struct text *text, char **fields);
static bool is_member(const char *members, const char *login);
static bool parse_id(const char *text, long *id);
static int not_mapped(const struct plan *plan, const char *what, const char *name, struct error *err);

int user_find(const struct plan *plan, int root_fd, struct user *user, struct error *err)
{
	char name[256], group[256], login[256] = "";
	bool matched = false;

	memset(user, 0, sizeof(*user));
	strcpy(user->home, "/");
	if (split_user(plan->user, name, group, sizeof(name), err))
		return -1;
	if (find_account(root_fd, name[0] ? name : "0", &matched, login, sizeof(login), user, err))
		return -1;
	if ((group[0] || matched) && find_groups(root_fd, group, login, user, err))
		return -1;
	/* The primary group as a supplementary one, too: a set-group-id program could shake it off otherwise (CVE-2022-36109). */
	return add_groups(plan, root_fd, user, err) || add_group(user, user->gid, err) ? -1 : 0;
}

int user_become(const struct plan *plan, const struct user *user, struct error *err)
{
	if (prctl(PR_SET_KEEPCAPS, 1))
		return error_system(err, "keep capabilities", NULL);
	/* With a single id the kernel denies setgroups: groups out of the image's files are done without, groups that were asked for are not. */
	if (setgroups(user->group_count, user->groups) && !(errno == EPERM && plan->group_add.count == 0)) {
		if (errno == EPERM)
			return not_mapped(plan, "group", plan->group_add.items[0], err);
		if (errno == EINVAL)
			return not_mapped(plan, "one of the groups of user", plan->user, err);
		return error_system(err, "set groups", NULL);
	}
	if (setresgid(user->gid, user->gid, user->gid))
		return errno == EINVAL ? not_mapped(plan, user->uid ? "user" : "group of user", plan->user, err) : error_system(err, "set group", NULL);
	if (setresuid(user->uid, user->uid, user->uid))
		return errno == EINVAL ? not_mapped(plan, "user", plan->user, err) : error_system(err, "set user", NULL);
	return 0;
}

static int split_user(const char *text, char *name, char *group, size_t size, struct error *err)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);

	if (length >= size || (colon && strlen(colon + 1) >= size))
		return error_set(err, ERROR_INVALID_PARAMETER, "user name too long");
	memcpy(name, text, length);
	name[length] = 0;
	strcpy(group, colon ? colon + 1 : "");
	return 0;
}

static int find_account(int root_fd, const char *name, bool *matched, char *login, size_t login_size, struct user *user, struct error *err)
{
	struct text text = {0};
	char *bytes AUTO_FREE = NULL, *fields[FIELDS_MAX];
	long wanted = -1, id;
	bool numeric = parse_id(name, &wanted);

	if (read_file(root_fd, "/etc/passwd", &text, err))
		return -1;
	bytes = text.bytes;
	while (next_line(&text, fields)) {
		if (!parse_id(fields[2], &id) || (strcmp(fields[0], name) != 0 && !(numeric && id == wanted)))
			continue;
		user->uid = (uid_t)id;
		user->gid = parse_id(fields[3], &id) ? (gid_t)id : 0;
		if (fields[5][0] && strlen(fields[5]) < sizeof(user->home))
			strcpy(user->home, fields[5]);
		snprintf(login, login_size, "%s", fields[0]);
		*matched = true;
		return 0;
	}
	if (!numeric)
		return error_set(err, ERROR_INVALID_PARAMETER, "unable to find user %s: no matching entries in passwd file", name);
	if (wanted < 0 || wanted > ID_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "uids and gids must be in range 0-%d", ID_MAX);
	user->uid = (uid_t)wanted;
	return 0;
}

/* A group that was named is the only one; without, the account's supplementary groups are looked up. */
static int find_groups(int root_fd, const char *group, const char *login, struct user *user, struct error *err)
{
	struct text text = {0};
	char *bytes AUTO_FREE = NULL, *fields[FIELDS_MAX];
	long id;

	if (group[0]) {
		bool found = false;

		if (group_id(root_fd, group, &found, &user->gid, err))
			return -1;
		return found ? 0 : error_set(err, ERROR_INVALID_PARAMETER, "unable to find group %s: no matching entries in group file", group);
	}
	if (read_file(root_fd, "/etc/group", &text, err))
		return -1;
	bytes = text.bytes;
	while (next_line(&text, fields))
		if (parse_id(fields[2], &id) && is_member(fields[3], login) && add_group(user, (gid_t)id, err))
			return -1;
	return 0;
}

static int add_groups(const struct plan *plan, int root_fd, struct user *user, struct error *err)
{
	for (size_t i = 0; i < plan->group_add.count; i++) {
		bool found = false;
		gid_t gid = 0;

		if (group_id(root_fd, plan->group_add.items[i], &found, &gid, err))
			return -1;
		if (!found)
			return error_set(err, ERROR_INVALID_PARAMETER, "Unable to find group %s", plan->group_add.items[i]);
		if (add_group(user, gid, err))
			return -1;
	}
	return 0;
}

/* A number is itself, in the file or not. */
static int group_id(int root_fd, const char *name, bool *found, gid_t *gid, struct error *err)
{
	struct text text = {0};
	char *bytes AUTO_FREE = NULL, *fields[FIELDS_MAX];
	long id;

	if (parse_id(name, &id)) {
		if (id < 0 || id > ID_MAX)
			return error_set(err, ERROR_INVALID_PARAMETER, "uids and gids must be in range 0-%d", ID_MAX);
		*found = true;
		*gid = (gid_t)id;
		return 0;
	}
	if (read_file(root_fd, "/etc/group", &text, err))
		return -1;
	bytes = text.bytes;
	while (next_line(&text, fields))
		if (strcmp(fields[0], name) == 0 && parse_id(fields[2], &id)) {
			*found = true;
			*gid = (gid_t)id;
			break;
		}
	return 0;
}

static int add_group(struct user *user, gid_t gid, struct error *err)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return 0;
	if (user->group_count == USER_GROUPS_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "more than %d groups", USER_GROUPS_MAX);
	user->groups[user->group_count++] = gid;
	return 0;
}

/* A missing file is an empty one. Anything but a plain file (a FIFO would block us) is treated as missing too. */
static int read_file(int root_fd, const char *path, struct text *text, struct error *err)
{
	int fd AUTO_CLOSE = inroot_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	size_t length = 0;
	ssize_t got;

	if (fd < 0 || fstat(fd, &stat) || !S_ISREG(stat.st_mode)) {
		text->bytes = text->next = calloc(1, 1);
		return text->bytes ? 0 : error_system(err, "allocate", NULL);
	}
	if (stat.st_size > FILE_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "%s of the image is larger than 16 MiB", path);
	text->bytes = text->next = malloc((size_t)stat.st_size + 1);
	if (!text->bytes)
		return error_system(err, "allocate", NULL);
	while (length < (size_t)stat.st_size && (got = RETRY(read(fd, text->bytes + length, (size_t)stat.st_size - length))) > 0)
		length += (size_t)got;
	text->bytes[length] = 0;
	return 0;
}

/* The fields of the next line; those that are missing are "". 0 at the end. */
static int next_line(struct text *text, char **fields)
{
	static char empty[1] = "";
	char *line = text->next, *end;

	if (!*line)
		return 0;
	end = line + strcspn(line, "\n");
	text->next = *end ? end + 1 : end;
	*end = 0;
	for (int i = 0; i < FIELDS_MAX; i++) {
		fields[i] = line ? line : empty;
		if (line && (line = strchr(line, ':')))
			*line++ = 0;
	}
	return 1;
}

static bool is_member(const char *members, const char *login)
{
	size_t length = strlen(login);

	for (const char *at = members; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && memcmp(at, login, length) == 0)
			return length > 0;
	return false;
}

static bool parse_id(const char *text, long *id)
{
	char *end;

	if (!(text[0] >= '0' && text[0] <= '9') && !(text[0] == '-' && text[1] >= '0' && text[1] <= '9'))
		return false;
	errno = 0;
	*id = strtol(text, &end, 10);
	return errno == 0 && *end == 0;
}

static int not_mapped(const struct plan *plan, const char *what, const char *name, struct error *err)
{
	if (plan_has(plan, PLAN_FLAG_SINGLE_ID))
		return error_set(err, ERROR_UNAVAILABLE,
				 "%s %s does not exist here: only root is mapped into your containers. For more, apt install uidmap and give yourself "
				 "a line in /etc/subuid and /etc/subgid",
				 what, name);
	return error_set(err, ERROR_INVALID_PARAMETER, "%s %s is not mapped into your containers: your ranges in /etc/subuid and /etc/subgid do not reach that far",
			 what, name);
}
