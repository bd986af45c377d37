/* The start of the container: whether it worked, and who is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "cleanup.h"
#include "journal.h"
#include "monitor_state.h"
#include "report.h"

/* Of a start that failed for another reason than its program (docker's State.ExitCode). */
#define EXIT_NOT_STARTED 128

static void started(void);
static void end_report(void);

void monitor_failed(const struct plan *plan, const struct error *err, int report_fd)
{
	struct status_file file AUTO_STATUS_FILE = {.dir_fd = -1};
	struct status status = {.kind = STATUS_CREATED, .exit_code = err->exit_code ? err->exit_code : EXIT_NOT_STARTED, .error = err->message};
	struct error ignored;

	if (status_file_open(&file, plan->state_dir, &ignored) == 0)
		status_file_write(&file, &status, false, &ignored);
	report_error(report_fd, err);
}

void monitor_release(void)
{
	ssize_t written = RETRY(write(monitor.child->start_fd, "", 1));

	/* A process that died meanwhile is reaped soon. */
	(void)written;
	cleanup_fd(&monitor.child->start_fd);
	monitor.phase = PHASE_STARTING;
}

/* End of file: execve closed the other end. Else the reason why it did not. */
void monitor_read_result(void)
{
	struct launch_failure failure;
	ssize_t got = RETRY(read(monitor.child->result_fd, &failure, sizeof(failure)));

	if (got < 0 && errno == EAGAIN)
		return;
	cleanup_fd(&monitor.child->result_fd);
	if (monitor.phase != PHASE_STARTING)
		return; /* Dead before its start: told when it is reaped. */
	if (got == 0) {
		started();
		return;
	}
	if (got != sizeof(failure))
		error_set(&failure.error, ERROR_SYSTEM, "the container's process told nothing of its start");
	monitor_start_failed(&failure.error);
}

/* Nothing ran: status `created`, with the reason. */
void monitor_start_failed(const struct error *err)
{
	struct json reply AUTO_JSON = {0};

	monitor.failed = true;
	monitor.status.kind = STATUS_CREATED;
	monitor.status.exit_code = err->exit_code ? err->exit_code : EXIT_NOT_STARTED;
	monitor.status.error = err->message;
	clock_gettime(CLOCK_REALTIME, &monitor.status.finished_at);
	log_file_end(&monitor.log);
	monitor_record();
	monitor_remove_socket();
	cleanup_fd(&monitor.lock);
	if (monitor.report >= 0)
		report_error(monitor.report, err);
	end_report();
	json_begin_object(&reply);
	report_error_members(&reply, err);
	json_end_object(&reply);
	if (monitor.starter)
		client_reply(monitor.starter, reply.data, reply.length);
	monitor.starter = NULL;
	monitor_tell_exit();
}

void monitor_report_created(void)
{
	struct json members AUTO_JSON = {0};
	struct error ignored;

	json_member_integer(&members, "pid", monitor.status.pid);
	json_member_integer(&members, "monitorPid", monitor.status.monitor_pid);
	report_ok(monitor.report, &members, &ignored);
	end_report();
}

static void started(void)
{
	static const char reply[] = "{\"ok\":true}";

	monitor.phase = PHASE_RUNNING;
	clock_gettime(CLOCK_REALTIME, &monitor.status.started_at);
	monitor.status.kind = STATUS_RUNNING;
	monitor_record();
	if (monitor.plan->kind == PLAN_KIND_CONTAINER) {
		journal_volumes(monitor.plan, "mount", &monitor.status.started_at);
		journal_append(monitor.plan, "start", &monitor.status.started_at, NULL);
	}
	if (monitor.report >= 0)
		monitor_report_created();
	if (monitor.starter)
		client_reply(monitor.starter, reply, sizeof(reply) - 1);
	monitor.starter = NULL;
}

static void end_report(void)
{
	cleanup_fd(&monitor.report);
}
