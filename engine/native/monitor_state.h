/* The one monitor of this process: shared by monitor.c (life cycle and loop) and monitor_commands.c (what clients ask for). */
#ifndef TUG_MONITOR_STATE_H
#define TUG_MONITOR_STATE_H

#include <stdbool.h>
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

/* Lets the process go. */
void monitor_release(void);

/* Records the change of `paused`. */
void monitor_set_paused(bool paused);

void monitor_record(void);

#endif
