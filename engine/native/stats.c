#define _GNU_SOURCE
#include "stats.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "log_line.h"
#include "proc_file.h"
#include "process_tree.h"

#define NANOSECONDS 1000000000
/* Version 1 writes this (or near it) for "no limit". */
#define NO_LIMIT (UINT64_C(1) << 62)
/* Memory of a process beside which the pages that are not handed in do not matter; below it the exact count is quickly made. */
#define COUNTED_WELL (UINT64_C(16) << 20)

struct usage {
	uint64_t user_ns, system_ns, total_ns;
	uint64_t memory_bytes, inactive_file_bytes, memory_limit;
	uint64_t pids, pids_limit;
	uint64_t read_bytes, written_bytes;
	const char *cpu_source, *memory_source, *pids_source, *blkio_source;
};

static void read_cgroup(int directory, struct usage *usage);
static void read_cgroup_cpu(int directory, struct usage *usage);
static void read_cgroup_memory(int directory, struct usage *usage);
static void read_cgroup_blkio(int directory, struct usage *usage);
static void read_processes(const struct process_tree *tree, struct stats *stats, struct usage *usage);
static uint64_t resident_bytes(pid_t pid, uint64_t counted);
static bool read_process_io(pid_t pid, uint64_t *read_bytes, uint64_t *written_bytes);
static void keep_growing(uint64_t *previous, uint64_t *current);
static void write_networks(struct json *json, pid_t init);
static void write_network(struct json *json, const char *name, const char *counters);
static void write_time(struct json *json);

int stats_members(struct stats *stats, const struct plan *plan, pid_t init, struct json *json, struct error *err)
{
	struct process_tree tree AUTO_PROCESS_TREE = {0};
	struct usage usage = {0};

	for (size_t i = 0; i < plan->cgroups.count; i++) {
		int directory AUTO_CLOSE = RETRY(open(plan->cgroups.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC));

		if (directory >= 0)
			read_cgroup(directory, &usage);
	}
	if (!usage.cpu_source || !usage.memory_source || !usage.pids_source || !usage.blkio_source) {
		if (process_tree_read(&tree, init, getpid(), plan_new_namespace(plan, PLAN_NAMESPACE_PID), err))
			return -1;
		read_processes(&tree, stats, &usage);
	}

	write_time(json);
	json_key(json, "cpu");
	json_begin_object(json);
	json_member_unsigned(json, "totalNs", usage.total_ns);
	json_member_unsigned(json, "userNs", usage.user_ns);
	json_member_unsigned(json, "systemNs", usage.system_ns);
	json_end_object(json);
	json_key(json, "memory");
	json_begin_object(json);
	json_member_unsigned(json, "usageBytes", usage.memory_bytes);
	if (usage.inactive_file_bytes)
		json_member_unsigned(json, "inactiveFileBytes", usage.inactive_file_bytes);
	if (usage.memory_limit)
		json_member_unsigned(json, "limitBytes", usage.memory_limit);
	json_end_object(json);
	json_key(json, "pids");
	json_begin_object(json);
	json_member_unsigned(json, "current", usage.pids);
	if (usage.pids_limit)
		json_member_unsigned(json, "limit", usage.pids_limit);
	json_end_object(json);
	if (plan->namespaces[PLAN_NAMESPACE_NET].listed)
		write_networks(json, init);
	json_key(json, "blkio");
	json_begin_object(json);
	json_member_unsigned(json, "readBytes", usage.read_bytes);
	json_member_unsigned(json, "writeBytes", usage.written_bytes);
	json_end_object(json);
	json_key(json, "sources");
	json_begin_object(json);
	json_member_string(json, "cpu", usage.cpu_source);
	json_member_string(json, "memory", usage.memory_source);
	json_member_string(json, "pids", usage.pids_source);
	json_member_string(json, "blkio", usage.blkio_source);
	json_end_object(json);
	return 0;
}

