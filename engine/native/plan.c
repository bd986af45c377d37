#define _GNU_SOURCE
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

#define HEADER_SIZE 16
#define RECORD_HEADER_SIZE 8
#define DEVICE_FILTER_STEP 8 /* of struct bpf_insn */
#define LOWER_MAX 500 /* overlayfs's own limit */

/* A stretch of the plan's bytes. */
struct slice {
	const unsigned char *at;
	size_t length;
};

struct record {
	uint16_t tag;
	struct slice payload;
};

struct parser {
	struct plan *plan;
	char *arena_next; /* room is never short: a string needs one byte more than its payload, and each record has a header of eight */
	uint64_t seen;
	const char *name; /* of the record being parsed, for messages */
};

static int parse_header(struct slice *all, struct error *err);
static int next_record(struct slice *rest, struct record *record, struct error *err);
static int parse_record(struct parser *parser, const struct record *record, struct error *err);
static int parse_mount(struct parser *parser, struct slice payload, struct error *err);
static int parse_device(struct parser *parser, struct slice payload, struct error *err);
static int parse_log(struct parser *parser, struct slice payload, struct error *err);
static int parse_namespace(struct parser *parser, struct slice payload, struct error *err);
static int parse_events(struct parser *parser, struct slice payload, struct error *err);
static int parse_caps(struct parser *parser, struct slice payload, struct error *err);
static int parse_rlimit(struct parser *parser, struct slice payload, struct error *err);
static int parse_seccomp(struct parser *parser, struct slice payload, struct error *err);
static int parse_device_filter(struct parser *parser, struct slice payload, struct error *err);
static int check(struct plan *plan, struct error *err);
static int check_container(struct plan *plan, struct error *err);

static const struct tag_name {
	const char *name;
	bool repeated;
} tags[] = {
	[PLAN_KIND] = {"KIND", false},
	[PLAN_ID] = {"ID", false},
	[PLAN_STATE_DIR] = {"STATE_DIR", false},
	[PLAN_SOCKET] = {"SOCKET", false},
	[PLAN_FLAGS] = {"FLAGS", false},
	[PLAN_LOWER] = {"LOWER", true},
	[PLAN_UPPER] = {"UPPER", false},
	[PLAN_WORK] = {"WORK", false},
	[PLAN_ROOTFS] = {"ROOTFS", false},
	[PLAN_MOUNT] = {"MOUNT", true},
	[PLAN_ARG] = {"ARG", true},
	[PLAN_ENV] = {"ENV", true},
	[PLAN_CWD] = {"CWD", false},
	[PLAN_HOSTNAME] = {"HOSTNAME", false},
	[PLAN_DOMAINNAME] = {"DOMAINNAME", false},
	[PLAN_USER] = {"USER", false},
	[PLAN_GROUP_ADD] = {"GROUP_ADD", true},
	[PLAN_CAPS] = {"CAPS", false},
	[PLAN_RLIMIT] = {"RLIMIT", true},
	[PLAN_SECCOMP] = {"SECCOMP", false},
	[PLAN_MASKED] = {"MASKED", true},
	[PLAN_READONLY] = {"READONLY", true},
	[PLAN_DEVICE] = {"DEVICE", true},
	[PLAN_SYSCTL] = {"SYSCTL", true},
	[PLAN_OOM_SCORE_ADJ] = {"OOM_SCORE_ADJ", false},
	[PLAN_LOG] = {"LOG", false},
	[PLAN_CGROUP] = {"CGROUP", true},
	[PLAN_NAMESPACE] = {"NAMESPACE", true},
	[PLAN_TTY_SIZE] = {"TTY_SIZE", false},
	[PLAN_TARGET] = {"TARGET", false},
	[PLAN_TIMEOUT] = {"TIMEOUT", false},
	[PLAN_RESTART] = {"RESTART", false},
	[PLAN_EVENTS] = {"EVENTS", false},
	[PLAN_DEVICE_FILTER] = {"DEVICE_FILTER", false},
};
#define TAG_COUNT (sizeof(tags) / sizeof(tags[0]))

