/* Standard streams between the monitor and the program. */
#ifndef TUG_STREAMS_H
#define TUG_STREAMS_H

#include "error.h"
#include "launch.h"
#include "plan.h"
#include "process.h"

/* Everything that joins the two processes. The monitor's ends are in `launched`, the child's in `process`. */
int streams_open(const struct plan *plan, struct launched *launched, struct process *process, struct error *err);

/* Closes the child's ends, which are the child's alone once it was started. */
void streams_close_child(struct process *process);

/* Closes whatever is open in `launched`. */
void streams_close_launched(struct launched *launched);

/*
 * Waits until the child is ready and takes what it sent: its mount namespace (for a container) and the terminal (for a tty). A child that failed has
 * told why; it is reaped.
 */
int streams_wait_ready(const struct plan *plan, struct launched *launched, struct error *err);

#endif