bool stats_oom_killed(const struct plan *plan)
{
	static const char *const files[] = {"memory.events", "memory.oom_control"};

	for (size_t i = 0; i < plan->cgroups.count; i++) {
		int directory AUTO_CLOSE = RETRY(open(plan->cgroups.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC));

		for (size_t j = 0; directory >= 0 && j < 2; j++) {
			char text[512];
			uint64_t kills;

			if (proc_read(directory, files[j], text, sizeof(text)) > 0 && proc_find_number(text, "oom_kill", &kills) && kills)
				return true;
		}
	}
	return false;
}

static void read_cgroup(int directory, struct usage *usage)
{
	if (!usage->cpu_source)
		read_cgroup_cpu(directory, usage);
	if (!usage->memory_source)
		read_cgroup_memory(directory, usage);
	if (!usage->blkio_source)
		read_cgroup_blkio(directory, usage);
	if (!usage->pids_source && proc_read_number(directory, "pids.current", &usage->pids)) {
		usage->pids_source = "cgroup2";
		proc_read_number(directory, "pids.max", &usage->pids_limit);
	}
}

static void read_cgroup_cpu(int directory, struct usage *usage)
{
	char text[2048];
	uint64_t total, user, system;

	if (proc_read(directory, "cpu.stat", text, sizeof(text)) > 0 && proc_find_number(text, "usage_usec", &total) && proc_find_number(text, "user_usec", &user)
		&& proc_find_number(text, "system_usec", &system)) {
		usage->total_ns = total * 1000;
		usage->user_ns = user * 1000;
		usage->system_ns = system * 1000;
		usage->cpu_source = "cgroup2";
	} else if (proc_read_number(directory, "cpuacct.usage", &usage->total_ns)) {
		proc_read_number(directory, "cpuacct.usage_user", &usage->user_ns);
		proc_read_number(directory, "cpuacct.usage_sys", &usage->system_ns);
		usage->cpu_source = "cgroup1";
	}
}

static void read_cgroup_memory(int directory, struct usage *usage)
{
	char text[8192];

	if (proc_read_number(directory, "memory.current", &usage->memory_bytes)) {
		proc_read_number(directory, "memory.max", &usage->memory_limit);
		if (proc_read(directory, "memory.stat", text, sizeof(text)) > 0)
			proc_find_number(text, "inactive_file", &usage->inactive_file_bytes);
		usage->memory_source = "cgroup2";
	} else if (proc_read_number(directory, "memory.usage_in_bytes", &usage->memory_bytes)) {
		proc_read_number(directory, "memory.limit_in_bytes", &usage->memory_limit);
		if (usage->memory_limit >= NO_LIMIT)
			usage->memory_limit = 0;
		if (proc_read(directory, "memory.stat", text, sizeof(text)) > 0)
			proc_find_number(text, "total_inactive_file", &usage->inactive_file_bytes);
		usage->memory_source = "cgroup1";
	}
}