int plan_parse(const void *bytes, size_t length, struct plan *plan, struct error *err)
{
	struct slice rest = {bytes, length};
	struct parser parser = {.plan = plan};
	struct plan_strings *lists[] = {&plan->lowers, &plan->args, &plan->env, &plan->group_add, &plan->masked,
					&plan->readonly, &plan->sysctls, &plan->cgroups};

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
		struct record record;

		if (next_record(&rest, &record, err) || parse_record(&parser, &record, err))
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
	free(plan->mounts);
	free(plan->rlimits);
	free(plan->devices);
	free(plan->seccomp);
	free(plan->device_filter);
	free(plan->arena);
	memset(plan, 0, sizeof(*plan));
}

/* --- reading bytes --- */

static uint16_t load16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t load32(const unsigned char *at)
{
	return (uint32_t)load16(at) | (uint32_t)load16(at + 2) << 16;
}

static uint64_t load64(const unsigned char *at)
{
	return (uint64_t)load32(at) | (uint64_t)load32(at + 4) << 32;
}

static int parse_header(struct slice *all, struct error *err)
{
	if (all->length < HEADER_SIZE || memcmp(all->at, "TUGPLAN", 8) != 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: no plan on stdin");
	if (load32(all->at + 8) != PLAN_VERSION)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: version %u, this program reads version %u", load32(all->at + 8), PLAN_VERSION);
	if (all->length > PLAN_SIZE_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: longer than %u bytes", PLAN_SIZE_MAX);
	if (load32(all->at + 12) != all->length)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: %zu bytes, its header says %u", all->length, load32(all->at + 12));
	all->at += HEADER_SIZE;
	all->length -= HEADER_SIZE;
	return 0;
}

static int next_record(struct slice *rest, struct record *record, struct error *err)
{
	if (rest->length < RECORD_HEADER_SIZE)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: cut off in a record's header");
	record->tag = load16(rest->at);
	record->payload = (struct slice){rest->at + RECORD_HEADER_SIZE, load32(rest->at + 4)};
	if (load16(rest->at + 2) != 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: record %u is not aligned", record->tag);
	if (record->payload.length > rest->length - RECORD_HEADER_SIZE)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: cut off in record %u", record->tag);
	rest->at = record->payload.at + record->payload.length;
	rest->length -= RECORD_HEADER_SIZE + record->payload.length;
	return 0;
}

static int wrong(const struct parser *parser, const char *what, struct error *err)
{
	return error_set(err, ERROR_INVALID_PARAMETER, "plan: %s: %s", parser->name, what);
}

static int get_u32(const struct parser *parser, struct slice payload, uint32_t *out, struct error *err)
{
	if (payload.length != 4)
		return wrong(parser, "wrong size", err);
	*out = load32(payload.at);
	return 0;
}

static int get_u64(const struct parser *parser, struct slice payload, uint64_t *out, struct error *err)
{
	if (payload.length != 8)
		return wrong(parser, "wrong size", err);
	*out = load64(payload.at);
	return 0;
}

static int get_string(struct parser *parser, struct slice payload, const char **out, struct error *err)
{
	char *copy = parser->arena_next;

	if (payload.length && memchr(payload.at, 0, payload.length))
		return wrong(parser, "has a NUL byte", err);
	if (payload.length)
		memcpy(copy, payload.at, payload.length);
	copy[payload.length] = 0;
	parser->arena_next += payload.length + 1;
	*out = copy;
	return 0;
}

static int get_path(struct parser *parser, struct slice payload, const char **out, struct error *err)
{
	if (payload.length == 0 || payload.at[0] != '/')
		return wrong(parser, "not an absolute path", err);
	if (payload.length >= 4096)
		return wrong(parser, "path too long", err);
	return get_string(parser, payload, out, err);
}

/* One more element at the end of an array. */
static void *grow(void *array, size_t count, size_t size)
{
	/* A power of two means that the array is full (or empty). */
	if (count && (count & (count - 1)))
		return array;
	return reallocarray(array, count ? count * 2 : 1, size);
}

static int add_string(struct parser *parser, struct plan_strings *list, struct slice payload, bool path, struct error *err)
{
	const char *text = NULL;
	char **grown;

	if (path ? get_path(parser, payload, &text, err) : get_string(parser, payload, &text, err))
		return -1;
	/* One slot more than strings, for the NULL at the end. */
	grown = grow(list->items, list->count + 1, sizeof(char *));
	if (!grown)
		return error_system(err, "allocate", NULL);
	list->items = grown;
	list->items[list->count++] = (char *)text;
	list->items[list->count] = NULL;
	return 0;
}

/* --- records --- */

static int parse_record(struct parser *parser, const struct record *record, struct error *err)
{
	struct plan *plan = parser->plan;
	struct slice payload = record->payload;
	uint32_t number = 0;

	if (record->tag == 0 || record->tag >= TAG_COUNT)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: unknown record %u", record->tag);
	parser->name = tags[record->tag].name;
	if (!tags[record->tag].repeated && parser->seen & 1ull << record->tag)
		return wrong(parser, "given twice", err);
	parser->seen |= 1ull << record->tag;

	switch ((enum plan_tag)record->tag) {
	case PLAN_KIND:
		if (get_u32(parser, payload, &number, err))
			return -1;
		if (number != PLAN_KIND_CONTAINER && number != PLAN_KIND_EXEC)
			return wrong(parser, "unknown kind", err);
		plan->kind = number;
		return 0;
	case PLAN_ID:
		return get_string(parser, payload, &plan->id, err);
	case PLAN_STATE_DIR:
		return get_path(parser, payload, &plan->state_dir, err);
	case PLAN_SOCKET:
		return get_path(parser, payload, &plan->socket, err);
	case PLAN_FLAGS:
		if (get_u64(parser, payload, &plan->flags, err))
			return -1;
		return plan->flags & ~(uint64_t)PLAN_FLAG_ALL ? wrong(parser, "unknown bits", err) : 0;
	case PLAN_LOWER:
		if (plan->lowers.count == LOWER_MAX)
			return wrong(parser, "more than 500 layers", err);
		return add_string(parser, &plan->lowers, payload, true, err);
	case PLAN_UPPER:
		return get_path(parser, payload, &plan->upper, err);
	case PLAN_WORK:
		return get_path(parser, payload, &plan->work, err);
	case PLAN_ROOTFS:
		return get_path(parser, payload, &plan->rootfs, err);
	case PLAN_MOUNT:
		return parse_mount(parser, payload, err);
	case PLAN_ARG:
		return add_string(parser, &plan->args, payload, false, err);
	case PLAN_ENV:
		return add_string(parser, &plan->env, payload, false, err);
	case PLAN_CWD:
		return get_path(parser, payload, &plan->cwd, err);
	case PLAN_HOSTNAME:
		return payload.length > 64 ? wrong(parser, "longer than 64 bytes", err) : get_string(parser, payload, &plan->hostname, err);
	case PLAN_DOMAINNAME:
		return payload.length > 64 ? wrong(parser, "longer than 64 bytes", err) : get_string(parser, payload, &plan->domainname, err);
	case PLAN_USER:
		return get_string(parser, payload, &plan->user, err);
	case PLAN_GROUP_ADD:
		return add_string(parser, &plan->group_add, payload, false, err);
	case PLAN_CAPS:
		return parse_caps(parser, payload, err);
	case PLAN_RLIMIT:
		return parse_rlimit(parser, payload, err);
	case PLAN_SECCOMP:
		return parse_seccomp(parser, payload, err);
	case PLAN_MASKED:
		return add_string(parser, &plan->masked, payload, true, err);
	case PLAN_READONLY:
		return add_string(parser, &plan->readonly, payload, true, err);
	case PLAN_DEVICE:
		return parse_device(parser, payload, err);
	case PLAN_SYSCTL:
		if (add_string(parser, &plan->sysctls, payload, false, err))
			return -1;
		return strchr(plan->sysctls.items[plan->sysctls.count - 1], '=') ? 0 : wrong(parser, "not key=value", err);
	case PLAN_OOM_SCORE_ADJ:
		if (get_u32(parser, payload, &number, err))
			return -1;
		plan->oom_score_adj = (int32_t)number;
		plan->has_oom_score_adj = true;
		return plan->oom_score_adj < -1000 || plan->oom_score_adj > 1000 ? wrong(parser, "not between -1000 and 1000", err) : 0;
	case PLAN_LOG:
		return parse_log(parser, payload, err);
	case PLAN_CGROUP:
		return add_string(parser, &plan->cgroups, payload, true, err);
	case PLAN_NAMESPACE:
		return parse_namespace(parser, payload, err);
	case PLAN_TTY_SIZE:
		if (payload.length != 4)
			return wrong(parser, "wrong size", err);
		plan->tty_rows = load16(payload.at);
		plan->tty_columns = load16(payload.at + 2);
		return 0;
	case PLAN_TARGET:
		if (payload.length != 12)
			return wrong(parser, "wrong size", err);
		number = load32(payload.at);
		if (number == 0 || number > INT32_MAX)
			return wrong(parser, "not a pid", err);
		plan->target_pid = (pid_t)number;
		plan->target_start_ticks = load64(payload.at + 4);
		return 0;
	case PLAN_TIMEOUT:
		return get_u32(parser, payload, &plan->timeout_ms, err);
	case PLAN_RESTART:
		if (payload.length != 8)
			return wrong(parser, "wrong size", err);
		plan->restart_kind = load32(payload.at);
		plan->restart_max = load32(payload.at + 4);
		return 0;
	case PLAN_EVENTS:
		return parse_events(parser, payload, err);
	case PLAN_DEVICE_FILTER:
		return parse_device_filter(parser, payload, err);
	}
	return wrong(parser, "unknown record", err);
}

/* The next member of a nested record; each may be there once. 1 when there is one, 0 at the end. */
static int next_member(const struct parser *parser, struct slice *rest, struct record *member, uint32_t *seen, struct error *err)
{
	if (rest->length == 0)
		return 0;
	if (next_record(rest, member, err))
		return error_prefix(err, "%s: ", parser->name);
	if (member->tag == 0 || member->tag > 31)
		return wrong(parser, "unknown member", err);
	if (*seen & 1u << member->tag)
		return wrong(parser, "member given twice", err);
	*seen |= 1u << member->tag;
	return 1;
}

static int require(const struct parser *parser, uint32_t seen, uint32_t wanted, struct error *err)
{
	return (seen & wanted) == wanted ? 0 : wrong(parser, "a member is missing", err);
}

static int parse_mount(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_mount *mounts = grow(plan->mounts, plan->mount_count, sizeof(*mounts)), *mount;
	struct record member = {0};
	uint32_t seen = 0, number = 0;
	int more;

	if (!mounts)
		return error_system(err, "allocate", NULL);
	plan->mounts = mounts;
	mount = &mounts[plan->mount_count];
	memset(mount, 0, sizeof(*mount));
	while ((more = next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_mount_tag)member.tag) {
		case PLAN_MOUNT_TYPE:
			failed = get_u32(parser, member.payload, &number, err);
			if (!failed && (number < PLAN_MOUNT_BIND || number > PLAN_MOUNT_CGROUP))
				failed = wrong(parser, "unknown type", err);
			mount->type = number;
			break;
		case PLAN_MOUNT_SOURCE:
			failed = get_path(parser, member.payload, &mount->source, err);
			break;
		case PLAN_MOUNT_TARGET:
			failed = get_path(parser, member.payload, &mount->target, err);
			break;
		case PLAN_MOUNT_FLAGS:
			failed = get_u32(parser, member.payload, &mount->flags, err);
			if (!failed && mount->flags & ~PLAN_MOUNT_FLAG_ALL)
				failed = wrong(parser, "unknown flags", err);
			break;
		case PLAN_MOUNT_DATA:
			failed = get_string(parser, member.payload, &mount->data, err);
			break;
		case PLAN_MOUNT_PROPAGATION:
			failed = get_u32(parser, member.payload, &number, err);
			if (!failed && number > PLAN_PROPAGATION_RSHARED)
				failed = wrong(parser, "unknown propagation", err);
			mount->propagation = number;
			mount->has_propagation = true;
			break;
		default:
			failed = wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0 || require(parser, seen, 1u << PLAN_MOUNT_TYPE | 1u << PLAN_MOUNT_TARGET, err))
		return -1;
	if ((mount->type == PLAN_MOUNT_BIND) != (mount->source != NULL))
		return wrong(parser, "a source belongs to a bind, and only there", err);
	plan->mount_count++;
	return 0;
}

static int parse_device(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_device *devices = grow(plan->devices, plan->device_count, sizeof(*devices)), *device;
	struct record member = {0};
	uint32_t seen = 0;
	int more;

	if (!devices)
		return error_system(err, "allocate", NULL);
	plan->devices = devices;
	device = &devices[plan->device_count];
	memset(device, 0, sizeof(*device));
	device->mode = 0666;
	while ((more = next_member(parser, &payload, &member, &seen, err)) > 0) {
		uint32_t *const numbers[] = {
			[PLAN_DEVICE_TYPE] = &device->type, [PLAN_DEVICE_MAJOR] = &device->major, [PLAN_DEVICE_MINOR] = &device->minor,
			[PLAN_DEVICE_MODE] = &device->mode, [PLAN_DEVICE_UID] = &device->uid, [PLAN_DEVICE_GID] = &device->gid,
		};

		if (member.tag > PLAN_DEVICE_GID)
			return wrong(parser, "unknown member", err);
		if (member.tag == PLAN_DEVICE_PATH ? get_path(parser, member.payload, &device->path, err)
						   : get_u32(parser, member.payload, numbers[member.tag], err))
			return -1;
	}
	if (more < 0 || require(parser, seen, 1u << PLAN_DEVICE_PATH | 1u << PLAN_DEVICE_TYPE, err))
		return -1;
	if (device->type != 'c' && device->type != 'b' && device->type != 'p')
		return wrong(parser, "unknown type", err);
	if (device->type != 'p' && require(parser, seen, 1u << PLAN_DEVICE_MAJOR | 1u << PLAN_DEVICE_MINOR, err))
		return -1;
	if (device->mode > 07777)
		return wrong(parser, "mode is not one", err);
	plan->device_count++;
	return 0;
}

static int parse_log(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan_log *log = &parser->plan->log;
	struct record member = {0};
	uint32_t seen = 0;
	int more;

	while ((more = next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_log_tag)member.tag) {
		case PLAN_LOG_PATH:
			failed = get_path(parser, member.payload, &log->path, err);
			break;
		case PLAN_LOG_MAX_SIZE:
			failed = get_u64(parser, member.payload, &log->max_size, err);
			break;
		case PLAN_LOG_MAX_FILES:
			failed = get_u32(parser, member.payload, &log->max_files, err);
			break;
		default:
			failed = wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0)
		return -1;
	return require(parser, seen, 1u << PLAN_LOG_PATH, err);
}

static int parse_namespace(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan_namespace namespace = {.listed = true};
	struct record member = {0};
	uint32_t seen = 0, kind = 0;
	int more;

	while ((more = next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_namespace_tag)member.tag) {
		case PLAN_NAMESPACE_KIND:
			failed = get_u32(parser, member.payload, &kind, err);
			break;
		case PLAN_NAMESPACE_PATH:
			failed = get_path(parser, member.payload, &namespace.path, err);
			break;
		default:
			failed = wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0 || require(parser, seen, 1u << PLAN_NAMESPACE_KIND, err))
		return -1;
	if (kind < PLAN_NAMESPACE_MOUNT || kind >= PLAN_NAMESPACE_COUNT)
		return wrong(parser, "unknown kind", err);
	if (parser->plan->namespaces[kind].listed)
		return wrong(parser, "one kind given twice", err);
	parser->plan->namespaces[kind] = namespace;
	return 0;
}

static int parse_events(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct record member = {0};
	uint32_t seen = 0;
	int more;

	while ((more = next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_events_tag)member.tag) {
		case PLAN_EVENTS_PATH:
			failed = get_path(parser, member.payload, &plan->events_path, err);
			break;
		case PLAN_EVENTS_ATTRIBUTES:
			failed = get_string(parser, member.payload, &plan->events_attributes, err);
			break;
		case PLAN_EVENTS_ACTOR:
			failed = get_string(parser, member.payload, &plan->events_actor, err);
			break;
		default:
			failed = wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0)
		return -1;
	return require(parser, seen, 1u << PLAN_EVENTS_PATH, err);
}

static int parse_caps(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan_caps *caps = &parser->plan->caps;

	if (payload.length != 40)
		return wrong(parser, "wrong size", err);
	caps->bounding = load64(payload.at);
	caps->effective = load64(payload.at + 8);
	caps->permitted = load64(payload.at + 16);
	caps->inheritable = load64(payload.at + 24);
	caps->ambient = load64(payload.at + 32);
	if (caps->effective & ~caps->permitted)
		return wrong(parser, "effective must lie in permitted", err);
	if (caps->ambient & ~(caps->permitted & caps->inheritable))
		return wrong(parser, "ambient must lie in permitted and inheritable", err);
	return 0;
}

static int parse_rlimit(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_rlimit *rlimits, *rlimit;

	if (payload.length != 20)
		return wrong(parser, "wrong size", err);
	rlimits = grow(plan->rlimits, plan->rlimit_count, sizeof(*rlimits));
	if (!rlimits)
		return error_system(err, "allocate", NULL);
	plan->rlimits = rlimits;
	rlimit = &rlimits[plan->rlimit_count];
	*rlimit = (struct plan_rlimit){load32(payload.at), load64(payload.at + 4), load64(payload.at + 12)};
	if (rlimit->resource > 15)
		return wrong(parser, "unknown resource", err);
	if (rlimit->soft > rlimit->hard)
		return wrong(parser, "soft above hard", err);
	for (size_t i = 0; i < plan->rlimit_count; i++)
		if (rlimits[i].resource == rlimit->resource)
			return wrong(parser, "one resource given twice", err);
	plan->rlimit_count++;
	return 0;
}

static int parse_seccomp(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	size_t count = payload.length / sizeof(struct sock_filter);

	if (payload.length % sizeof(struct sock_filter) || count == 0 || count > BPF_MAXINSNS)
		return wrong(parser, "wrong size", err);
	plan->seccomp = calloc(count, sizeof(struct sock_filter));
	if (!plan->seccomp)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; i < count; i++) {
		const unsigned char *at = payload.at + i * 8;

		plan->seccomp[i] = (struct sock_filter){load16(at), at[2], at[3], load32(at + 4)};
	}
	plan->seccomp_count = (uint16_t)count;
	return 0;
}

static int parse_device_filter(struct parser *parser, struct slice payload, struct error *err)
{
	struct plan *plan = parser->plan;

	if (payload.length % DEVICE_FILTER_STEP || payload.length == 0 || payload.length / DEVICE_FILTER_STEP > BPF_MAXINSNS)
		return wrong(parser, "wrong size", err);
	plan->device_filter = malloc(payload.length);
	if (!plan->device_filter)
		return error_system(err, "allocate", NULL);
	memcpy(plan->device_filter, payload.at, payload.length);
	plan->device_filter_count = (uint32_t)(payload.length / DEVICE_FILTER_STEP);
	return 0;
}

/* --- the whole --- */

static int missing(const char *name, struct error *err)
{
	return error_set(err, ERROR_INVALID_PARAMETER, "plan: %s is missing", name);
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
