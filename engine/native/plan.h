/*
 * The launch plan: engine/native/readme.md has the format and engine/runtime/plan.ts the other end (a test compares the two tables).
 * plan_parse checks everything that can be checked without touching the system.
 */
#ifndef TUG_PLAN_H
#define TUG_PLAN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

#define PLAN_VERSION 1
#define PLAN_SIZE_MAX (4u << 20)

enum plan_tag {
	PLAN_KIND = 1,
	PLAN_ID = 2,
	PLAN_STATE_DIR = 3,
	PLAN_SOCKET = 4,
	PLAN_FLAGS = 5,
	PLAN_LOWER = 6,
	PLAN_UPPER = 7,
	PLAN_WORK = 8,
	PLAN_ROOTFS = 9,
	PLAN_MOUNT = 10,
	PLAN_ARG = 11,
	PLAN_ENV = 12,
	PLAN_CWD = 13,
	PLAN_HOSTNAME = 14,
	PLAN_DOMAINNAME = 15,
	PLAN_USER = 16,
	PLAN_GROUP_ADD = 17,
	PLAN_CAPS = 18,
	PLAN_RLIMIT = 19,
	PLAN_SECCOMP = 20,
	PLAN_MASKED = 21,
	PLAN_READONLY = 22,
	PLAN_DEVICE = 23,
	PLAN_SYSCTL = 24,
	PLAN_OOM_SCORE_ADJ = 25,
	PLAN_LOG = 26,
	PLAN_CGROUP = 27,
	PLAN_NAMESPACE = 28,
	PLAN_TTY_SIZE = 29,
	PLAN_TARGET = 30,
	PLAN_TIMEOUT = 31,
	PLAN_RESTART = 32,
	PLAN_EVENTS = 33,
	PLAN_DEVICE_FILTER = 34,
	PLAN_VOLUME = 40,
};

enum plan_kind {
	PLAN_KIND_CONTAINER = 1,
	PLAN_KIND_EXEC = 2,
};

/* Bits of FLAGS. */
#define PLAN_FLAG_TTY (1u << 0)
#define PLAN_FLAG_OPEN_STDIN (1u << 1)
#define PLAN_FLAG_STDIN_ONCE (1u << 2)
#define PLAN_FLAG_AUTO_START (1u << 3)
#define PLAN_FLAG_READONLY_ROOTFS (1u << 4)
#define PLAN_FLAG_NO_NEW_PRIVS (1u << 5)
#define PLAN_FLAG_VOLATILE (1u << 6)
#define PLAN_FLAG_USERXATTR (1u << 7)
#define PLAN_FLAG_INIT (1u << 8)
#define PLAN_FLAG_NO_SYNC (1u << 9)
#define PLAN_FLAG_SINGLE_ID (1u << 10)
#define PLAN_FLAG_CREATE_CWD (1u << 11)
#define PLAN_FLAG_ALL ((1u << 12) - 1)

enum plan_mount_tag {
	PLAN_MOUNT_TYPE = 1,
	PLAN_MOUNT_SOURCE = 2,
	PLAN_MOUNT_TARGET = 3,
	PLAN_MOUNT_FLAGS = 4,
	PLAN_MOUNT_DATA = 5,
	PLAN_MOUNT_PROPAGATION = 6,
	PLAN_MOUNT_SUBPATH = 7,
};

enum plan_mount_type {
	PLAN_MOUNT_BIND = 1,
	PLAN_MOUNT_PROC = 2,
	PLAN_MOUNT_SYSFS = 3,
	PLAN_MOUNT_TMPFS = 4,
	PLAN_MOUNT_DEVPTS = 5,
	PLAN_MOUNT_MQUEUE = 6,
	PLAN_MOUNT_CGROUP = 7,
};

/* Bits of a mount's FLAGS. */
#define PLAN_MOUNT_RDONLY (1u << 0)
#define PLAN_MOUNT_NOSUID (1u << 1)
#define PLAN_MOUNT_NODEV (1u << 2)
#define PLAN_MOUNT_NOEXEC (1u << 3)
#define PLAN_MOUNT_RECURSIVE (1u << 4)
#define PLAN_MOUNT_TARGET_IS_FILE (1u << 5)
#define PLAN_MOUNT_CREATE_TARGET (1u << 6)
#define PLAN_MOUNT_OPTIONAL (1u << 7)
#define PLAN_MOUNT_TOP_READONLY (1u << 8)
#define PLAN_MOUNT_FLAG_ALL ((1u << 9) - 1)

enum plan_propagation {
	PLAN_PROPAGATION_PRIVATE = 0,
	PLAN_PROPAGATION_RPRIVATE = 1,
	PLAN_PROPAGATION_SLAVE = 2,
	PLAN_PROPAGATION_RSLAVE = 3,
	PLAN_PROPAGATION_SHARED = 4,
	PLAN_PROPAGATION_RSHARED = 5,
};

