#define _GNU_SOURCE
#include "new_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

static int make(const char *type, const char *options, uint64_t attributes, int *fd, struct error *err);
static int configure(int context, const char *type, const char *options, struct error *err);
static int failed(int context, const char *operation, const char *type, struct error *err);
static int add_mode(const char *options, mode_t mode, char **out, struct error *err);
static bool has_option(const char *options, const char *name);
static int without_option(const char *options, const char *name, char **out, struct error *err);
static int bind_host_sysfs(uint64_t attributes, int *fd, struct error *err);

int new_mount(const struct plan *plan, const struct plan_mount *mount, mode_t existing_mode, int *fd, struct error *err)
{
	const char *options = mount->data ? mount->data : "";
	uint64_t attributes = new_mount_attributes(mount->flags);
	char *changed AUTO_FREE = NULL;

	switch (mount->type) {
	case PLAN_MOUNT_PROC:
		return make("proc", options, attributes, fd, err);
	case PLAN_MOUNT_SYSFS:
		/* A network namespace that is not ours (the host's, for a user) has a sysfs that is not ours to mount. */
		if (make("sysfs", options, attributes, fd, err) == 0)
			return 0;
		return err->number == EPERM ? bind_host_sysfs(attributes, fd, err) : -1;
	case PLAN_MOUNT_TMPFS:
		if (!has_option(options, "mode") && add_mode(options, existing_mode, &changed, err))
			return -1;
		return make("tmpfs", changed ? changed : options, attributes, fd, err);
	case PLAN_MOUNT_DEVPTS:
		/* With one id only there is no group tty (5). */
		if (plan_has(plan, PLAN_FLAG_SINGLE_ID) && without_option(options, "gid", &changed, err))
			return -1;
		return make("devpts", changed ? changed : options, attributes, fd, err);
	case PLAN_MOUNT_MQUEUE:
		return make("mqueue", options, attributes, fd, err);
	case PLAN_MOUNT_CGROUP:
		return make("cgroup2", options, attributes, fd, err);
	case PLAN_MOUNT_BIND:
		break;
	}
	return error_set(err, ERROR_INVALID_PARAMETER, "a bind is no new file system");
}

int new_mount_empty(int *fd, struct error *err)
{
	return make("tmpfs", "mode=755,nr_inodes=2", K_MOUNT_ATTR_RDONLY | K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC, fd, err);
}

int new_mount_proc(int *fd, struct error *err)
{
	return make("proc", "", K_MOUNT_ATTR_NOSUID | K_MOUNT_ATTR_NODEV | K_MOUNT_ATTR_NOEXEC, fd, err);
}

uint64_t new_mount_attributes(uint32_t flags)
{
	return (flags & PLAN_MOUNT_RDONLY ? K_MOUNT_ATTR_RDONLY : 0) | (flags & PLAN_MOUNT_NOSUID ? K_MOUNT_ATTR_NOSUID : 0) |
	       (flags & PLAN_MOUNT_NODEV ? K_MOUNT_ATTR_NODEV : 0) | (flags & PLAN_MOUNT_NOEXEC ? K_MOUNT_ATTR_NOEXEC : 0);
}

static int make(const char *type, const char *options, uint64_t attributes, int *fd, struct error *err)
{
	int context AUTO_CLOSE = kernel_fsopen(type);

	if (context < 0)
		return error_system(err, "open file system", type);
	/* Shown as the source in /proc/mounts. */
	kernel_fsconfig(context, K_FSCONFIG_SET_STRING, "source", type, 0);
	if (configure(context, type, options, err))
		return -1;
	if (kernel_fsconfig(context, K_FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return failed(context, "create file system", type, err);
	*fd = kernel_fsmount(context, (unsigned int)attributes);
	if (*fd < 0)
		return failed(context, "mount file system", type, err);
	return 0;
}

static int configure(int context, const char *type, const char *options, struct error *err)
{
	char *copy AUTO_FREE = strdup(options), *state = NULL;

	if (!copy)
		return error_system(err, "allocate", NULL);
	for (char *option = strtok_r(copy, ",", &state); option; option = strtok_r(NULL, ",", &state)) {
		char *value = strchr(option, '=');

		if (value)
			*value++ = 0;
		if (kernel_fsconfig(context, value ? K_FSCONFIG_SET_STRING : K_FSCONFIG_SET_FLAG, option, value, 0)) {
			failed(context, "set option", type, err);
			err->kind = ERROR_INVALID_PARAMETER;
			return error_prefix(err, "%s option %s: ", type, option);
		}
	}
	return 0;
}

/* The context knows better than errno what was wrong ("e tmpfs: Bad value for 'size'"). */
static int failed(int context, const char *operation, const char *type, struct error *err)
{
	int number = errno;
	char reason[256];
	ssize_t length = read(context, reason, sizeof(reason) - 1);

	error_number(err, number, operation, type);
	if (length > 2) {
		reason[length] = 0;
		reason[strcspn(reason, "\n")] = 0;
		error_prefix(err, "%s: ", reason + 2);
	}
	if (number == EPERM && strcmp(type, "proc") == 0)
		error_prefix(err, "the kernel lets no new procfs be mounted where parts of the present one are hidden, as in a container without "
				  "privileges: ");
	return -1;
}

static int add_mode(const char *options, mode_t mode, char **out, struct error *err)
{
	if (asprintf(out, "%s%smode=%o", options, options[0] ? "," : "", mode) < 0) {
		*out = NULL;
		return error_number(err, ENOMEM, "allocate", NULL);
	}
	return 0;
}

static bool has_option(const char *options, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = options; *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return true;
	return false;
}

static int without_option(const char *options, const char *name, char **out, struct error *err)
{
	size_t length = strlen(name);
	char *copy AUTO_FREE = strdup(options), *state = NULL;

	*out = calloc(1, strlen(options) + 1);
	if (!copy || !*out)
		return error_system(err, "allocate", NULL);
	for (char *option = strtok_r(copy, ",", &state); option; option = strtok_r(NULL, ",", &state)) {
		if (strncmp(option, name, length) == 0 && option[length] == '=')
			continue;
		if (**out)
			strcat(*out, ",");
		strcat(*out, option);
	}
	return 0;
}

/* All of it, for in a user namespace what lies below can't be left out; and read-only, for it is the host's. */
static int bind_host_sysfs(uint64_t attributes, int *fd, struct error *err)
{
	struct kernel_mount_attr wanted = {.attr_set = attributes | K_MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	int tree AUTO_CLOSE = kernel_open_tree(AT_FDCWD, "/sys", K_OPEN_TREE_CLONE | K_AT_RECURSIVE);

	if (tree < 0)
		return error_system(err, "open", "/sys");
	if (kernel_mount_setattr(tree, "", AT_EMPTY_PATH | K_AT_RECURSIVE, &wanted))
		return error_system(err, "make read-only", "/sys");
	*fd = take_fd(&tree);
	return 0;
}
