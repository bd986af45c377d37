#define _GNU_SOURCE
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "journal.h"
#include "kernel.h"
#include "monitor_state.h"
#include "process_tree.h"
#include "report.h"

#define EVENTS_A_TURN 32
#define READ_SIZE (64 * 1024)
/* Reads from one stream before others get their turn. */
#define READS_A_TURN 8
/* No pipe holds more: what a dead process wrote has been read then. */
#define LEFT_BEHIND_MAX (1 << 20)
/* How long others may go on writing to the streams of a process that ended (an exec's background processes). */
#define ENDING_GRACE_MS 100
/*
 * A program that writes line by line would wake us, and be interrupted, for each. After so many turns with little output, none longer than this after the
 * one before, output is left to gather for a moment in the pipe, which is not to get more than about half full.
 */
#define TRICKLE_TURNS 16
#define TRICKLE_GAP_US 1000
#define TRICKLE_PAUSE_NS 200000
#define TRICKLE_BYTES_MAX (128 * 1024)
#define CLIENTS_MAX 512
#define ACCEPT_PAUSE_MS 1000

/* Of a start that failed for another reason than its program (docker's State.ExitCode). */
#define EXIT_NOT_STARTED 128

struct monitor monitor;

static int open_all(const struct plan *plan, struct launched *child, const struct monitor_descriptors *descriptors, struct error *err);
static int open_streams(struct error *err);
static int watch_signals(struct error *err);
static int poll_add(int fd, uint32_t events, void *source);
static void poll_change(int fd, uint32_t events, void *source, bool *present, bool wanted);
static int not_blocking(int fd);

static void turn(void);
static void serve(const struct epoll_event *event);
static void gather(void);
static int timeout_ms(void);
static int64_t now_us(void);
static int64_t now_ms(void);
static void update_polling(void);

static void accept_clients(void);
static bool is_allowed(int fd);

static size_t read_output(struct output *output, size_t limit);
static void close_output(struct output *output);
static void deliver(const struct output *output, const char *bytes, size_t length);
static bool is_anybody_behind(void);
static bool outputs_ended(void);

static void read_result(void);
static void started(void);
static void start_failed(const struct error *err);
static void report_created(void);
static void end_report(void);

static void reap(void);
static void init_ended(const siginfo_t *info);
static void kill_strays(void);
static void read_leftovers(void);
static void finish(void);
static void tell_exit(void);
static void journal_die(void);
static void remove_socket(void);

int monitor_run(const struct plan *plan, struct launched *child, const struct monitor_descriptors *descriptors)
{
	struct error err;

	if (open_all(plan, child, descriptors, &err)) {
		kernel_pidfd_send_signal(child->pidfd, SIGKILL);
		unlink(plan->socket);
		monitor_failed(plan, &err, descriptors->report);
		return 1;
	}
	if (plan_has(plan, PLAN_FLAG_AUTO_START))
		monitor_release();
	else
		report_created();
	while (monitor.phase != PHASE_OVER)
		turn();
	return monitor.failed;
}

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

void monitor_set_paused(bool paused)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	monitor.paused = paused;
	monitor.status.kind = paused ? STATUS_PAUSED : STATUS_RUNNING;
	monitor_record();
	journal_append(monitor.plan, paused ? "pause" : "unpause", &now, NULL);
}

/* Only the exit is worth waiting for the disk: whatever else is recorded does not outlive the machine. */
void monitor_record(void)
{
	struct error ignored;

	/* The directory may have been removed under us; the container is somebody else's to end. */
	status_file_write(&monitor.status_file, &monitor.status, monitor.status.kind == STATUS_EXITED && !plan_has(monitor.plan, PLAN_FLAG_NO_SYNC), &ignored);
}

static int open_all(const struct plan *plan, struct launched *child, const struct monitor_descriptors *descriptors, struct error *err)
{
	struct stat stat;

	monitor.plan = plan;
	monitor.child = child;
	monitor.terminal_peer = -1;
	monitor.listener = descriptors->listener;
	monitor.report = descriptors->report;
	monitor.lock = descriptors->lock;
	/* A log at the limit of a file's size is a failed write like others. */
	signal(SIGXFSZ, SIG_IGN);
	if (lstat(plan->socket, &stat) == 0) {
		monitor.socket_device = stat.st_dev;
		monitor.socket_inode = stat.st_ino;
	}
	if (status_file_open(&monitor.status_file, plan->state_dir, err) || status_identify(&monitor.status, child->pid, err))
		return -1;
	if (log_file_open(&monitor.log, &plan->log, err))
		return -1;
	monitor.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (monitor.epoll_fd < 0)
		return error_system(err, "create epoll", NULL);
	monitor.clients = (struct client_list){.epoll_fd = monitor.epoll_fd, .owner = &monitor_client_owner};
	if (open_streams(err) || watch_signals(err))
		return -1;
	monitor.accepting = true;
	if (poll_add(monitor.listener, EPOLLIN, &monitor.listener) || poll_add(child->result_fd, EPOLLIN, &child->result_fd))
		return error_system(err, "watch descriptors", NULL);
	return 0;
}

