#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "new_mount.h"

static int open_proc(int *fd, struct error *err);
static int write_sysctl(int proc_fd, const char *setting, struct error *err);
static int sysctl_path(const char *setting, char *path, size_t size, struct error *err);

int mounts_write_sysctls(const struct plan *plan, struct mounts *mounts, struct error *err)
{
	if (plan->sysctls.count == 0)
		return 0;
	if (mounts->proc_fd < 0 && open_proc(&mounts->proc_fd, err))
		return -1;
	for (size_t i = 0; i < plan->sysctls.count; i++)
		if (write_sysctl(mounts->proc_fd, plan->sysctls.items[i], err))
			return -1;
	return 0;
}

/*
 * In the host's pid namespace a user namespace may mount no procfs. The host's shows the sysctls of whoever asks, too, and nothing mounted over them is
 * passed through (RESOLVE_NO_XDEV).
 */
static int open_proc(int *fd, struct error *err)
{
	struct error refused = {0};

	if (!new_mount_proc(fd, &refused))
		return 0;
	if (refused.number != EPERM) {
		*err = refused;
		return -1;
	}
	*fd = RETRY(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
	return *fd < 0 ? error_system(err, "open", "/proc") : 0;
}

static int write_sysctl(int proc_fd, const char *setting, struct error *err)
{
	const char *value = strchr(setting, '=') + 1;
	char path[PATH_MAX];
	struct statfs system;
	int fd AUTO_CLOSE = -1;

	if (sysctl_path(setting, path, sizeof(path), err))
		return -1;
	fd = RETRY(kernel_openat2(proc_fd, path, O_WRONLY | O_NOCTTY, 0, K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS | K_RESOLVE_NO_XDEV));
	if (fd < 0) {
		int number = errno;

		error_system(err, "open sysctl", path);
		if (number == ENOENT)
			error_set(err, ERROR_INVALID_PARAMETER, "sysctl %s is not there", setting);
		return -1;
	}
	if (fstatfs(fd, &system) || system.f_type != K_PROC_SUPER_MAGIC)
		return error_set(err, ERROR_SYSTEM, "sysctl %s is not on procfs", setting);
	if (RETRY(write(fd, value, strlen(value))) < 0)
		return error_system(err, "write sysctl", setting);
	return 0;
}

/* "net.ipv4.ip_forward=1" → "sys/net/ipv4/ip_forward"; the first separator decides, as for sysctl(8). */
static int sysctl_path(const char *setting, char *path, size_t size, struct error *err)
{
	size_t length = strcspn(setting, "="), first = strcspn(setting, "./=");
	bool dots = setting[first] == '.';

	if (length == 0 || length + 5 > size || setting[0] == '.' || setting[0] == '/')
		return error_set(err, ERROR_INVALID_PARAMETER, "%s is no sysctl", setting);
	snprintf(path, size, "sys/%.*s", (int)length, setting);
	for (char *at = path + 4; dots && *at; at++)
		*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
	return 0;
}
