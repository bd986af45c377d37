/*
 * Parts of the monitor by themselves, for monitor-parts.test.ts (linked with their sources):
 *   stats PID GROUP…    what stats_members says of a container with these cgroup directories
 *   oom GROUP…          whether a group counted a kill
 *   stat PID            proc_read_stat
 *   tree INIT ROOT own|descendants
 *   status DIR KIND     writes status.json
 *   journal FILE N      appends N events
 *   clock               reads "seconds nanoseconds" lines, prints the log's time for each
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "log_line.h"
#include "process_tree.h"
#include "stats.h"
#include "status_file.h"

static struct plan plan_of_groups(char **groups)
{
	struct plan plan = {.cgroups = {.items = groups}, .events_attributes = "", .id = "id"};

	while (groups[plan.cgroups.count])
		plan.cgroups.count++;
	plan.namespaces[PLAN_NAMESPACE_NET].listed = true;
	return plan;
}

static int print_stats(char **argv)
{
	struct plan plan = plan_of_groups(argv + 1);
	struct json json AUTO_JSON = {0};
	struct stats stats = {0};
	struct error err;

	json_begin_object(&json);
	if (stats_members(&stats, &plan, atoi(argv[0]), &json, &err))
		return 1;
	json_end_object(&json);
	json_append(&json, "\n", 1);
	return fwrite(json.data, 1, json.length, stdout) == json.length ? 0 : 1;
}

static int print_stat(pid_t pid)
{
	struct proc_stat stat;

	if (proc_read_stat(pid, &stat)) {
		puts("none");
		return 0;
	}
	printf("{\"state\":\"%c\",\"parent\":%d,\"startTicks\":%" PRIu64 ",\"residentPages\":%" PRIu64 ",\"ticks\":%" PRIu64 "}\n", stat.state, (int)stat.parent, stat.start_ticks,
		stat.resident_pages, stat.user_ticks + stat.system_ticks);
	return 0;
}

static int print_tree(char **argv)
{
	struct process_tree tree AUTO_PROCESS_TREE = {0};
	struct error err;

	if (process_tree_read(&tree, atoi(argv[0]), atoi(argv[1]), strcmp(argv[2], "own") == 0, &err))
		return 1;
	for (size_t i = 0; i < tree.count; i++)
		printf("%d\n", (int)tree.items[i].pid);
	return 0;
}

static int write_status(char **argv)
{
	struct status status = {.kind = (enum status_kind)atoi(argv[1]), .exit_code = 300, .error = "a \"quoted\" reason\n\xff"};
	struct status_file file AUTO_STATUS_FILE = {.dir_fd = -1};
	struct error err;

	if (status_file_open(&file, argv[0], &err) || status_identify(&status, getppid(), &err) || status_file_write(&file, &status, true, &err)) {
		puts(err.message);
		return 1;
	}
	return 0;
}

static void append_events(char **argv)
{
	static char *none[] = {NULL};
	struct plan plan = plan_of_groups(none);
	struct timespec now;
	char members[64];

	plan.events_path = argv[0];
	plan.events_attributes = "\"image\":\"i\"";
	for (int i = 0; i < atoi(argv[1]); i++) {
		clock_gettime(CLOCK_REALTIME, &now);
		snprintf(members, sizeof(members), "\"writer\":\"%d\",\"number\":\"%d\"", (int)getpid(), i);
		journal_append(&plan, "test", &now, i % 2 ? members : NULL);
	}
}

static void print_times(void)
{
	struct log_clock clock = {0};
	long long seconds, nanoseconds;

	while (scanf("%lld %lld", &seconds, &nanoseconds) == 2) {
		struct timespec now = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};

		if (seconds < 0)
			log_clock_step(&clock);
		else
			log_clock_set(&clock, &now);
		printf("%.*s\n", LOG_TIME_LENGTH, clock.text);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "stats") == 0)
		return print_stats(argv + 2);
	if (strcmp(what, "oom") == 0) {
		struct plan plan = plan_of_groups(argv + 2);

		puts(stats_oom_killed(&plan) ? "true" : "false");
	} else if (strcmp(what, "stat") == 0)
		return print_stat(atoi(argv[2]));
	else if (strcmp(what, "tree") == 0)
		return print_tree(argv + 2);
	else if (strcmp(what, "status") == 0)
		return write_status(argv + 2);
	else if (strcmp(what, "journal") == 0)
		append_events(argv + 2);
	else if (strcmp(what, "clock") == 0)
		print_times();
	else
		return 2;
	return 0;
}
