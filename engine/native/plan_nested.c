/* Records that hold records: each member once, in any order. */
#define _GNU_SOURCE
#include <string.h>

#include "plan_records.h"

int plan_parse_mount(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_mount *mounts = plan_grow(plan->mounts, plan->mount_count, sizeof(*mounts)), *mount;
	struct plan_record member = {0};
	uint32_t seen = 0, number = 0;
	int more;

	if (!mounts)
		return error_system(err, "allocate", NULL);
	plan->mounts = mounts;
	mount = &mounts[plan->mount_count];
	memset(mount, 0, sizeof(*mount));
	while ((more = plan_next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_mount_tag)member.tag) {
		case PLAN_MOUNT_TYPE:
			failed = plan_get_u32(parser, member.payload, &number, err);
			if (!failed && (number < PLAN_MOUNT_BIND || number > PLAN_MOUNT_CGROUP))
				failed = plan_wrong(parser, "unknown type", err);
			mount->type = number;
			break;
		case PLAN_MOUNT_SOURCE:
			failed = plan_get_path(parser, member.payload, &mount->source, err);
			break;
		case PLAN_MOUNT_TARGET:
			failed = plan_get_path(parser, member.payload, &mount->target, err);
			break;
		case PLAN_MOUNT_SUBPATH:
			failed = plan_get_string(parser, member.payload, &mount->subpath, err);
			break;
		case PLAN_MOUNT_FLAGS:
			failed = plan_get_u32(parser, member.payload, &mount->flags, err);
			if (!failed && mount->flags & ~PLAN_MOUNT_FLAG_ALL)
				failed = plan_wrong(parser, "unknown flags", err);
			break;
		case PLAN_MOUNT_DATA:
			failed = plan_get_string(parser, member.payload, &mount->data, err);
			break;
		case PLAN_MOUNT_PROPAGATION:
			failed = plan_get_u32(parser, member.payload, &number, err);
			if (!failed && number > PLAN_PROPAGATION_RSHARED)
				failed = plan_wrong(parser, "unknown propagation", err);
			mount->propagation = number;
			mount->has_propagation = true;
			break;
		default:
			failed = plan_wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0 || plan_require(parser, seen, 1u << PLAN_MOUNT_TYPE | 1u << PLAN_MOUNT_TARGET, err))
		return -1;
	if ((mount->type == PLAN_MOUNT_BIND) != (mount->source != NULL))
		return plan_wrong(parser, "a source belongs to a bind, and only there", err);
	if (mount->subpath && (!mount->source || mount->subpath[0] == '/' || mount->subpath[0] == 0))
		return plan_wrong(parser, "a subpath is relative to a source", err);
	plan->mount_count++;
	return 0;
}

int plan_parse_device(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_device *devices = plan_grow(plan->devices, plan->device_count, sizeof(*devices)), *device;
	struct plan_record member = {0};
	uint32_t seen = 0;
	int more;

	if (!devices)
		return error_system(err, "allocate", NULL);
	plan->devices = devices;
	device = &devices[plan->device_count];
	memset(device, 0, sizeof(*device));
	device->mode = 0666;
	while ((more = plan_next_member(parser, &payload, &member, &seen, err)) > 0) {
		uint32_t *const numbers[] = {
			[PLAN_DEVICE_TYPE] = &device->type, [PLAN_DEVICE_MAJOR] = &device->major, [PLAN_DEVICE_MINOR] = &device->minor,
			[PLAN_DEVICE_MODE] = &device->mode, [PLAN_DEVICE_UID] = &device->uid, [PLAN_DEVICE_GID] = &device->gid,
		};

		if (member.tag > PLAN_DEVICE_GID)
			return plan_wrong(parser, "unknown member", err);
		if (member.tag == PLAN_DEVICE_PATH ? plan_get_path(parser, member.payload, &device->path, err)
						   : plan_get_u32(parser, member.payload, numbers[member.tag], err))
			return -1;
	}
	if (more < 0 || plan_require(parser, seen, 1u << PLAN_DEVICE_PATH | 1u << PLAN_DEVICE_TYPE, err))
		return -1;
	if (device->type != 'c' && device->type != 'b' && device->type != 'p')
		return plan_wrong(parser, "unknown type", err);
	if (device->type != 'p' && plan_require(parser, seen, 1u << PLAN_DEVICE_MAJOR | 1u << PLAN_DEVICE_MINOR, err))
		return -1;
	if (device->mode > 07777)
		return plan_wrong(parser, "mode is not one", err);
	plan->device_count++;
	return 0;
}

int plan_parse_log(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_log *log = &parser->plan->log;
	struct plan_record member = {0};
	uint32_t seen = 0;
	int more;

	while ((more = plan_next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_log_tag)member.tag) {
		case PLAN_LOG_PATH:
			failed = plan_get_path(parser, member.payload, &log->path, err);
			break;
		case PLAN_LOG_MAX_SIZE:
			failed = plan_get_u64(parser, member.payload, &log->max_size, err);
			break;
		case PLAN_LOG_MAX_FILES:
			failed = plan_get_u32(parser, member.payload, &log->max_files, err);
			break;
		default:
			failed = plan_wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0)
		return -1;
	return plan_require(parser, seen, 1u << PLAN_LOG_PATH, err);
}

int plan_parse_namespace(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan_namespace namespace = {.listed = true};
	struct plan_record member = {0};
	uint32_t seen = 0, kind = 0;
	int more;

	while ((more = plan_next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_namespace_tag)member.tag) {
		case PLAN_NAMESPACE_KIND:
			failed = plan_get_u32(parser, member.payload, &kind, err);
			break;
		case PLAN_NAMESPACE_PATH:
			failed = plan_get_path(parser, member.payload, &namespace.path, err);
			break;
		default:
			failed = plan_wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0 || plan_require(parser, seen, 1u << PLAN_NAMESPACE_KIND, err))
		return -1;
	if (kind < PLAN_NAMESPACE_MOUNT || kind >= PLAN_NAMESPACE_COUNT)
		return plan_wrong(parser, "unknown kind", err);
	if (parser->plan->namespaces[kind].listed)
		return plan_wrong(parser, "one kind given twice", err);
	parser->plan->namespaces[kind] = namespace;
	return 0;
}

int plan_parse_events(struct plan_parser *parser, struct plan_slice payload, struct error *err)
{
	struct plan *plan = parser->plan;
	struct plan_record member = {0};
	uint32_t seen = 0;
	int more;

	while ((more = plan_next_member(parser, &payload, &member, &seen, err)) > 0) {
		int failed;

		switch ((enum plan_events_tag)member.tag) {
		case PLAN_EVENTS_PATH:
			failed = plan_get_path(parser, member.payload, &plan->events_path, err);
			break;
		case PLAN_EVENTS_ATTRIBUTES:
			failed = plan_get_string(parser, member.payload, &plan->events_attributes, err);
			break;
		case PLAN_EVENTS_ACTOR:
			failed = plan_get_string(parser, member.payload, &plan->events_actor, err);
			break;
		default:
			failed = plan_wrong(parser, "unknown member", err);
		}
		if (failed)
			return -1;
	}
	if (more < 0)
		return -1;
	return plan_require(parser, seen, 1u << PLAN_EVENTS_PATH, err);
}
