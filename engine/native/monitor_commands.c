/* What clients of the monitor ask for (readme.md, Socket protocol). */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "kernel.h"
#include "monitor_state.h"
#include "process_tree.h"
#include "report.h"

/* A command adds its members to the reply, or fails. */
struct request {
	struct client *client;
	const unsigned char *payload;
	struct json *reply;
};

struct command {
	int (*run)(const struct request *request, struct error *err);
	uint32_t payload_length;
};

static void run_command(struct client *client, unsigned int type, const unsigned char *payload, uint32_t length);
static char *stdin_room(struct client *client, size_t *size);
static void stdin_filled(struct client *client, size_t size);
static void stdin_ended(struct client *client);

static int attach(const struct request *request, struct error *err);
static int close_stdin(const struct request *request, struct error *err);
static int resize(const struct request *request, struct error *err);
static int send_signal(const struct request *request, struct error *err);
static int wait_for_exit(const struct request *request, struct error *err);
static int start(const struct request *request, struct error *err);
static int pause_processes(const struct request *request, struct error *err);
static int unpause_processes(const struct request *request, struct error *err);
static int tell_stats(const struct request *request, struct error *err);
static int tell_pids(const struct request *request, struct error *err);
static int check_running(struct error *err);
static bool end_stdin_of(struct client *client);

static const struct command commands[FRAME_COMMAND_LAST + 1] = {
	[FRAME_ATTACH] = {attach, 1},
	[FRAME_CLOSE_STDIN] = {close_stdin, 0},
	[FRAME_RESIZE] = {resize, 4},
	[FRAME_SIGNAL] = {send_signal, 4},
	[FRAME_WAIT] = {wait_for_exit, 0},
	[FRAME_START] = {start, 0},
	[FRAME_PAUSE] = {pause_processes, 0},
	[FRAME_UNPAUSE] = {unpause_processes, 0},
	[FRAME_STATS] = {tell_stats, 0},
	[FRAME_PIDS] = {tell_pids, 0},
};

const struct client_owner monitor_client_owner = {run_command, stdin_room, stdin_filled, stdin_ended};

static void run_command(struct client *client, unsigned int type, const unsigned char *payload, uint32_t length)
{
	struct json reply AUTO_JSON = {0};
	struct request request = {client, payload, &reply};
	struct error err = {0};
	int failed;

	json_begin_object(&reply);
	json_member_boolean(&reply, "ok", true);
	if (!commands[type].run)
		failed = error_set(&err, ERROR_NOT_IMPLEMENTED, "command %u is not known here", type);
	else if (commands[type].payload_length != length)
		failed = error_set(&err, ERROR_INVALID_PARAMETER, "command %u has a payload of %u bytes, not of %u", type, commands[type].payload_length, length);
	else
		failed = commands[type].run(&request, &err);
	if (failed || json_finish(&reply)) {
		json_reset(&reply);
		json_begin_object(&reply);
		report_error_members(&reply, &err);
	}
	json_end_object(&reply);
	/* START is answered when it is known how it went. */
	if (monitor.starter != client)
		client_reply(client, reply.data, reply.length);
}

static char *stdin_room(struct client *client, size_t *size)
{
	/* Somebody else's bytes go nowhere, but have to be read. */
	static char unused[4096];

	if (client->attached & ATTACH_STDIN)
		return stdin_pipe_room(&monitor.input, size);
	*size = sizeof(unused);
	return unused;
}

static void stdin_filled(struct client *client, size_t size)
{
	if (client->attached & ATTACH_STDIN)
		stdin_pipe_filled(&monitor.input, size);
}

static void stdin_ended(struct client *client)
{
	if (client->attached & ATTACH_STDIN)
		end_stdin_of(client);
}

static int attach(const struct request *request, struct error *err)
{
	unsigned int bits = request->payload[0];

	if (bits & ~ATTACH_ALL)
		return error_set(err, ERROR_INVALID_PARAMETER, "unknown streams in attach");
	request->client->attached |= bits;
	request->client->awaits_exit = true;
	json_member_boolean(request->reply, "tty", plan_has(monitor.plan, PLAN_FLAG_TTY));
	return 0;
}

static int close_stdin(const struct request *request, struct error *err)
{
	if (!(request->client->attached & ATTACH_STDIN))
		return error_set(err, ERROR_CONFLICT, "stdin is not attached");
	json_member_boolean(request->reply, "closed", end_stdin_of(request->client));
	return 0;
}

