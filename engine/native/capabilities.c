#define _GNU_SOURCE
#include "capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set(uint64_t effective, uint64_t permitted, uint64_t inheritable);
static int get(uint64_t *permitted, uint64_t *inheritable);

int capabilities_bound(const struct plan_caps *caps, struct error *err)
{
	for (int number = 0; number < 64; number++) {
		if (caps->bounding & 1ull << number)
			continue;
		if (prctl(PR_CAPBSET_READ, number) < 0)
			break; /* past the last one the kernel has */
		if (prctl(PR_CAPBSET_DROP, number))
			return error_system(err, "drop capability from the bounding set", NULL);
	}
	return 0;
}

int capabilities_raise(struct error *err)
{
	uint64_t permitted, inheritable;

	if (get(&permitted, &inheritable) || set(permitted, permitted, inheritable))
		return error_system(err, "raise capabilities", NULL);
	return 0;
}

int capabilities_set(const struct plan_caps *caps, struct error *err)
{
	uint64_t mask, inheritable;

	if (get(&mask, &inheritable))
		return error_system(err, "get capabilities", NULL);
	if (set(caps->effective & mask, caps->permitted & mask, caps->inheritable & mask))
		return error_system(err, "set capabilities", NULL);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return error_system(err, "clear ambient capabilities", NULL);
	for (int number = 0; number < 64; number++)
		if (caps->ambient & mask & 1ull << number && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
			return error_system(err, "set ambient capability", NULL);
	return 0;
}

int seccomp_load(const struct plan *plan, struct error *err)
{
	struct sock_fprog program = {.len = plan->seccomp_count, .filter = plan->seccomp};

	if (plan->seccomp && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		error_system(err, "load seccomp filter", NULL);
		if (err->number == EINVAL)
			error_prefix(err, "the kernel refuses the filter: ");
		return -1;
	}
	return 0;
}

static int set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
	};

	return (int)syscall(SYS_capset, &header, data);
}

static int get(uint64_t *permitted, uint64_t *inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &header, data))
		return -1;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}
