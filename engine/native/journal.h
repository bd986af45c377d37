/* The event journal (readme.md, Event journal): docker's event messages, appended by any process. */
#ifndef TUG_JOURNAL_H
#define TUG_JOURNAL_H

#include <time.h>

#include "plan.h"

/* Appends an event of the plan's container. `members`: more attributes as JSON members, or NULL. Nobody waits for the journal: failures are ignored. */
void journal_append(const struct plan *plan, const char *action, const struct timespec *when, const char *members);

/* The same of each of the container's volumes: `mount` before it starts, `unmount` when it has ended. */
void journal_volumes(const struct plan *plan, const char *action, const struct timespec *when);

#endif
