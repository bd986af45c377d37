#define _GNU_SOURCE
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "plan_records.h"

#define HEADER_SIZE 16

static int parse_header(struct plan_slice *all, struct error *err);
static int check(struct plan *plan, struct error *err);
static int check_container(struct plan *plan, struct error *err);
static int missing(const char *name, struct error *err);

int plan_parse(const void *bytes, size_t length, struct plan *plan, struct error *err)
{
	struct plan_slice rest = {bytes, length};
	struct plan_parser parser = {.plan = plan};
	struct plan_strings *lists[] = {&plan->lowers, &plan->args, &plan->env, &plan->group_add, &plan->masked,
					&plan->readonly, &plan->sysctls, &plan->cgroups, &plan->volumes};

	memset(plan, 0, sizeof(*plan));
	plan->cwd = "/";
	plan->user = "";
	plan->events_attributes = "";
	if (parse_header(&rest, err))
		return -1;
	plan->arena = malloc(length);
	if (!plan->arena)
		return error_system(err, "allocate", NULL);
	parser.arena_next = plan->arena;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		lists[i]->items = calloc(1, sizeof(char *));
		if (!lists[i]->items) {
			error_system(err, "allocate", NULL);
			goto failed;
		}
	}
	while (rest.length) {
		struct plan_record record;

		if (plan_next_record(&rest, &record, err) || plan_parse_record(&parser, &record, err))
			goto failed;
	}
	if (check(plan, err))
		goto failed;
	return 0;
failed:
	plan_free(plan);
	return -1;
}

int plan_read(int fd, struct plan *plan, struct error *err)
{
	char *bytes AUTO_FREE = NULL;
	size_t length = 0, capacity = 0;

	for (;;) {
		ssize_t got;

		if (length == capacity) {
			char *grown;

			capacity = capacity ? capacity * 2 : 32768;
			if (capacity > 2 * PLAN_SIZE_MAX)
				return error_set(err, ERROR_INVALID_PARAMETER, "plan: longer than %u bytes", PLAN_SIZE_MAX);
			grown = realloc(bytes, capacity);
			if (!grown)
				return error_system(err, "allocate", NULL);
			bytes = grown;
		}
		got = RETRY(read(fd, bytes + length, capacity - length));
		if (got < 0)
			return error_system(err, "read plan", NULL);
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return plan_parse(bytes, length, plan, err);
}

void plan_free(struct plan *plan)
{
	free(plan->lowers.items);
	free(plan->args.items);
	free(plan->env.items);
	free(plan->group_add.items);
	free(plan->masked.items);
	free(plan->readonly.items);
	free(plan->sysctls.items);
	free(plan->cgroups.items);
	free(plan->volumes.items);
	free(plan->mounts);
	free(plan->rlimits);
	free(plan->devices);
	free(plan->seccomp);
	free(plan->device_filter);
	free(plan->arena);
	memset(plan, 0, sizeof(*plan));
}

static int parse_header(struct plan_slice *all, struct error *err)
{
	if (all->length < HEADER_SIZE || memcmp(all->at, "TUGPLAN", 8) != 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: no plan on stdin");
	if (plan_load32(all->at + 8) != PLAN_VERSION)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: version %u, this program reads version %u", plan_load32(all->at + 8), PLAN_VERSION);
	if (all->length > PLAN_SIZE_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: longer than %u bytes", PLAN_SIZE_MAX);
	if (plan_load32(all->at + 12) != all->length)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: %zu bytes, its header says %u", all->length, plan_load32(all->at + 12));
	all->at += HEADER_SIZE;
	all->length -= HEADER_SIZE;
	return 0;
}

static int check(struct plan *plan, struct error *err)
{
	if (!plan->kind)
		return missing("KIND", err);
	if (!plan->id)
		return missing("ID", err);
	if (strlen(plan->id) != 64 || strspn(plan->id, "0123456789abcdef") != 64)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: ID: not 64 hexadecimal digits");
	if (!plan->state_dir)
		return missing("STATE_DIR", err);
	if (!plan->socket)
		return missing("SOCKET", err);
	if (strlen(plan->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: SOCKET: longer than 107 bytes: %s", plan->socket);
	if (plan->args.count == 0)
		return missing("ARG", err);
	if (plan->kind == PLAN_KIND_CONTAINER)
		return check_container(plan, err);
	if (!plan->target_pid)
		return missing("TARGET", err);
	if (plan->rootfs || plan->lowers.count || plan->mount_count || plan->device_count || plan->masked.count || plan->readonly.count)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: an exec has the file system of its container");
	if (plan->device_filter)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: an exec has the devices of its container");
	return 0;
}

static int check_container(struct plan *plan, struct error *err)
{
	if (plan->target_pid)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: TARGET belongs to an exec");
	if (!plan->rootfs)
		return missing("ROOTFS", err);
	if (strcmp(plan->rootfs, "/") == 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: ROOTFS: not the host's root");
	if (plan->lowers.count == 0 && (plan->upper || plan->work))
		return missing("LOWER", err);
	if ((plan->upper != NULL) != (plan->work != NULL))
		return missing(plan->upper ? "WORK" : "UPPER", err);
	if (!plan_new_namespace(plan, PLAN_NAMESPACE_MOUNT))
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: NAMESPACE: a container needs a mount namespace of its own");
	if (plan_new_namespace(plan, PLAN_NAMESPACE_USER))
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: NAMESPACE: a new user namespace comes with the sandbox");
	if (plan->hostname && !plan->namespaces[PLAN_NAMESPACE_UTS].listed)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: HOSTNAME needs a uts namespace");
	if (plan->domainname && !plan->namespaces[PLAN_NAMESPACE_UTS].listed)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: DOMAINNAME needs a uts namespace");
	if (plan_has(plan, PLAN_FLAG_INIT) && !plan_new_namespace(plan, PLAN_NAMESPACE_PID))
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: INIT needs a pid namespace of its own");
	return 0;
}

static int missing(const char *name, struct error *err)
{
	return error_set(err, ERROR_INVALID_PARAMETER, "plan: %s is missing", name);
}
