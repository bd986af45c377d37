/* From a process inside the container's namespaces to the program: user, limits, capabilities, terminal, execve. */
#ifndef TUG_PROCESS_H
#define TUG_PROCESS_H

#include <stdbool.h>

#include "error.h"
#include "plan.h"

struct process {
	const struct plan *plan;
	int stdio[3]; /* what become descriptors 0, 1 and 2 */
	int control;  /* SOCK_SEQPACKET: "ready" with descriptors, or one struct launch_failure; closed by execve */
	int start;    /* a byte: go on, end of file: give up */
	int self;     /* our own program, when the built-in init is to run; else -1 */
	int mntns;    /* goes with "ready": the container's mount namespace, -1 for an exec */
	int master;   /* goes with "ready": the terminal, -1 without a tty */
};

/* In the child, with the container's root as root directory. Everything up to execve, reporting through `control`. */
void process_run(struct process *process) __attribute__((noreturn));

/* Sends the failure and ends. */
void process_fail(int control, const struct error *err) __attribute__((noreturn));

/* Default handlers, no blocked signals, umask 022. */
void process_reset_signals(void);

/* What goes through `control` when all is set up. */
#define PROCESS_READY "rdy"

#endif
