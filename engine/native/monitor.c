#define _GNU_SOURCE
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

#define EVENTS_A_TURN 32
/* Read from one stream before others get their turn. */
#define OUTPUT_A_TURN (512 * 1024)
#define CLIENTS_MAX 512
#define ACCEPT_PAUSE_MS 1000

struct monitor monitor;

static int open_all(const struct plan *plan, struct launched *child, const struct monitor_descriptors *descriptors, struct error *err);
static int open_streams(struct error *err);
static int watch_signals(struct error *err);
static int poll_add(int fd, uint32_t events, void *source);
static int not_blocking(int fd);

static void turn(void);
static void serve(const struct epoll_event *event);
static int timeout_ms(void);
static void update_polling(void);

static bool is_allowed(int fd);

static void reap(void);

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
		monitor_report_created();
	while (monitor.phase != PHASE_OVER)
		turn();
	return monitor.failed;
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
void monitor_poll_change(int fd, uint32_t events, void *source, bool *present, bool wanted)
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
	if (monitor.phase == PHASE_ENDING && (monitor_outputs_ended() || monitor_now_ms() >= monitor.ending_deadline_ms))
		monitor_finish();
	log_file_flush(&monitor.log);
	update_polling();
	clients = client_list_sweep(&monitor.clients);
	if (monitor.phase == PHASE_RUNNING)
		monitor_gather();
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
		monitor.trickle.bytes += monitor_read_output(source, OUTPUT_A_TURN);
		return;
	}
	monitor.trickle.others = true;
	if (source == &monitor.signal_fd)
		reap();
	else if (source == &monitor.listener)
		monitor_accept_clients();
	else if (source == &monitor.child->result_fd)
		monitor_read_result();
	else if (source == &monitor.input)
		stdin_pipe_write(&monitor.input);
	else
		client_ready(&monitor.clients, source, event->events);
}

static int timeout_ms(void)
{
	int64_t next = monitor.phase == PHASE_ENDING ? monitor.ending_deadline_ms : 0;
	int64_t left;

	if (monitor.accept_again_ms && (next == 0 || monitor.accept_again_ms < next))
		next = monitor.accept_again_ms;
	if (next == 0)
		return -1;
	left = next - monitor_now_ms();
	return left > 0 ? (int)left : 0;
}

int64_t monitor_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t monitor_now_ms(void)
{
	return monitor_now_us() / 1000;
}

static void update_polling(void)
{
	bool behind = monitor_is_anybody_behind();

	for (int i = 0; i < OUTPUT_COUNT; i++) {
		struct output *output = &monitor.outputs[i];

		if (output->fd >= 0)
			monitor_poll_change(output->fd, EPOLLIN, output, &output->polled, !behind);
	}
	if (!stdin_pipe_is_full(&monitor.input))
		client_list_resume_stdin(&monitor.clients);
	if (monitor.input.fd >= 0)
		monitor_poll_change(monitor.input.fd, EPOLLOUT, &monitor.input, &monitor.input_polled, stdin_pipe_is_full(&monitor.input));
	if (monitor.accept_again_ms && monitor_now_ms() >= monitor.accept_again_ms)
		monitor.accept_again_ms = 0;
	if (monitor.listener >= 0)
		monitor_poll_change(monitor.listener, EPOLLIN, &monitor.listener, &monitor.accepting, monitor.clients.count < CLIENTS_MAX && !monitor.accept_again_ms);
}

void monitor_accept_clients(void)
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
			monitor.accept_again_ms = monitor_now_ms() + ACCEPT_PAUSE_MS;
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
			monitor_init_ended(&info);
	}
}
