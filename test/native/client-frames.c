/*
 * Feeds the monitor's frame parser: client-frames SEED ROUNDS. Each round a stream of random valid frames, cut at random places, sometimes with garbage at
 * its end, goes through a socket; what the owner gets is compared with what was sent, and so are the frames that come back. Prints what it did.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>

#include "../../engine/native/client.c"

#define STREAM_MAX (4 << 20)
#define COMMANDS_MAX 4096

struct command_seen {
	unsigned int type;
	uint32_t length;
	unsigned char payload[CLIENT_PAYLOAD_MAX];
};

static unsigned char stream[STREAM_MAX], stdin_sent[STREAM_MAX], stdin_got[STREAM_MAX], returned[STREAM_MAX * 2];
static struct command_seen sent[COMMANDS_MAX], got[COMMANDS_MAX];
static size_t stream_length, stdin_sent_length, stdin_got_length, sent_count, got_count, returned_length;
static char room_buffer[5000];
static bool stdin_was_ended, late_replies;
static struct client *late;
static size_t totals[4];

static void on_command(struct client *client, unsigned int type, const unsigned char *payload, uint32_t length)
{
	struct command_seen *seen = &got[got_count++];

	seen->type = type;
	seen->length = length;
	memcpy(seen->payload, payload, length < CLIENT_PAYLOAD_MAX ? length : CLIENT_PAYLOAD_MAX);
	if (late_replies && random() % 2)
		late = client;
	else
		client_reply(client, "{}", 2);
}

static char *on_room(struct client *client, size_t *size)
{
	(void)client;
	*size = random() % 3 ? (size_t)random() % sizeof(room_buffer) : 0;
	return room_buffer;
}

static void on_filled(struct client *client, size_t size)
{
	(void)client;
	memcpy(stdin_got + stdin_got_length, room_buffer, size);
	stdin_got_length += size;
}

static void on_ended(struct client *client)
{
	(void)client;
	assert(!stdin_was_ended);
	stdin_was_ended = true;
}

static const struct client_owner owner = {on_command, on_room, on_filled, on_ended};

static void put_header(unsigned char type, uint32_t length)
{
	unsigned char header[8] = {type, 0, 0, 0, (unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};

	memcpy(stream + stream_length, header, 8);
	stream_length += 8;
}

/* Frames with their right meaning; returns whether something unreadable follows. */
static bool make_stream(void)
{
	size_t frames = (size_t)random() % 200;

	stream_length = stdin_sent_length = sent_count = 0;
	for (size_t i = 0; i < frames; i++) {
		uint32_t length = (uint32_t)(random() % 8 == 0 ? random() % 40000 : random() % 12);

		if (stream_length + length + 64 > STREAM_MAX)
			break;
		if (random() % 2) {
			put_header(FRAME_STDIN, length);
			for (uint32_t j = 0; j < length; j++)
				stdin_sent[stdin_sent_length++] = stream[stream_length++] = (unsigned char)random();
			continue;
		}
		sent[sent_count].type = (unsigned int)(FRAME_ATTACH + random() % (FRAME_COMMAND_LAST - FRAME_ATTACH + 1));
		sent[sent_count].length = length;
		put_header((unsigned char)sent[sent_count].type, length);
		for (uint32_t j = 0; j < length; j++) {
			stream[stream_length] = (unsigned char)random();
			if (j < CLIENT_PAYLOAD_MAX)
				sent[sent_count].payload[j] = stream[stream_length];
			stream_length++;
		}
		sent_count++;
	}
	switch (random() % 4) {
	case 0:
		put_header((unsigned char)(FRAME_COMMAND_LAST + 1 + random() % 200), (uint32_t)random());
		break;
	case 1:
		put_header(FRAME_SIGNAL, CLIENT_COMMAND_MAX + 1 + (uint32_t)(random() % 1000));
		break;
	case 2:
		put_header(FRAME_STDERR, 0);
		break;
	default:
		return false;
	}
	for (int i = 0; i < 100; i++)
		stream[stream_length++] = (unsigned char)random();
	return true;
}

