#define _GNU_SOURCE
#include "namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

static const struct {
	const char *name;
	uint64_t flag;
} kinds[PLAN_NAMESPACE_COUNT] = {
	[PLAN_NAMESPACE_MOUNT] = {"mount", CLONE_NEWNS}, [PLAN_NAMESPACE_PID] = {"pid", CLONE_NEWPID}, [PLAN_NAMESPACE_NET] = {"net", CLONE_NEWNET},
	[PLAN_NAMESPACE_IPC] = {"ipc", CLONE_NEWIPC},	 [PLAN_NAMESPACE_UTS] = {"uts", CLONE_NEWUTS}, [PLAN_NAMESPACE_CGROUP] = {"cgroup", K_CLONE_NEWCGROUP},
	[PLAN_NAMESPACE_USER] = {"user", CLONE_NEWUSER},
};

static int loopback_up(struct error *err);

int namespaces_open(const struct plan *plan, int joined[PLAN_NAMESPACE_COUNT], struct error *err)
{
	for (int kind = 0; kind < PLAN_NAMESPACE_COUNT; kind++)
		joined[kind] = -1;
	for (int kind = 1; kind < PLAN_NAMESPACE_COUNT; kind++) {
		const char *path = plan->namespaces[kind].path;

		if (path && (joined[kind] = RETRY(open(path, O_RDONLY | O_CLOEXEC))) < 0)
			return error_system(err, "open namespace", path);
	}
	return 0;
}

void namespaces_close(int joined[PLAN_NAMESPACE_COUNT])
{
	for (int kind = 1; kind < PLAN_NAMESPACE_COUNT; kind++)
		cleanup_fd(&joined[kind]);
}

uint64_t namespaces_clone_flags(const struct plan *plan)
{
	uint64_t flags = 0;

	for (int kind = 1; kind < PLAN_NAMESPACE_COUNT; kind++)
		if (kind != PLAN_NAMESPACE_CGROUP && plan_new_namespace(plan, kind))
			flags |= kinds[kind].flag;
	return flags;
}

int namespaces_enter(const int joined[PLAN_NAMESPACE_COUNT], enum plan_namespace_kind kind, struct error *err)
{
	if (joined[kind] < 0)
		return 0;
	/* The type is checked: a path that names another kind of namespace is an error, not a surprise. */
	return setns(joined[kind], (int)kinds[kind].flag) ? error_system(err, "enter namespace", kinds[kind].name) : 0;
}

int namespaces_enter_rest(const struct plan *plan, const int joined[PLAN_NAMESPACE_COUNT], struct error *err)
{
	static const enum plan_namespace_kind rest[] = {PLAN_NAMESPACE_NET, PLAN_NAMESPACE_IPC, PLAN_NAMESPACE_UTS, PLAN_NAMESPACE_CGROUP};

	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (namespaces_enter(joined, rest[i], err))
			return -1;
	if (plan_new_namespace(plan, PLAN_NAMESPACE_CGROUP) && unshare((int)K_CLONE_NEWCGROUP))
		return error_system(err, "create cgroup namespace", NULL);
	return 0;
}

int namespaces_configure(const struct plan *plan, struct error *err)
{
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)))
		return error_system(err, "set host name", plan->hostname);
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)))
		return error_system(err, "set domain name", plan->domainname);
	return plan_new_namespace(plan, PLAN_NAMESPACE_NET) ? loopback_up(err) : 0;
}

static int loopback_up(struct error *err)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd AUTO_CLOSE = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_system(err, "create socket", NULL);
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		return error_system(err, "look at loopback", NULL);
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		return error_system(err, "bring loopback up", NULL);
	return 0;
}
