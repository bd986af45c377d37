#define _GNU_SOURCE
#include "cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "device_filter.h"

static int open_group(const char *path, bool *is_unified, int *fd, struct error *err);

int cgroup_open(const struct plan *plan, int *fd, struct error *err)
{
	for (size_t i = 0; i < plan->cgroups.count && *fd < 0; i++) {
		int directory AUTO_CLOSE = -1;
		bool is_unified = false;

		if (open_group(plan->cgroups.items[i], &is_unified, &directory, err))
			return -1;
		if (!is_unified)
			continue;
		if (device_filter_attach(plan, directory, plan->cgroups.items[i], err))
			return -1;
		*fd = take_fd(&directory);
	}
	return 0;
}

int cgroup_join(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->cgroups.count; i++) {
		const char *path = plan->cgroups.items[i];
		int directory AUTO_CLOSE = -1, procs AUTO_CLOSE = -1;
		bool is_unified = false;

		if (open_group(path, &is_unified, &directory, err))
			return -1;
		if (is_unified)
			continue;
		procs = RETRY(openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC));
		/* 0: the process that writes. */
		if (procs < 0 || RETRY(write(procs, "0", 1)) < 0)
			return error_system(err, "join cgroup", path);
	}
	return 0;
}

static int open_group(const char *path, bool *is_unified, int *fd, struct error *err)
{
	struct statfs kind;

	*fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (*fd < 0 || fstatfs(*fd, &kind))
		return error_system(err, "open cgroup", path);
	*is_unified = kind.f_type == CGROUP2_SUPER_MAGIC;
	return 0;
}