static void read_back(int fd)
{
	ssize_t length = recv(fd, returned + returned_length, (size_t)random() % 3000 + 1, MSG_DONTWAIT);

	if (length > 0)
		returned_length += (size_t)length;
}

static void round_(void)
{
	struct client_list list = {.epoll_fd = epoll_create1(0), .owner = &owner};
	bool garbage = make_stream(), gone_early = random() % 10 == 0;
	size_t at = 0, frames = 0, limit = gone_early ? stream_length / 2 : stream_length;
	int pair[2], end;

	stdin_got_length = got_count = returned_length = 0;
	stdin_was_ended = false;
	late = NULL;
	late_replies = random() % 2;
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	client_add(&list, pair[0]);
	end = pair[1];
	for (int idle = 0; idle < 20000 && list.count; idle++) {
		struct epoll_event event;

		if (at < limit && end >= 0) {
			size_t piece = (size_t)random() % (random() % 5 ? 30 : 20000) + 1;
			ssize_t written = send(end, stream + at, piece < limit - at ? piece : limit - at, MSG_NOSIGNAL | MSG_DONTWAIT);

			if (written > 0)
				at += (size_t)written;
			if (written < 0 && errno == EPIPE)
				at = limit;
			if (at == limit && gone_early) {
				close(end);
				end = -1;
			} else if (at == limit)
				shutdown(end, SHUT_WR);
		}
		if (epoll_wait(list.epoll_fd, &event, 1, 0) == 1)
			client_ready(&list, event.data.ptr, event.events);
		if (late && random() % 3 == 0) {
			struct client *client = late;

			late = NULL;
			client_reply(client, "{}", 2);
		}
		if (random() % 3 == 0 && list.count)
			client_send(list.first, FRAME_STDOUT, stream, (size_t)random() % 500);
		if (end >= 0)
			read_back(end);
		if (random() % 2)
			client_list_resume_stdin(&list);
		client_list_sweep(&list);
	}
	/* The owner saw what was sent, in order and to the last byte, unless the sender went away before. */
	assert(list.count == 0);
	assert(stdin_was_ended);
	if (!gone_early) {
		assert(stdin_got_length == stdin_sent_length && got_count == sent_count);
	}
	assert(memcmp(stdin_got, stdin_sent, stdin_got_length) == 0);
	for (size_t i = 0; i < got_count; i++)
		assert(got[i].type == sent[i].type && got[i].length == sent[i].length
			&& memcmp(got[i].payload, sent[i].payload, got[i].length < CLIENT_PAYLOAD_MAX ? got[i].length : CLIENT_PAYLOAD_MAX) == 0);
	if (end >= 0) {
		size_t replies = 0;
		size_t before;

		do {
			before = returned_length;
			read_back(end);
		} while (returned_length != before);
		for (size_t position = 0; position < returned_length; frames++) {
			uint32_t length = big_endian(returned + position + 4);

			assert(returned[position] == FRAME_STDOUT || returned[position] == FRAME_REPLY);
			replies += returned[position] == FRAME_REPLY;
			if (returned[position] == FRAME_STDOUT)
				assert(memcmp(returned + position + 8, stream, length) == 0);
			position += 8 + length;
			assert(position <= returned_length);
		}
		assert(replies == got_count + garbage);
		close(end);
	}
	close(list.epoll_fd);
	totals[0] += got_count;
	totals[1] += stdin_got_length;
	totals[2] += frames;
	totals[3] += garbage;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	srandom((unsigned int)atoi(argv[1]));
	for (int i = 0; i < atoi(argv[2]); i++)
		round_();
	printf("{\"commands\":%zu,\"stdinBytes\":%zu,\"framesBack\":%zu,\"refused\":%zu}\n", totals[0], totals[1], totals[2], totals[3]);
	return 0;
}
