#define _GNU_SOURCE
#include "cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"
#include "device_filter.h"

int cgroup_join(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->cgroups.count; i++) {
		const char *path = plan->cgroups.items[i];
		int directory AUTO_CLOSE = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)), procs AUTO_CLOSE = -1;

		if (directory < 0)
			return error_system(err, "open cgroup", path);
		if (device_filter_attach(plan, directory, path, err))
			return -1;
		procs = RETRY(openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC));
		/* 0: the process that writes. */
		if (procs < 0 || RETRY(write(procs, "0", 1)) < 0)
			return error_system(err, "join cgroup", path);
	}
	return 0;
}