enum plan_device_tag {
	PLAN_DEVICE_PATH = 1,
	PLAN_DEVICE_TYPE = 2,
	PLAN_DEVICE_MAJOR = 3,
	PLAN_DEVICE_MINOR = 4,
	PLAN_DEVICE_MODE = 5,
	PLAN_DEVICE_UID = 6,
	PLAN_DEVICE_GID = 7,
};

enum plan_log_tag {
	PLAN_LOG_PATH = 1,
	PLAN_LOG_MAX_SIZE = 2,
	PLAN_LOG_MAX_FILES = 3,
};

enum plan_namespace_tag {
	PLAN_NAMESPACE_KIND = 1,
	PLAN_NAMESPACE_PATH = 2,
};

enum plan_namespace_kind {
	PLAN_NAMESPACE_MOUNT = 1,
	PLAN_NAMESPACE_PID = 2,
	PLAN_NAMESPACE_NET = 3,
	PLAN_NAMESPACE_IPC = 4,
	PLAN_NAMESPACE_UTS = 5,
	PLAN_NAMESPACE_CGROUP = 6,
	PLAN_NAMESPACE_USER = 7,
};
#define PLAN_NAMESPACE_COUNT 8 /* indexed by kind, 0 unused */

enum plan_events_tag {
	PLAN_EVENTS_PATH = 1,
	PLAN_EVENTS_ATTRIBUTES = 2,
	PLAN_EVENTS_ACTOR = 3,
};

struct plan_strings {
	char **items; /* NULL-terminated, never NULL itself */
	size_t count;
};

struct plan_mount {
	enum plan_mount_type type;
	const char *source; /* bind only */
	const char *subpath; /* what of it, never outside it; NULL: all */
	const char *target;
	uint32_t flags;
	const char *data; /* NULL when absent */
	enum plan_propagation propagation;
	bool has_propagation;
};

struct plan_rlimit {
	uint32_t resource;
	uint64_t soft, hard;
};

struct plan_device {
	const char *path;
	uint32_t type; /* 'c', 'b' or 'p' */
	uint32_t major, minor, mode, uid, gid;
};

struct plan_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

struct plan_log {
	const char *path; /* NULL: no log */
	uint64_t max_size; /* bytes, 0: no limit */
	uint32_t max_files;
};

struct plan_namespace {
	bool listed;
	const char *path; /* NULL: a new one */
};

struct plan {
	enum plan_kind kind;
	const char *id;
	const char *state_dir;
	const char *socket;
	uint64_t flags;
	struct plan_strings lowers;
	const char *upper, *work; /* NULL when absent */
	const char *rootfs;
	struct plan_mount *mounts;
	size_t mount_count;
	struct plan_strings args, env;
	const char *cwd; /* "/" when absent */
	const char *hostname, *domainname; /* NULL when absent */
	const char *user; /* "" when absent */
	struct plan_strings group_add;
	struct plan_caps caps;
	struct plan_rlimit *rlimits;
	size_t rlimit_count;
	struct sock_filter *seccomp; /* NULL when absent */
	uint16_t seccomp_count;
	unsigned char *device_filter; /* struct bpf_insn array; NULL when absent */
	uint32_t device_filter_count;
	struct plan_strings masked, readonly, sysctls, cgroups;
	struct plan_device *devices;
	size_t device_count;
	int32_t oom_score_adj;
	bool has_oom_score_adj;
	struct plan_log log;
	struct plan_namespace namespaces[PLAN_NAMESPACE_COUNT];
	uint16_t tty_rows, tty_columns; /* 0 when absent */
	pid_t target_pid; /* exec */
	uint64_t target_start_ticks;
	uint32_t timeout_ms; /* 0: none */
	uint32_t restart_kind, restart_max;
	const char *events_path; /* NULL: no journal */
	const char *events_actor; /* whose events they are; NULL: the plan's id */
	const char *events_attributes; /* JSON members without braces, "" when absent */
	struct plan_strings volumes; /* "NAME MEMBERS": what the journal says of each when the container starts */
	char *arena; /* holds all strings */
};

static inline bool plan_has(const struct plan *plan, uint64_t flag)
{
	return (plan->flags & flag) != 0;
}

/* True when the namespace is not the host's (and for exec: is the target's). */
static inline bool plan_new_namespace(const struct plan *plan, enum plan_namespace_kind kind)
{
	return plan->namespaces[kind].listed && !plan->namespaces[kind].path;
}

/* Kind invalidParameter for whatever is wrong with the bytes. On failure nothing is left allocated. */
int plan_parse(const void *bytes, size_t length, struct plan *plan, struct error *err);

/* Reads the whole plan from `fd` and parses it. */
int plan_read(int fd, struct plan *plan, struct error *err);

void plan_free(struct plan *plan);

#endif
