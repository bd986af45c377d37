#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"

/* Frames read from one client before the others get their turn. */
#define FRAMES_A_TURN 64
/* The same for the pieces of one long stdin frame. */
#define PIECES_A_TURN 16
/* A drained queue bigger than this is given back. */
#define QUEUE_KEPT 4096

static void read_frames(struct client_list *list, struct client *client);
static void discard(struct client *client);
static bool read_header(struct client_list *list, struct client *client);
static bool read_stdin(struct client_list *list, struct client *client);
static bool read_command(struct client_list *list, struct client *client);
static ssize_t receive(struct client_list *list, struct client *client, void *to, size_t size);
static void end_input(struct client_list *list, struct client *client);
static void refuse(struct client_list *list, struct client *client);
static bool is_command(const struct client *client);
static uint32_t big_endian(const unsigned char *bytes);
static void enqueue(struct client *client, const void *bytes, size_t length);
static void send_queue(struct client *client);
static void lose(struct client *client);
static bool wants_input(const struct client *client);
static void update(struct client_list *list, struct client *client);

void client_add(struct client_list *list, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

	if (!client || epoll_ctl(list->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		free(client);
		close(fd);
		return;
	}
	client->fd = fd;
	client->polled = EPOLLIN;
	client->next = list->first;
	list->first = client;
	list->count++;
}

void client_ready(struct client_list *list, struct client *client, uint32_t events)
{
	if (client->closed)
		return;
	if (events & (EPOLLHUP | EPOLLERR))
		lose(client);
	if (events & EPOLLOUT)
		send_queue(client);
	if (wants_input(client))
		read_frames(list, client);
}

void client_send(struct client *client, enum frame_type type, const void *payload, size_t length)
{
	unsigned char header[FRAME_HEADER_SIZE] = {[0] = (unsigned char)type, [4] = (unsigned char)(length >> 24), [5] = (unsigned char)(length >> 16),
		[6] = (unsigned char)(length >> 8), [7] = (unsigned char)length};
	struct iovec parts[2] = {{.iov_base = header, .iov_len = sizeof(header)}, {.iov_base = (void *)(uintptr_t)payload, .iov_len = length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	size_t sent = 0;

	if (client->gone || client->closed)
		return;
	if (client->queue_length == 0) {
		ssize_t result = RETRY(sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));

		if (result < 0 && errno != EAGAIN) {
			lose(client);
			return;
		}
		sent = result > 0 ? (size_t)result : 0;
	}
	if (sent < sizeof(header)) {
		enqueue(client, header + sent, sizeof(header) - sent);
		sent = sizeof(header);
	}
	enqueue(client, (const char *)payload + (sent - sizeof(header)), length - (sent - sizeof(header)));
}

void client_reply(struct client *client, const void *json, size_t length)
{
	client->awaits_reply = false;
	client_send(client, FRAME_REPLY, json, length);
}

bool client_is_behind(const struct client *client)
{
	return client->queue_length > CLIENT_QUEUE_MAX;
}

void client_list_resume_stdin(struct client_list *list)
{
	for (struct client *client = list->first; client; client = client->next) {
		if (!client->awaits_stdin)
			continue;
		client->awaits_stdin = false;
		if (wants_input(client))
			read_frames(list, client);
	}
}

void client_list_read(struct client_list *list)
{
	for (struct client *client = list->first; client; client = client->next)
		if (wants_input(client))
			read_frames(list, client);
}

void client_list_finish(struct client_list *list)
{
	for (struct client *client = list->first; client; client = client->next) {
		/* Closing the connection under somebody who is writing stdin would cost him the output he has not read yet. */
		client->discards = !client->input_ended && !client->gone && (client->attached & ATTACH_STDIN);
		client->input_ended = !client->discards;
		client->awaits_reply = client->awaits_stdin = client->awaits_exit = false;
		client->attached = 0;
	}
}

size_t client_list_sweep(struct client_list *list)
{
	struct client **link = &list->first;

	while (*link) {
		struct client *client = *link;

		update(list, client);
		if (!client->closed) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		list->count--;
		close(client->fd);
		free(client->queue);
		free(client);
	}
	return list->count;
}

static void read_frames(struct client_list *list, struct client *client)
{
	if (client->discards) {
		discard(client);
		return;
	}
	for (int i = 0; i < FRAMES_A_TURN && wants_input(client); i++) {
		if (client->header_length < FRAME_HEADER_SIZE && !read_header(list, client))
			return;
		if (client->header[0] == FRAME_STDIN ? !read_stdin(list, client) : !read_command(list, client))
			return;
		client->header_length = 0;
	}
}

static void discard(struct client *client)
{
	char unused[16384];

	for (int i = 0; i < PIECES_A_TURN; i++) {
		ssize_t got = RETRY(recv(client->fd, unused, sizeof(unused), MSG_DONTWAIT));

		if (got > 0)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		client->input_ended = true;
		return;
	}
}

static bool read_header(struct client_list *list, struct client *client)
{
	ssize_t got = receive(list, client, client->header + client->header_length, FRAME_HEADER_SIZE - client->header_length);

	if (got <= 0)
		return false;
	client->header_length += (size_t)got;
	if (client->header_length < FRAME_HEADER_SIZE)
		return false;
	client->payload_size = client->remaining = big_endian(client->header + 4);
	if (client->header[0] != FRAME_STDIN && (!is_command(client) || client->remaining > CLIENT_COMMAND_MAX)) {
		refuse(list, client);
		return false;
	}
	return true;
}

static bool read_stdin(struct client_list *list, struct client *client)
{
	for (int i = 0; client->remaining; i++) {
		size_t room;
		char *to = list->owner->stdin_room(client, &room);
		ssize_t got;

		if (room == 0) {
			client->awaits_stdin = true;
			return false;
		}
		if (i == PIECES_A_TURN)
			return false;
		got = receive(list, client, to, room < client->remaining ? room : client->remaining);
		if (got <= 0)
			return false;
		client->remaining -= (uint32_t)got;
		list->owner->stdin_filled(client, (size_t)got);
	}
	return true;
}

static bool read_command(struct client_list *list, struct client *client)
{
	while (client->remaining) {
		uint32_t done = client->payload_size - client->remaining;
		unsigned char unused[4096];
		bool kept = done < CLIENT_PAYLOAD_MAX;
		size_t room = kept ? CLIENT_PAYLOAD_MAX - done : sizeof(unused);
		ssize_t got = receive(list, client, kept ? client->payload + done : unused, room < client->remaining ? room : client->remaining);

		if (got <= 0)
			return false;
		client->remaining -= (uint32_t)got;
	}
	client->awaits_reply = true;
	list->owner->command(client, client->header[0], client->payload, client->payload_size);
	return true;
}

/* Bytes read; 0 when there are none now or never again. */
static ssize_t receive(struct client_list *list, struct client *client, void *to, size_t size)
{
	ssize_t got = RETRY(recv(client->fd, to, size, MSG_DONTWAIT));

	if (got > 0)
		return got;
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got < 0)
		lose(client);
	end_input(list, client);
	return 0;
}

static void end_input(struct client_list *list, struct client *client)
{
	if (client->input_ended)
		return;
	client->input_ended = true;
	list->owner->stdin_ended(client);
}

static void refuse(struct client_list *list, struct client *client)
{
	static const char reply[] = "{\"ok\":false,\"kind\":\"invalidParameter\",\"message\":\"this is no frame of the monitor's protocol\"}";

	client_send(client, FRAME_REPLY, reply, sizeof(reply) - 1);
	client->refused = true;
	client->attached &= ATTACH_STDIN;
	client->awaits_exit = false;
	end_input(list, client);
}

static bool is_command(const struct client *client)
{
	return client->header[0] >= FRAME_ATTACH && client->header[0] <= FRAME_COMMAND_LAST;
}

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void enqueue(struct client *client, const void *bytes, size_t length)
{
	size_t needed = client->queue_length + length;

	if (length == 0)
		return;
	if (client->queue_start + needed > client->queue_capacity && client->queue_start) {
		memmove(client->queue, client->queue + client->queue_start, client->queue_length);
		client->queue_start = 0;
	}
	if (needed > client->queue_capacity) {
		size_t capacity = client->queue_capacity ? client->queue_capacity : 4096;
		char *grown;

		while (capacity < needed)
			capacity *= 2;
		grown = realloc(client->queue, capacity);
		if (!grown) {
			/* A stream with a hole in it is worth less than none. */
			lose(client);
			return;
		}
		client->queue = grown;
		client->queue_capacity = capacity;
	}
	memcpy(client->queue + client->queue_start + client->queue_length, bytes, length);
	client->queue_length = needed;
}

static void send_queue(struct client *client)
{
	while (client->queue_length) {
		ssize_t sent = RETRY(send(client->fd, client->queue + client->queue_start, client->queue_length, MSG_DONTWAIT | MSG_NOSIGNAL));

		if (sent < 0) {
			if (errno != EAGAIN)
				lose(client);
			return;
		}
		client->queue_start += (size_t)sent;
		client->queue_length -= (size_t)sent;
	}
	client->queue_start = 0;
	if (client->queue_capacity > QUEUE_KEPT) {
		free(client->queue);
		client->queue = NULL;
		client->queue_capacity = 0;
	}
}

/* Nobody reads at the other end any more. */
static void lose(struct client *client)
{
	client->gone = true;
	client->attached &= ATTACH_STDIN;
	client->awaits_exit = false;
	client->queue_length = client->queue_start = 0;
}

static bool wants_input(const struct client *client)
{
	/* Replies to somebody who does not read them would pile up. */
	return !client->closed && !client->input_ended && !client->awaits_reply && !client->awaits_stdin && !client_is_behind(client);
}

static void update(struct client_list *list, struct client *client)
{
	bool wants = wants_input(client);
	struct epoll_event event = {.events = (wants ? EPOLLIN : 0) | (client->queue_length ? EPOLLOUT : 0), .data.ptr = client};
	/* epoll tells of a hang-up whether asked or not, again and again: out of it with somebody whose last bytes must wait. */
	uint32_t wanted = client->gone && !wants ? CLIENT_UNPOLLED : event.events;
	bool idle = client->queue_length == 0 && !client->awaits_reply && !client->attached && !client->awaits_exit;

	/* The end of what it reads comes before the end of what it writes. */
	if (client->discards && !client->told_end && client->queue_length == 0) {
		shutdown(client->fd, SHUT_WR);
		client->told_end = true;
	}
	if (client->input_ended && !client->awaits_reply && (client->gone || client->refused ? client->queue_length == 0 : idle)) {
		client->closed = true;
		return;
	}
	if (wanted == client->polled)
		return;
	if (epoll_ctl(list->epoll_fd, wanted == CLIENT_UNPOLLED ? EPOLL_CTL_DEL : client->polled == CLIENT_UNPOLLED ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, client->fd, &event)) {
		lose(client);
		end_input(list, client);
		wanted = CLIENT_UNPOLLED;
	}
	client->polled = wanted;
}