/* Version 2: "8:0 rbytes=1 wbytes=2 …" a device. Version 1: "8:0 Read 1". */
static void read_cgroup_blkio(int directory, struct usage *usage)
{
	char text[8192];
	bool unified = proc_read(directory, "io.stat", text, sizeof(text)) >= 0;
	const char *const keys[] = {unified ? " rbytes=" : " Read ", unified ? " wbytes=" : " Write "};
	uint64_t *const sums[] = {&usage->read_bytes, &usage->written_bytes};

	if (!unified && proc_read(directory, "blkio.throttle.io_service_bytes_recursive", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		for (const char *at = strstr(text, keys[i]); at; at = strstr(at + 1, keys[i]))
			*sums[i] += strtoull(at + strlen(keys[i]), NULL, 10);
	usage->blkio_source = unified ? "cgroup2" : "cgroup1";
}

/* Whatever the cgroups did not tell. */
static void read_processes(const struct process_tree *tree, struct stats *stats, struct usage *usage)
{
	uint64_t ns_a_tick = NANOSECONDS / (uint64_t)sysconf(_SC_CLK_TCK), page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t user_ns = 0, system_ns = 0, memory = 0, read_bytes = 0, written_bytes = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct proc_stat *stat = &tree->items[i].stat;

		user_ns += (stat->user_ticks + stat->children_user) * ns_a_tick;
		system_ns += (stat->system_ticks + stat->children_system) * ns_a_tick;
		if (!usage->memory_source)
			memory += resident_bytes(tree->items[i].pid, stat->resident_pages * page);
		if (!usage->blkio_source)
			read_process_io(tree->items[i].pid, &read_bytes, &written_bytes);
	}
	if (!usage->cpu_source) {
		keep_growing(&stats->user_ns, &user_ns);
		keep_growing(&stats->system_ns, &system_ns);
		usage->user_ns = user_ns;
		usage->system_ns = system_ns;
		usage->total_ns = user_ns + system_ns;
		usage->cpu_source = "proc";
	}
	if (!usage->memory_source) {
		usage->memory_bytes = memory;
		usage->memory_source = "proc";
	}
	if (!usage->pids_source) {
		usage->pids = tree->count;
		usage->pids_source = "proc";
	}
	if (!usage->blkio_source) {
		keep_growing(&stats->read_bytes, &read_bytes);
		keep_growing(&stats->written_bytes, &written_bytes);
		usage->read_bytes = read_bytes;
		usage->written_bytes = written_bytes;
		usage->blkio_source = "proc";
	}
}

/* Since Linux 6.2 each processor counts pages by itself, and what it has not handed in yet is missing: for a small program, all. */
static uint64_t resident_bytes(pid_t pid, uint64_t counted)
{
	static const char key[] = "\nRss:";
	char path[40], text[2048];
	const char *found;

	if (counted >= COUNTED_WELL)
		return counted;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	found = proc_read(AT_FDCWD, path, text, sizeof(text)) > 0 ? strstr(text, key) : NULL;
	return found ? strtoull(found + strlen(key), NULL, 10) * 1024 : counted;
}

/* Adds to the sums. */
static bool read_process_io(pid_t pid, uint64_t *read_bytes, uint64_t *written_bytes)
{
	char path[32], text[512];
	uint64_t number;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	if (proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return false;
	if (proc_find_number(text, "read_bytes:", &number))
		*read_bytes += number;
	if (proc_find_number(text, "write_bytes:", &number))
		*written_bytes += number;
	return true;
}

static void keep_growing(uint64_t *previous, uint64_t *current)
{
	if (*current < *previous)
		*current = *previous;
	*previous = *current;
}

static void write_networks(struct json *json, pid_t init)
{
	char path[32], text[8192];
	char *line, *rest = text;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)init);
	if (proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return;
	json_key(json, "networks");
	json_begin_object(json);
	while ((line = strsep(&rest, "\n"))) {
		char *colon = strchr(line, ':'), *name = line + strspn(line, " ");

		/* The two headings have none. */
		if (!colon)
			continue;
		*colon = '\0';
		if (strcmp(name, "lo") != 0)
			write_network(json, name, colon + 1);
	}
	json_end_object(json);
}

static void write_network(struct json *json, const char *name, const char *counters)
{
	uint64_t received[4], sent[4];

	if (sscanf(counters, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*s %*s %*s %*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &received[0], &received[1],
		    &received[2], &received[3], &sent[0], &sent[1], &sent[2], &sent[3]) != 8)
		return;
	json_key(json, name);
	json_begin_object(json);
	json_member_unsigned(json, "rxBytes", received[0]);
	json_member_unsigned(json, "rxPackets", received[1]);
	json_member_unsigned(json, "rxErrors", received[2]);
	json_member_unsigned(json, "rxDropped", received[3]);
	json_member_unsigned(json, "txBytes", sent[0]);
	json_member_unsigned(json, "txPackets", sent[1]);
	json_member_unsigned(json, "txErrors", sent[2]);
	json_member_unsigned(json, "txDropped", sent[3]);
	json_end_object(json);
}

static void write_time(struct json *json)
{
	struct log_clock clock = {0};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	log_clock_set(&clock, &now);
	json_key(json, "time");
	json_bytes(json, clock.text, LOG_TIME_LENGTH);
}