/*
 * docker's rule: the end of an attached client's input ends the process's stdin when it was opened for one client (an exec's always is); else, and for a
 * terminal, it only detaches.
 */
static bool end_stdin_of(struct client *client)
{
	bool once = plan_has(monitor.plan, PLAN_FLAG_STDIN_ONCE) || monitor.plan->kind == PLAN_KIND_EXEC;

	client->attached &= ~ATTACH_STDIN;
	if (!once || plan_has(monitor.plan, PLAN_FLAG_TTY))
		return false;
	stdin_pipe_end(&monitor.input);
	return true;
}

static int resize(const struct request *request, struct error *err)
{
	const unsigned char *payload = request->payload;
	struct winsize size = {.ws_row = (unsigned short)(payload[0] << 8 | payload[1]), .ws_col = (unsigned short)(payload[2] << 8 | payload[3])};

	if (!plan_has(monitor.plan, PLAN_FLAG_TTY))
		return error_set(err, ERROR_CONFLICT, "the process has no terminal");
	if (monitor.outputs[0].fd < 0)
		return check_running(err);
	return ioctl(monitor.outputs[0].fd, TIOCSWINSZ, &size) ? error_system(err, "resize terminal", NULL) : 0;
}

static int send_signal(const struct request *request, struct error *err)
{
	const unsigned char *payload = request->payload;
	uint32_t number = (uint32_t)payload[0] << 24 | (uint32_t)payload[1] << 16 | (uint32_t)payload[2] << 8 | payload[3];

	if (number == 0 || number >= NSIG)
		return error_set(err, ERROR_INVALID_PARAMETER, "there is no signal %u", number);
	/* A process that never started can only be done away with. */
	if (number != SIGKILL && check_running(err))
		return -1;
	if (kernel_pidfd_send_signal(monitor.child->pidfd, (int)number))
		return errno == ESRCH ? error_set(err, ERROR_CONFLICT, "the process has ended") : error_system(err, "send signal", NULL);
	/* As docker: what is paused could never take it. */
	if (monitor.paused && pause_resume(&monitor.pause, monitor.plan, err) == 0)
		monitor_set_paused(false);
	return 0;
}

static int wait_for_exit(const struct request *request, struct error *err)
{
	(void)err;
	request->client->awaits_exit = true;
	return 0;
}

static int start(const struct request *request, struct error *err)
{
	if (monitor.phase != PHASE_CREATED)
		return error_set(err, ERROR_CONFLICT, "the container was started already");
	monitor.starter = request->client;
	monitor_release();
	return 0;
}

static int pause_processes(const struct request *request, struct error *err)
{
	(void)request;
	if (check_running(err))
		return -1;
	if (monitor.plan->kind == PLAN_KIND_EXEC)
		return error_set(err, ERROR_INVALID_PARAMETER, "an exec session cannot be paused");
	if (monitor.paused)
		return error_set(err, ERROR_CONFLICT, "the container is already paused");
	if (pause_container(&monitor.pause, monitor.plan, monitor.child->pid, err))
		return -1;
	monitor_set_paused(true);
	return 0;
}

static int unpause_processes(const struct request *request, struct error *err)
{
	(void)request;
	if (check_running(err))
		return -1;
	if (!monitor.paused)
		return error_set(err, ERROR_CONFLICT, "the container is not paused");
	if (pause_resume(&monitor.pause, monitor.plan, err))
		return -1;
	monitor_set_paused(false);
	return 0;
}

static int tell_stats(const struct request *request, struct error *err)
{
	return check_running(err) || stats_members(&monitor.stats, monitor.plan, monitor.child->pid, request->reply, err) ? -1 : 0;
}

static int tell_pids(const struct request *request, struct error *err)
{
	struct process_tree tree AUTO_PROCESS_TREE = {0};

	if (check_running(err) ||
		process_tree_read(&tree, monitor.child->pid, getpid(), plan_new_namespace(monitor.plan, PLAN_NAMESPACE_PID), err))
		return -1;
	json_key(request->reply, "pids");
	json_begin_array(request->reply);
	for (size_t i = 0; i < tree.count; i++)
		json_integer(request->reply, tree.items[i].pid);
	json_end_array(request->reply);
	return 0;
}

static int check_running(struct error *err)
{
	if (monitor.phase == PHASE_RUNNING)
		return 0;
	return error_set(err, ERROR_CONFLICT, monitor.phase < PHASE_RUNNING ? "the process has not started" : "the process has ended");
}