static int open_streams(struct error *err)
{
	struct launched *child = monitor.child;
	bool tty = plan_has(monitor.plan, PLAN_FLAG_TTY);

	monitor.outputs[0] = (struct output){.fd = child->stdout_fd, .stream = LOG_STDOUT, .frame = FRAME_STDOUT, .attach_bit = ATTACH_STDOUT};
	monitor.outputs[1] = (struct output){.fd = child->stderr_fd, .stream = LOG_STDERR, .frame = FRAME_STDERR, .attach_bit = ATTACH_STDERR};
	monitor.input.fd = child->stdin_fd;
	if (tty) {
		/* Without -i a terminal is there to be looked at. */
		if (!plan_has(monitor.plan, PLAN_FLAG_OPEN_STDIN))
			stdin_pipe_close(&monitor.input);
		monitor.terminal_peer = ioctl(child->stdout_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	if (not_blocking(monitor.outputs[0].fd) || not_blocking(monitor.outputs[1].fd) || not_blocking(monitor.input.fd) || not_blocking(child->result_fd))
		return error_system(err, "set up streams", NULL);
	for (int i = 0; i < OUTPUT_COUNT; i++) {
		struct output *output = &monitor.outputs[i];

		if (output->fd >= 0 && poll_add(output->fd, EPOLLIN, output))
			return error_system(err, "watch output", NULL);
		output->polled = output->fd >= 0;
	}
	return 0;
}

static int watch_signals(struct error *err)
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigaction(SIGCHLD, &action, NULL) || sigprocmask(SIG_BLOCK, &set, NULL))
		return error_system(err, "block signals", NULL);
	monitor.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (monitor.signal_fd < 0 || poll_add(monitor.signal_fd, EPOLLIN, &monitor.signal_fd))
		return error_system(err, "watch signals", NULL);
	/* A child that ended before the signal was blocked has told nobody. */
	raise(SIGCHLD);
	return 0;
}

static int poll_add(int fd, uint32_t events, void *source)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(monitor.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Out of epoll altogether when not wanted: it tells of hang-ups whether asked or not. */
static void poll_change(int fd, uint32_t events, void *source, bool *present, bool wanted)
{
	if (*present == wanted)
		return;
	if (wanted && poll_add(fd, events, source))
		return;
	if (!wanted)
		epoll_ctl(monitor.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	*present = wanted;
}

static int not_blocking(int fd)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);

	return fd < 0 || (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) ? 0 : -1;
}

static void turn(void)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(monitor.epoll_fd, events, EVENTS_A_TURN, timeout_ms());
	size_t clients;

	monitor.trickle.bytes = 0;
	monitor.trickle.others = false;
	for (int i = 0; i < count; i++)
		serve(&events[i]);
	if (monitor.phase == PHASE_ENDING && (outputs_ended() || now_ms() >= monitor.ending_deadline_ms))
		finish();
	log_file_flush(&monitor.log);
	update_polling();
	clients = client_list_sweep(&monitor.clients);
	if (monitor.phase == PHASE_RUNNING)
		gather();
	if (monitor.phase != PHASE_TOLD)
		return;
	if (clients == 0)
		monitor.phase = PHASE_OVER;
	else
		/* Somebody takes his time: the container's file systems need not wait for him. */
		cleanup_fd(&monitor.child->mntns_fd);
}

static void serve(const struct epoll_event *event)
{
	void *source = event->data.ptr;
	bool output = source == &monitor.outputs[0] || source == &monitor.outputs[1];

	if (output) {
		monitor.trickle.bytes += read_output(source, READS_A_TURN * READ_SIZE);
		return;
	}
	monitor.trickle.others = true;
	if (source == &monitor.signal_fd)
		reap();
	else if (source == &monitor.listener)
		accept_clients();
	else if (source == &monitor.child->result_fd)
		read_result();
	else if (source == &monitor.input)
		stdin_pipe_write(&monitor.input);
	else
		client_ready(&monitor.clients, source, event->events);
}

