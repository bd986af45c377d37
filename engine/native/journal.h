/* The event journal (readme.md, Event journal): docker's event messages, appended by any process. */
#ifndef TUG_JOURNAL_H
#define TUG_JOURNAL_H

#include <time.h>

#include "plan.h"

/* Appends an event of the plan's container. `members`: more attributes as JSON members, or NULL. Nobody waits for the journal: failures are ignored. */
void journal_append(const struct plan *plan, const char *action, const struct timespec *when, const char *members);

#endif
