/* Building a container (or entering one) up to the moment before execve. Called in the monitor process. */
#ifndef TUG_LAUNCH_H
#define TUG_LAUNCH_H

#include <sys/types.h>

#include "error.h"
#include "plan.h"

struct launched {
	pid_t pid; /* in the monitor's pid namespace */
	int pidfd;
	int start_fd;  /* write one byte to release; close = give up */
	int result_fd; /* EOF: execve succeeded; else one struct launch_failure */
	int stdin_fd, stdout_fd, stderr_fd; /* the monitor's ends, -1 where there is none; a tty: stdin_fd and stdout_fd are dups of the master */
	int mntns_fd; /* keeps the overlay mounted past the exit report; -1 for exec */
};

/* What comes through result_fd when execve failed: one write, below PIPE_BUF. */
struct launch_failure {
	struct error error;
};

/* Kinds: whatever failed; `exit_code` 126, 127 or 128 where docker's would be. On failure nothing is left behind. */
int launch_container(const struct plan *plan, struct launched *out, struct error *err);
int launch_exec(const struct plan *plan, struct launched *out, struct error *err);

#endif