/* Not for a terminal, where somebody looks on, nor while anybody talks with the process. */
static void gather(void)
{
	const struct timespec pause = {.tv_nsec = TRICKLE_PAUSE_NS};
	int64_t now;

	if (plan_has(monitor.plan, PLAN_FLAG_TTY))
		return;
	if (monitor.trickle.others || monitor.trickle.bytes == 0) {
		monitor.trickle.turns = 0;
		return;
	}
	now = now_us();
	monitor.trickle.turns = now - monitor.trickle.last_us < TRICKLE_GAP_US ? monitor.trickle.turns + 1 : 0;
	monitor.trickle.last_us = now;
	if (monitor.trickle.turns > TRICKLE_TURNS && monitor.trickle.bytes < TRICKLE_BYTES_MAX)
		nanosleep(&pause, NULL);
}

static int timeout_ms(void)
{
	int64_t next = monitor.phase == PHASE_ENDING ? monitor.ending_deadline_ms : 0;
	int64_t left;

	if (monitor.accept_again_ms && (next == 0 || monitor.accept_again_ms < next))
		next = monitor.accept_again_ms;
	if (next == 0)
		return -1;
	left = next - now_ms();
	return left > 0 ? (int)left : 0;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
}

static void update_polling(void)
{
	bool behind = is_anybody_behind();

	for (int i = 0; i < OUTPUT_COUNT; i++) {
		struct output *output = &monitor.outputs[i];

		if (output->fd >= 0)
			poll_change(output->fd, EPOLLIN, output, &output->polled, !behind);
	}
	if (!stdin_pipe_is_full(&monitor.input))
		client_list_resume_stdin(&monitor.clients);
	if (monitor.input.fd >= 0)
		poll_change(monitor.input.fd, EPOLLOUT, &monitor.input, &monitor.input_polled, stdin_pipe_is_full(&monitor.input));
	if (monitor.accept_again_ms && now_ms() >= monitor.accept_again_ms)
		monitor.accept_again_ms = 0;
	if (monitor.listener >= 0)
		poll_change(monitor.listener, EPOLLIN, &monitor.listener, &monitor.accepting, monitor.clients.count < CLIENTS_MAX && !monitor.accept_again_ms);
}

static void accept_clients(void)
{
	while (monitor.listener >= 0 && monitor.clients.count < CLIENTS_MAX) {
		int fd = accept4(monitor.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0 && is_allowed(fd)) {
			client_add(&monitor.clients, fd);
			continue;
		}
		if (fd >= 0) {
			close(fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		/* Without descriptors or memory the connection would wake us again at once. */
		if (errno != EAGAIN)
			monitor.accept_again_ms = now_ms() + ACCEPT_PAUSE_MS;
		return;
	}
}

/* The same user or root. (In a user namespace, a process of the container that found the socket would have to be root in there.) */
static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

/* Up to about `limit` bytes; returns how many there were. */
static size_t read_output(struct output *output, size_t limit)
{
	static char buffer[READ_SIZE];
	size_t total = 0;

	while (output->fd >= 0 && total < limit) {
		ssize_t got = RETRY(read(output->fd, buffer, sizeof(buffer)));

		if (got < 0 && errno == EAGAIN)
			break;
		if (got <= 0) {
			/* The end of a pipe; EIO: of a terminal. */
			close_output(output);
			break;
		}
		total += (size_t)got;
		log_file_append(&monitor.log, output->stream, (const unsigned char *)buffer, (size_t)got);
		deliver(output, buffer, (size_t)got);
		if (monitor.phase != PHASE_ENDING && is_anybody_behind())
			break;
	}
	return total;
}

/* Out of epoll first: a terminal lives on in stdin's descriptor, and so would its events. */
static void close_output(struct output *output)
{
	poll_change(output->fd, EPOLLIN, output, &output->polled, false);
	cleanup_fd(&output->fd);
}

static void deliver(const struct output *output, const char *bytes, size_t length)
{
	for (struct client *client = monitor.clients.first; client; client = client->next)
		if (client->attached & output->attach_bit)
			client_send(client, output->frame, bytes, length);
}

static bool is_anybody_behind(void)
{
	for (const struct client *client = monitor.clients.first; client; client = client->next)
		if (client->attached & (ATTACH_STDOUT | ATTACH_STDERR) && client_is_behind(client))
			return true;
	return false;
}

static bool outputs_ended(void)
{
	return monitor.outputs[0].fd < 0 && monitor.outputs[1].fd < 0;
}

/* End of file: execve closed the other end. Else the reason why it did not. */
static void read_result(void)
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
	start_failed(&failure.error);
}

static void started(void)
{
	static const char reply[] = "{\"ok\":true}";

	monitor.phase = PHASE_RUNNING;
	clock_gettime(CLOCK_REALTIME, &monitor.status.started_at);
	monitor.status.kind = STATUS_RUNNING;
	monitor_record();
	if (monitor.plan->kind == PLAN_KIND_CONTAINER)
		journal_append(monitor.plan, "start", &monitor.status.started_at, NULL);
	if (monitor.report >= 0)
		report_created();
	if (monitor.starter)
		client_reply(monitor.starter, reply, sizeof(reply) - 1);
	monitor.starter = NULL;
}

/* Nothing ran: status `created`, with the reason. */
static void start_failed(const struct error *err)
{
	struct json reply AUTO_JSON = {0};

	monitor.failed = true;
	monitor.status.kind = STATUS_CREATED;
	monitor.status.exit_code = err->exit_code ? err->exit_code : EXIT_NOT_STARTED;
	monitor.status.error = err->message;
	clock_gettime(CLOCK_REALTIME, &monitor.status.finished_at);
	log_file_end(&monitor.log);
	monitor_record();
	remove_socket();
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
	tell_exit();
}

static void report_created(void)
{
	struct json members AUTO_JSON = {0};
	struct error ignored;

	json_member_integer(&members, "pid", monitor.status.pid);
	json_member_integer(&members, "monitorPid", monitor.status.monitor_pid);
	report_ok(monitor.report, &members, &ignored);
	end_report();
}

static void end_report(void)
{
	cleanup_fd(&monitor.report);
}

static void reap(void)
{
	struct signalfd_siginfo signals[4];
	ssize_t got = RETRY(read(monitor.signal_fd, signals, sizeof(signals)));

	/* One signal may stand for many children. Those that are not ours to watch were left to us by their parents. */
	(void)got;
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) || info.si_pid == 0)
			return;
		if (info.si_pid == monitor.child->pid)
			init_ended(&info);
	}
}

