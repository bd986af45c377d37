#define _GNU_SOURCE
#include "plan_records.h"

#include <stdlib.h>
#include <string.h>

#define DEVICE_FILTER_STEP 8 /* of struct bpf_insn */
#define LOWER_MAX 500	     /* overlayfs's own limit */
#define HOST_NAME_MAX_LENGTH 64

typedef int parse_payload(struct plan_parser *parser, struct plan_slice payload, struct error *err);

static parse_payload parse_kind, parse_flags, parse_lower, parse_hostname, parse_domainname, parse_caps, parse_rlimit, parse_seccomp, parse_sysctl,
	parse_oom_score_adj, parse_tty_size, parse_target, parse_restart, parse_device_filter, parse_volume;

enum form {
	FORM_PARSED, /* by the rule's own function */
	FORM_STRING,
	FORM_PATH,
	FORM_U32,
	FORM_STRINGS, /* one more of a list */
	FORM_PATHS,
};

struct rule {
	const char *name;
	enum form form;
	size_t field; /* of struct plan; not for FORM_PARSED */
	parse_payload *parse;
	bool repeated;
};

#define STRING(field) FORM_STRING, offsetof(struct plan, field), NULL, false
#define PATH(field) FORM_PATH, offsetof(struct plan, field), NULL, false
#define U32(field) FORM_U32, offsetof(struct plan, field), NULL, false
#define STRINGS(field) FORM_STRINGS, offsetof(struct plan, field), NULL, true
#define PATHS(field) FORM_PATHS, offsetof(struct plan, field), NULL, true
#define ONCE(parse) FORM_PARSED, 0, parse, false
#define REPEATED(parse) FORM_PARSED, 0, parse, true

