/* What the container writes: into the log, and to those who look on. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "monitor_state.h"

#define READ_SIZE (64 * 1024)
/*
 * A program that writes line by line would wake us, and be interrupted, for each. After so many turns with little output, none longer than this after the
 * one before, output is left to gather for a moment in the pipe, which is not to get more than about half full.
 */
#define TRICKLE_TURNS 16
#define TRICKLE_GAP_US 1000
#define TRICKLE_PAUSE_NS 200000
#define TRICKLE_BYTES_MAX (128 * 1024)

static void deliver(const struct output *output, const char *bytes, size_t length);

/* Not for a terminal, where somebody looks on, nor while anybody talks with the process. */
void monitor_gather(void)
{
	const struct timespec pause = {.tv_nsec = TRICKLE_PAUSE_NS};
	int64_t now;

	if (plan_has(monitor.plan, PLAN_FLAG_TTY))
		return;
	if (monitor.trickle.others || monitor.trickle.bytes == 0) {
		monitor.trickle.turns = 0;
		return;
	}
	now = monitor_now_us();
	monitor.trickle.turns = now - monitor.trickle.last_us < TRICKLE_GAP_US ? monitor.trickle.turns + 1 : 0;
	monitor.trickle.last_us = now;
	if (monitor.trickle.turns > TRICKLE_TURNS && monitor.trickle.bytes < TRICKLE_BYTES_MAX)
		nanosleep(&pause, NULL);
}

/* Up to about `limit` bytes; returns how many there were. */
size_t monitor_read_output(struct output *output, size_t limit)
{
	static char buffer[READ_SIZE];
	size_t total = 0;

	while (output->fd >= 0 && total < limit) {
		ssize_t got = RETRY(read(output->fd, buffer, sizeof(buffer)));

		if (got < 0 && errno == EAGAIN)
			break;
		if (got <= 0) {
			/* The end of a pipe; EIO: of a terminal. */
			monitor_close_output(output);
			break;
		}
		total += (size_t)got;
		log_file_append(&monitor.log, output->stream, (const unsigned char *)buffer, (size_t)got);
		deliver(output, buffer, (size_t)got);
		if (monitor.phase != PHASE_ENDING && monitor_is_anybody_behind())
			break;
	}
	return total;
}

/* Out of epoll first: a terminal lives on in stdin's descriptor, and so would its events. */
void monitor_close_output(struct output *output)
{
	monitor_poll_change(output->fd, EPOLLIN, output, &output->polled, false);
	cleanup_fd(&output->fd);
}

bool monitor_is_anybody_behind(void)
{
	for (const struct client *client = monitor.clients.first; client; client = client->next)
		if (client->attached & (ATTACH_STDOUT | ATTACH_STDERR) && client_is_behind(client))
			return true;
	return false;
}

bool monitor_outputs_ended(void)
{
	return monitor.outputs[0].fd < 0 && monitor.outputs[1].fd < 0;
}

static void deliver(const struct output *output, const char *bytes, size_t length)
{
	for (struct client *client = monitor.clients.first; client; client = client->next)
		if (client->attached & output->attach_bit)
			client_send(client, output->frame, bytes, length);
}