static void init_ended(const siginfo_t *info)
{
	struct error err;

	/* How it started comes first: a process that lived for microseconds did start. */
	if (monitor.phase == PHASE_STARTING)
		read_result();
	if (monitor.phase == PHASE_TOLD)
		return;
	if (monitor.phase < PHASE_RUNNING) {
		error_set(&err, ERROR_CONFLICT, "the container's process was ended (%s %d) before it could start", info->si_code == CLD_EXITED ? "exit code" : "signal",
			info->si_status);
		start_failed(&err);
		return;
	}
	monitor.status.kind = STATUS_EXITED;
	monitor.status.signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
	monitor.status.exit_code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
	monitor.status.oom_killed = stats_oom_killed(monitor.plan);
	clock_gettime(CLOCK_REALTIME, &monitor.status.finished_at);
	monitor.phase = PHASE_ENDING;
	monitor.ending_deadline_ms = now_ms() + ENDING_GRACE_MS;
	cleanup_fd(&monitor.terminal_peer);
	if (monitor.plan->kind == PLAN_KIND_CONTAINER && !plan_new_namespace(monitor.plan, PLAN_NAMESPACE_PID))
		kill_strays();
	read_leftovers();
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
		read_output(&monitor.outputs[i], LEFT_BEHIND_MAX + READ_SIZE);
}

/* In this order: whoever is told of the exit finds the log complete, the record written, and the way free for the next start. */
static void finish(void)
{
	read_leftovers();
	for (int i = 0; i < OUTPUT_COUNT; i++)
		close_output(&monitor.outputs[i]);
	stdin_pipe_close(&monitor.input);
	log_file_end(&monitor.log);
	monitor_record();
	journal_die();
	/* Who connected or asked until now is answered, not dropped. */
	accept_clients();
	client_list_read(&monitor.clients);
	remove_socket();
	cleanup_fd(&monitor.lock);
	tell_exit();
}

static void tell_exit(void)
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

static void journal_die(void)
{
	const struct status *status = &monitor.status;
	char members[256];

	if (monitor.plan->kind == PLAN_KIND_EXEC)
		snprintf(members, sizeof(members), "\"execID\":\"%.64s\",\"exitCode\":\"%d\"", monitor.plan->id, status->exit_code);
	else
		snprintf(members, sizeof(members), "\"execDuration\":\"%" PRId64 "\",\"exitCode\":\"%d\"",
			(int64_t)(status->finished_at.tv_sec - status->started_at.tv_sec), status->exit_code);
	journal_append(monitor.plan, monitor.plan->kind == PLAN_KIND_EXEC ? "exec_die" : "die", &status->finished_at, members);
}

/* Unless it is another one's by now. */
static void remove_socket(void)
{
	struct stat stat;

	if (lstat(monitor.plan->socket, &stat) == 0 && stat.st_dev == monitor.socket_device && stat.st_ino == monitor.socket_inode)
		unlink(monitor.plan->socket);
	/* Those that wait in its queue see the connection end. */
	cleanup_fd(&monitor.listener);
	monitor.accepting = false;
	monitor.accept_again_ms = 0;
}