static const struct rule rules[] = {
	[PLAN_KIND] = {"KIND", ONCE(parse_kind)},
	[PLAN_ID] = {"ID", STRING(id)},
	[PLAN_STATE_DIR] = {"STATE_DIR", PATH(state_dir)},
	[PLAN_SOCKET] = {"SOCKET", PATH(socket)},
	[PLAN_FLAGS] = {"FLAGS", ONCE(parse_flags)},
	[PLAN_LOWER] = {"LOWER", REPEATED(parse_lower)},
	[PLAN_UPPER] = {"UPPER", PATH(upper)},
	[PLAN_WORK] = {"WORK", PATH(work)},
	[PLAN_ROOTFS] = {"ROOTFS", PATH(rootfs)},
	[PLAN_MOUNT] = {"MOUNT", REPEATED(plan_parse_mount)},
	[PLAN_ARG] = {"ARG", STRINGS(args)},
	[PLAN_ENV] = {"ENV", STRINGS(env)},
	[PLAN_CWD] = {"CWD", PATH(cwd)},
	[PLAN_HOSTNAME] = {"HOSTNAME", ONCE(parse_hostname)},
	[PLAN_DOMAINNAME] = {"DOMAINNAME", ONCE(parse_domainname)},
	[PLAN_USER] = {"USER", STRING(user)},
	[PLAN_GROUP_ADD] = {"GROUP_ADD", STRINGS(group_add)},
	[PLAN_CAPS] = {"CAPS", ONCE(parse_caps)},
	[PLAN_RLIMIT] = {"RLIMIT", REPEATED(parse_rlimit)},
	[PLAN_SECCOMP] = {"SECCOMP", ONCE(parse_seccomp)},
	[PLAN_MASKED] = {"MASKED", PATHS(masked)},
	[PLAN_READONLY] = {"READONLY", PATHS(readonly)},
	[PLAN_DEVICE] = {"DEVICE", REPEATED(plan_parse_device)},
	[PLAN_SYSCTL] = {"SYSCTL", REPEATED(parse_sysctl)},
	[PLAN_OOM_SCORE_ADJ] = {"OOM_SCORE_ADJ", ONCE(parse_oom_score_adj)},
	[PLAN_LOG] = {"LOG", ONCE(plan_parse_log)},
	[PLAN_CGROUP] = {"CGROUP", PATHS(cgroups)},
	[PLAN_NAMESPACE] = {"NAMESPACE", REPEATED(plan_parse_namespace)},
	[PLAN_TTY_SIZE] = {"TTY_SIZE", ONCE(parse_tty_size)},
	[PLAN_TARGET] = {"TARGET", ONCE(parse_target)},
	[PLAN_TIMEOUT] = {"TIMEOUT", U32(timeout_ms)},
	[PLAN_RESTART] = {"RESTART", ONCE(parse_restart)},
	[PLAN_EVENTS] = {"EVENTS", ONCE(plan_parse_events)},
	[PLAN_DEVICE_FILTER] = {"DEVICE_FILTER", ONCE(parse_device_filter)},
	[PLAN_VOLUME] = {"VOLUME", REPEATED(parse_volume)},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

_Static_assert(RULE_COUNT <= 64, "the parser's `seen` has a bit for each record");

int plan_parse_record(struct plan_parser *parser, const struct plan_record *record, struct error *err)
{
	const struct rule *rule = record->tag < RULE_COUNT ? &rules[record->tag] : NULL;
	char *field;

	if (!rule || !rule->name)
		return error_set(err, ERROR_INVALID_PARAMETER, "plan: unknown record %u", record->tag);
	parser->name = rule->name;
	if (!rule->repeated && parser->seen & 1ull << record->tag)
		return plan_wrong(parser, "given twice", err);
	parser->seen |= 1ull << record->tag;
	field = (char *)parser->plan + rule->field;
	switch (rule->form) {
	case FORM_PARSED:
		return rule->parse(parser, record->payload, err);
	case FORM_STRING:
		return plan_get_string(parser, record->payload, (const char **)(void *)field, err);
	case FORM_PATH:
		return plan_get_path(parser, record->payload, (const char **)(void *)field, err);
	case FORM_U32:
		return plan_get_u32(parser, record->payload, (uint32_t *)(void *)field, err);
	case FORM_STRINGS:
	case FORM_PATHS:
		return plan_add_string(parser, (struct plan_strings *)(void *)field, record->payload, rule->form == FORM_PATHS, err);
	}
	return plan_wrong(parser, "unknown form", err);
}

static int parse_kind(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	uint32_t kind = 0;

	if (plan_get_u32(parser, payload, &kind, err))
		return -1;
	if (kind != PLAN_KIND_CONTAINER && kind != PLAN_KIND_EXEC)
		return plan_wrong(parser, "unknown kind", err);
	parser->plan->kind = kind;
	return 0;
}

static int parse_flags(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;

	if (plan_get_u64(parser, payload, &plan->flags, err))
		return -1;
	return plan->flags & ~(uint64_t)PLAN_FLAG_ALL ? plan_wrong(parser, "unknown bits", err) : 0;
}

static int parse_lower(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_strings *lowers = &parser->plan->lowers;

	return lowers->count == LOWER_MAX ? plan_wrong(parser, "more than 500 layers", err) : plan_add_string(parser, lowers, payload, true, err);
}

static int get_host_name(struct plan_parser *parser, struct plan_slice payload, const char **out, struct error *err)
{
	return payload.length > HOST_NAME_MAX_LENGTH ? plan_wrong(parser, "longer than 64 bytes", err) : plan_get_string(parser, payload, out, err);
}

static int parse_hostname(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	return get_host_name(parser, payload, &parser->plan->hostname, err);
}

static int parse_domainname(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	return get_host_name(parser, payload, &parser->plan->domainname, err);
}

static int parse_caps(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_caps *caps = &parser->plan->caps;

	if (payload.length != 40)
		return plan_wrong(parser, "wrong size", err);
	caps->bounding = plan_load64(payload.at);
	caps->effective = plan_load64(payload.at + 8);
	caps->permitted = plan_load64(payload.at + 16);
	caps->inheritable = plan_load64(payload.at + 24);
	caps->ambient = plan_load64(payload.at + 32);
	if (caps->effective & ~caps->permitted)
		return plan_wrong(parser, "effective must lie in permitted", err);
	if (caps->ambient & ~(caps->permitted & caps->inheritable))
		return plan_wrong(parser, "ambient must lie in permitted and inheritable", err);
	return 0;
}

static int parse_rlimit(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_rlimit *rlimits, *rlimit;

	if (payload.length != 20)
		return plan_wrong(parser, "wrong size", err);
	rlimits = plan_grow(plan->rlimits, plan->rlimit_count, sizeof(*rlimits));
	if (!rlimits)
		return error_system(err, "allocate", NULL);
	plan->rlimits = rlimits;
	rlimit = &rlimits[plan->rlimit_count];
	*rlimit = (struct plan_rlimit){plan_load32(payload.at), plan_load64(payload.at + 4), plan_load64(payload.at + 12)};
	if (rlimit->resource > 15)
		return plan_wrong(parser, "unknown resource", err);
	if (rlimit->soft > rlimit->hard)
		return plan_wrong(parser, "soft above hard", err);
	for (size_t i = 0; i < plan->rlimit_count; i++)
		if (rlimits[i].resource == rlimit->resource)
			return plan_wrong(parser, "one resource given twice", err);
	plan->rlimit_count++;
	return 0;
}

static int parse_seccomp(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	size_t count = payload.length / sizeof(struct sock_filter);

	if (payload.length % sizeof(struct sock_filter) || count == 0 || count > BPF_MAXINSNS)
		return plan_wrong(parser, "wrong size", err);
	plan->seccomp = calloc(count, sizeof(struct sock_filter));
	if (!plan->seccomp)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; i < count; i++) {
		const unsigned char *at = payload.at + i * 8;

		plan->seccomp[i] = (struct sock_filter){plan_load16(at), at[2], at[3], plan_load32(at + 4)};
	}
	plan->seccomp_count = (uint16_t)count;
	return 0;
}

