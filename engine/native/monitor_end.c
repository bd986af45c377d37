/* The end of the container, step by step. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "journal.h"
#include "monitor_state.h"
#include "process_tree.h"

/* No pipe holds more (and pieces are read whole): what a dead process wrote has been read then. */
#define LEFT_BEHIND_MAX ((1 << 20) + 64 * 1024)
/* How long others may go on writing to the streams of a process that ended (an exec's background processes). */
#define ENDING_GRACE_MS 100

static void kill_strays(void);
static void read_leftovers(void);
static void journal_die(void);

void monitor_init_ended(const siginfo_t *info)
{
	struct error err;

	/* How it started comes first: a process that lived for microseconds did start. */
	if (monitor.phase == PHASE_STARTING)
		monitor_read_result();
	if (monitor.phase == PHASE_TOLD)
		return;
	if (monitor.phase < PHASE_RUNNING) {
		error_set(&err, ERROR_CONFLICT, "the container's process was ended (%s %d) before it could start", info->si_code == CLD_EXITED ? "exit code" : "signal",
			info->si_status);
		monitor_start_failed(&err);
		return;
	}
	monitor.status.kind = STATUS_EXITED;
	monitor.status.signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
	monitor.status.exit_code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
	monitor.status.oom_killed = stats_oom_killed(monitor.plan);
	clock_gettime(CLOCK_REALTIME, &monitor.status.finished_at);
	monitor.phase = PHASE_ENDING;
	monitor.ending_deadline_ms = monitor_now_ms() + ENDING_GRACE_MS;
	cleanup_fd(&monitor.terminal_peer);
	if (monitor.plan->kind == PLAN_KIND_CONTAINER && !plan_new_namespace(monitor.plan, PLAN_NAMESPACE_PID))
		kill_strays();
	read_leftovers();
}

/* In this order: whoever is told of the exit finds the log complete, the record written, and the way free for the next start. */
void monitor_finish(void)
{
	read_leftovers();
	for (int i = 0; i < OUTPUT_COUNT; i++)
		monitor_close_output(&monitor.outputs[i]);
	stdin_pipe_close(&monitor.input);
	log_file_end(&monitor.log);
	monitor_record();
	journal_die();
	/* Who connected or asked until now is answered, not dropped. */
	monitor_accept_clients();
	client_list_read(&monitor.clients);
	monitor_remove_socket();
	cleanup_fd(&monitor.lock);
	monitor_tell_exit();
}

void monitor_tell_exit(void)
{
	struct json json AUTO_JSON = {0};

	json_begin_object(&json);
	status_exit_members(&json, &monitor.status);
	json_end_object(&json);
	for (struct client *client = monitor.clients.first; client; client = client->next)
		if (client->awaits_exit)
			client_send(client, FRAME_EXIT, json.data, json.length);
	client_list_finish(&monitor.clients);
	monitor.phase = PHASE_TOLD;
}

/* Unless it is another one's by now. */
void monitor_remove_socket(void)
{
	struct stat stat;

	if (lstat(monitor.plan->socket, &stat) == 0 && stat.st_dev == monitor.socket_device && stat.st_ino == monitor.socket_inode)
		unlink(monitor.plan->socket);
	/* Those that wait in its queue see the connection end. */
	cleanup_fd(&monitor.listener);
	monitor.accepting = false;
	monitor.accept_again_ms = 0;
}

/* Without a pid namespace that dies with its first process, the others are ours to end. */
static void kill_strays(void)
{
	struct process_tree tree AUTO_PROCESS_TREE = {0};
	struct error ignored;

	if (process_tree_read(&tree, monitor.child->pid, getpid(), false, &ignored))
		return;
	for (size_t i = 0; i < tree.count; i++)
		kill(tree.items[i].pid, SIGKILL);
}

/* Whatever it wrote before it died is in the pipes now. */
static void read_leftovers(void)
{
	for (int i = 0; i < OUTPUT_COUNT; i++)
		monitor_read_output(&monitor.outputs[i], LEFT_BEHIND_MAX);
}

static void journal_die(void)
{
	const struct status *status = &monitor.status;
	char members[256];

	journal_volumes(monitor.plan, "unmount", &status->finished_at);
	if (monitor.plan->kind == PLAN_KIND_EXEC)
		snprintf(members, sizeof(members), "\"execID\":\"%.64s\",\"exitCode\":\"%d\"", monitor.plan->id, status->exit_code);
	else
		snprintf(members, sizeof(members), "\"execDuration\":\"%" PRId64 "\",\"exitCode\":\"%d\"",
			(int64_t)(status->finished_at.tv_sec - status->started_at.tv_sec), status->exit_code);
	journal_append(monitor.plan, monitor.plan->kind == PLAN_KIND_EXEC ? "exec_die" : "die", &status->finished_at, members);
}
