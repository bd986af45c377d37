#define _GNU_SOURCE
#include "device_filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

static int load(const struct plan *plan);
static int bpf(enum bpf_cmd command, union bpf_attr *attributes);

int device_filter_attach(const struct plan *plan, int directory, const char *path, struct error *err)
{
	union bpf_attr attributes;
	int program AUTO_CLOSE = -1;

	if (!plan->device_filter)
		return 0;
	program = load(plan);
	if (program < 0)
		return error_set(err, ERROR_NOT_IMPLEMENTED, "this kernel takes no device filter: %s", strerror(errno));
	/* Beside what a service manager has attached further up: both must allow. The group keeps the program, and takes it along when it is removed. */
	memset(&attributes, 0, sizeof(attributes));
	attributes.target_fd = (uint32_t)directory;
	attributes.attach_bpf_fd = (uint32_t)program;
	attributes.attach_type = BPF_CGROUP_DEVICE;
	attributes.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf(BPF_PROG_ATTACH, &attributes) < 0 ? error_system(err, "attach device filter", path) : 0;
}

static int load(const struct plan *plan)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attributes.insns = (uintptr_t)plan->device_filter;
	attributes.insn_cnt = plan->device_filter_count;
	attributes.license = (uintptr_t)"MIT";
	return bpf(BPF_PROG_LOAD, &attributes);
}

static int bpf(enum bpf_cmd command, union bpf_attr *attributes)
{
	return (int)RETRY(syscall(SYS_bpf, command, attributes, sizeof(*attributes)));
}