static int parse_sysctl(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_strings *sysctls = &parser->plan->sysctls;

	if (plan_add_string(parser, sysctls, payload, false, err))
		return -1;
	return strchr(sysctls->items[sysctls->count - 1], '=') ? 0 : plan_wrong(parser, "not key=value", err);
}

static int parse_volume(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_strings *volumes = &parser->plan->volumes;
	const char *blank;

	if (plan_add_string(parser, volumes, payload, false, err))
		return -1;
	blank = strchr(volumes->items[volumes->count - 1], ' ');
	return blank && blank > volumes->items[volumes->count - 1] ? 0 : plan_wrong(parser, "not a name and members", err);
}

static int parse_oom_score_adj(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	uint32_t number = 0;

	if (plan_get_u32(parser, payload, &number, err))
		return -1;
	plan->oom_score_adj = (int32_t)number;
	plan->has_oom_score_adj = true;
	return plan->oom_score_adj < -1000 || plan->oom_score_adj > 1000 ? plan_wrong(parser, "not between -1000 and 1000", err) : 0;
}

static int parse_tty_size(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	if (payload.length != 4)
		return plan_wrong(parser, "wrong size", err);
	parser->plan->tty_rows = plan_load16(payload.at);
	parser->plan->tty_columns = plan_load16(payload.at + 2);
	return 0;
}

static int parse_target(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	uint32_t pid;

	if (payload.length != 12)
		return plan_wrong(parser, "wrong size", err);
	pid = plan_load32(payload.at);
	if (pid == 0 || pid > INT32_MAX)
		return plan_wrong(parser, "not a pid", err);
	parser->plan->target_pid = (pid_t)pid;
	parser->plan->target_start_ticks = plan_load64(payload.at + 4);
	return 0;
}

static int parse_restart(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	if (payload.length != 8)
		return plan_wrong(parser, "wrong size", err);
	parser->plan->restart_kind = plan_load32(payload.at);
	parser->plan->restart_max = plan_load32(payload.at + 4);
	return 0;
}

static int parse_device_filter(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;

	if (payload.length % DEVICE_FILTER_STEP || payload.length == 0 || payload.length / DEVICE_FILTER_STEP > BPF_MAXINSNS)
		return plan_wrong(parser, "wrong size", err);
	plan->device_filter = malloc(payload.length);
	if (!plan->device_filter)
		return error_system(err, "allocate", NULL);
	memcpy(plan->device_filter, payload.at, payload.length);
	plan->device_filter_count = (uint32_t)(payload.length / DEVICE_FILTER_STEP);
	return 0;
}
