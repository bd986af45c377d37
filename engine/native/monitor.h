/* The monitor: watches one container or exec session to its end (readme.md, Monitor). */
#ifndef TUG_MONITOR_H
#define TUG_MONITOR_H

#include "error.h"
#include "launch.h"
#include "plan.h"

/*
 * What a monitor was given. The process holds the lock of the state directory, is a session leader and a subreaper, and ignores the signals of terminals.
 */
struct monitor_descriptors {
	int listener; /* the socket, listening, not blocking */
	int report;   /* one line, then closed */
	int lock;     /* released when the exit was told */
};

/*
 * Reports that the container was created (AUTO_START: that it runs, or why it does not), serves until the end, and returns the exit status for _exit.
 */
int monitor_run(const struct plan *plan, struct launched *child, const struct monitor_descriptors *descriptors);

/* A start that failed before there was anything to watch: status `created` with exit code and error, and the report. */
void monitor_failed(const struct plan *plan, const struct error *err, int report_fd);

#endif
