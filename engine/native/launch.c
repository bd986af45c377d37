#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "descriptors.h"
#include "devices.h"
#include "inroot.h"
#include "kernel.h"
#include "mounts.h"
#include "namespaces.h"
#include "oom.h"
#include "process.h"
#include "rootfs.h"
#include "spawn.h"
#include "streams.h"

struct builder {
	const struct plan *plan;
	struct process process;
	int joined[PLAN_NAMESPACE_COUNT]; /* namespaces to enter, by kind; -1 */
};

static int join(void *context, struct error *err);
static _Noreturn void child(void *context);
static int build(struct builder *builder, struct error *err);
static int build_tree(struct builder *builder, int root_fd, struct mounts *mounts, struct error *err);
static int open_terminal(struct builder *builder, int root_fd, int devpts_fd, struct error *err);
static int create_directory(const struct plan *plan, int root_fd, struct error *err);

int launch_container(const struct plan *plan, struct launched *out, struct error *err)
{
	struct builder builder = {.plan = plan};
	struct spawn spawn = {.cgroup = -1, .child = child, .context = &builder};
	int failed;

	failed = streams_open(plan, out, &builder.process, err) || namespaces_open(plan, builder.joined, err) || cgroup_open(plan, &spawn.cgroup, err);
	if (!failed) {
		spawn.flags = namespaces_clone_flags(plan);
		if (builder.joined[PLAN_NAMESPACE_PID] >= 0 || builder.joined[PLAN_NAMESPACE_USER] >= 0)
			spawn.join = join;
		failed = oom_spawn(plan, &spawn, &out->pid, &out->pidfd, err);
	}
	cleanup_fd(&spawn.cgroup);
	streams_close_child(&builder.process);
	namespaces_close(builder.joined);
	if (failed || streams_wait_ready(plan, out, err)) {
		streams_close_launched(out);
		return -1;
	}
	return 0;
}

/* Those that count for children only, and the one everything else depends on. */
static int join(void *context, struct error *err)
{
	struct builder *builder = context;

	return namespaces_enter(builder->joined, PLAN_NAMESPACE_USER, err) || namespaces_enter(builder->joined, PLAN_NAMESPACE_PID, err) ? -1 : 0;
}

static _Noreturn void child(void *context)
{
	struct builder *builder = context;
	struct error err = {0};

	if (build(builder, &err))
		process_fail(builder->process.control, &err);
	process_run(&builder->process);
}

static int build(struct builder *builder, struct error *err)
{
	const struct plan *plan = builder->plan;
	const struct process *process = &builder->process;
	struct mounts mounts;
	int root_fd AUTO_CLOSE = -1;

	keep_only_descriptors((int[]){process->control, process->start, process->stdio[0], process->stdio[1], process->stdio[2],
				      builder->joined[PLAN_NAMESPACE_NET], builder->joined[PLAN_NAMESPACE_IPC], builder->joined[PLAN_NAMESPACE_UTS],
				      builder->joined[PLAN_NAMESPACE_CGROUP]},
			      9);
	process_reset_signals();
	if (cgroup_join(plan, err) || namespaces_enter_rest(plan, builder->joined, err))
		return -1;
	if (mounts_open(plan, &mounts, err))
		return -1;
	/* What the host mounts later may come in (rslave binds), nothing goes out. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return error_system(err, "make mounts slaves", "/");
	if (rootfs_mount(plan, &root_fd, err) || build_tree(builder, root_fd, &mounts, err))
		return -1;
	/* The host's /proc is reachable for the last time. */
	builder->process.mntns = RETRY(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
	if (builder->process.mntns < 0)
		return error_system(err, "open mount namespace", NULL);
	if (plan_has(plan, PLAN_FLAG_INIT)) {
		builder->process.self = RETRY(open("/proc/self/exe", O_PATH | O_CLOEXEC));
		if (builder->process.self < 0)
			return error_system(err, "open own program", NULL);
	}
	return rootfs_pivot(root_fd, err);
}

static int build_tree(struct builder *builder, int root_fd, struct mounts *mounts, struct error *err)
{
	const struct kernel_mount_attr readonly = {.attr_set = K_MOUNT_ATTR_RDONLY};
	const struct plan *plan = builder->plan;

	if (mounts_attach(plan, root_fd, mounts, err) || mounts_write_sysctls(plan, mounts, err))
		return -1;
	if (devices_create(plan, root_fd, err) || devices_link(plan, root_fd, err))
		return -1;
	if (plan_has(plan, PLAN_FLAG_TTY) && open_terminal(builder, root_fd, mounts->devpts_fd, err))
		return -1;
	if (plan_has(plan, PLAN_FLAG_CREATE_CWD) && create_directory(plan, root_fd, err))
		return -1;
	if (mounts_protect(plan, root_fd, mounts, err))
		return -1;
	if (plan_has(plan, PLAN_FLAG_READONLY_ROOTFS) && kernel_mount_setattr(root_fd, "", AT_EMPTY_PATH, &readonly))
		return error_system(err, "make root filesystem read-only", NULL);
	return namespaces_configure(plan, err);
}

static int open_terminal(struct builder *builder, int root_fd, int devpts_fd, struct error *err)
{
	int slave = -1;

	if (devices_open_terminal(builder->plan, devpts_fd, &builder->process.master, &slave, err))
		return -1;
	for (int i = 0; i < 3; i++)
		builder->process.stdio[i] = slave;
	return devices_bind_console(root_fd, slave, err);
}

static int create_directory(const struct plan *plan, int root_fd, struct error *err)
{
	const struct inroot_make how = {.mode = 0755};
	int fd AUTO_CLOSE = -1;

	return inroot_make(root_fd, plan->cwd, &how, &fd, err) ? error_prefix(err, "creating working directory: ") : 0;
}
