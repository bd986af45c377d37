/*
 * Connections to the monitor's socket: frames in, a queue of frames out (readme.md, Socket protocol). What the frames mean is the owner's business.
 *
 * Nothing here is believed: headers are checked before a byte of their payload is read, and no frame makes the monitor hold more than a few bytes of it.
 */
#ifndef TUG_CLIENT_H
#define TUG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_SIZE 8

/* Longest payload of a command. Stdin frames may be of any length, they are passed on as they come. */
#define CLIENT_COMMAND_MAX (1u << 20)
/* What is kept of a command's payload: no command has more. */
#define CLIENT_PAYLOAD_MAX 8
/* With more than this waiting, the client is behind: its source should be read no further. */
#define CLIENT_QUEUE_MAX (1u << 20)

enum frame_type {
	FRAME_STDIN = 0,
	FRAME_STDOUT = 1,
	FRAME_STDERR = 2,
	FRAME_ATTACH = 16,
	FRAME_CLOSE_STDIN = 17,
	FRAME_RESIZE = 18,
	FRAME_SIGNAL = 19,
	FRAME_WAIT = 20,
	FRAME_START = 21,
	FRAME_PAUSE = 22,
	FRAME_UNPAUSE = 23,
	FRAME_STATS = 24,
	FRAME_PIDS = 25,
	FRAME_COMMAND_LAST = 31,
	FRAME_REPLY = 32,
	FRAME_EXIT = 33,
};

/* Bits of ATTACH. */
#define ATTACH_STDIN 1u
#define ATTACH_STDOUT 2u
#define ATTACH_STDERR 4u
#define ATTACH_ALL 7u

struct client {
	int fd;
	uint32_t polled; /* what epoll watches, CLIENT_UNPOLLED when the descriptor is not in it */
	struct client *next;

	/* The frame being read. */
	unsigned char header[FRAME_HEADER_SIZE];
	size_t header_length;
	uint32_t remaining, payload_size;
	unsigned char payload[CLIENT_PAYLOAD_MAX];

	/* Frames that the socket did not take yet. */
	char *queue;
	size_t queue_start, queue_length, queue_capacity;

	unsigned int attached; /* ATTACH_ bits */
	bool awaits_exit;
	bool awaits_reply; /* nothing more is read until the owner has answered */
	bool awaits_stdin; /* nothing more is read until stdin has room */
	bool input_ended;  /* it will send nothing more */
	bool discards;	   /* the process is gone: what it still sends is read and dropped, until it hangs up */
	bool told_end;	   /* it was: there is nothing more to read for it */
	bool gone;	   /* it reads nothing more; what it sent is still served */
	bool refused;	   /* it broke the protocol: closed once the reply is out */
	bool closed;	   /* to be freed by client_list_sweep */
};
#define CLIENT_UNPOLLED UINT32_MAX

struct client_owner {
	/* A whole command; `length` is the payload's, of which `payload` holds the first CLIENT_PAYLOAD_MAX bytes. */
	void (*command)(struct client *client, unsigned int type, const unsigned char *payload, uint32_t length);
	/* Where to put stdin bytes; *size 0 when there is no room now (client_resume_stdin later). */
	char *(*stdin_room)(struct client *client, size_t *size);
	void (*stdin_filled)(struct client *client, size_t size);
	/* The client will send no more stdin. */
	void (*stdin_ended)(struct client *client);
};

struct client_list {
	int epoll_fd;
	const struct client_owner *owner;
	struct client *first;
	size_t count;
};

/* Takes over the descriptor (closed when there is no memory for it). */
void client_add(struct client_list *list, int fd);

/* Serves what epoll_wait told of it. */
void client_ready(struct client_list *list, struct client *client, uint32_t events);

/* Sends a frame, or queues what the socket does not take. */
void client_send(struct client *client, enum frame_type type, const void *payload, size_t length);

/* Sends the reply the client is waiting for, and reads on. */
void client_reply(struct client *client, const void *json, size_t length);

/* The client has more waiting for it than it should. */
bool client_is_behind(const struct client *client);

/* Stdin has room again: reads on where that was waited for. */
void client_list_resume_stdin(struct client_list *list);

/* Serves the commands that have arrived by now. */
void client_list_read(struct client_list *list);

/* Ends reading from all: only what is queued still goes out. */
void client_list_finish(struct client_list *list);

/* Frees the closed ones and puts what epoll watches right. To be called after each round; returns the number of clients left. */
size_t client_list_sweep(struct client_list *list);

#endif
