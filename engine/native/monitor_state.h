/* The one monitor of this process, and what its parts call each other for. */
#ifndef TUG_MONITOR_STATE_H
#define TUG_MONITOR_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "client.h"
#include "launch.h"
#include "log_file.h"
#include "monitor.h"
#include "pause.h"
#include "plan.h"
#include "stats.h"
#include "status_file.h"
#include "stdin_pipe.h"

enum monitor_phase {
	PHASE_CREATED,	/* the process waits for its start */
	PHASE_STARTING, /* it was let go; did execve work? */
	PHASE_RUNNING,
	PHASE_ENDING, /* it is dead; what it wrote may still be on the way */
	PHASE_TOLD,   /* everything is on record, somebody has not read all of it yet */
	PHASE_OVER,
};

struct output {
	int fd; /* -1: at its end */
	bool polled;
	enum log_stream stream;
	enum frame_type frame;
	unsigned int attach_bit;
};
#define OUTPUT_COUNT 2

struct monitor {
	const struct plan *plan;
	struct launched *child;
	enum monitor_phase phase;
	bool paused, failed;

	int epoll_fd, signal_fd, listener, report, lock;
	int terminal_peer; /* the terminal's other side, so that reading goes on while no process has it open */
	bool accepting, input_polled;
	dev_t socket_device;
	ino_t socket_inode;
	int64_t ending_deadline_ms, accept_again_ms; /* CLOCK_MONOTONIC; 0: none */

	struct status status;
	struct status_file status_file;
	struct log_file log;
	struct output outputs[OUTPUT_COUNT];
	struct {
		size_t bytes;	    /* read in this turn */
		bool others;	    /* something else happened in it */
		unsigned int turns; /* with a little output and nothing else, one soon after the other */
		int64_t last_us;
	} trickle;
	struct stdin_pipe input;
	struct client_list clients;
	struct client *starter; /* whose START has no reply yet */
	struct pause pause;
	struct stats stats;
};

extern struct monitor monitor;
extern const struct client_owner monitor_client_owner;

/* --- monitor.c: the loop --- */

/* Records what became of the container; an exit is waited for until it is on disk. */
void monitor_record(void);

/* Records the change of `paused`. */
void monitor_set_paused(bool paused);

/* Out of epoll altogether when not wanted: it tells of hang-ups whether asked or not. */
void monitor_poll_change(int fd, uint32_t events, void *source, bool *present, bool wanted);

void monitor_accept_clients(void);

/* CLOCK_MONOTONIC */
int64_t monitor_now_us(void);
int64_t monitor_now_ms(void);

/* --- monitor_start.c --- */

/* Lets the process go. */
void monitor_release(void);

/* The result of execve is there. */
void monitor_read_result(void);

/* Nothing ran: status `created`, with the reason. */
void monitor_start_failed(const struct error *err);

/* To whoever launched us: the process waits for its start, or runs. */
void monitor_report_created(void);

/* --- monitor_output.c --- */

/* Up to about `limit` bytes; returns how many there were. */
size_t monitor_read_output(struct output *output, size_t limit);
void monitor_close_output(struct output *output);
bool monitor_outputs_ended(void);

/* Somebody looks on, and has not read what is waiting for him: the container has to wait, too. */
bool monitor_is_anybody_behind(void);

/* At the end of a turn: a little pause when the container writes line by line. */
void monitor_gather(void);

/* --- monitor_end.c --- */

/* The container's first process is dead. */
void monitor_init_ended(const siginfo_t *info);

/* All output is there, or the time for it is over. */
void monitor_finish(void);
void monitor_tell_exit(void);
void monitor_remove_socket(void);

#endif
