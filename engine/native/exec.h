/* Finding the process of a running container. */
#ifndef TUG_EXEC_H
#define TUG_EXEC_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* A pidfd of the very process that started at `ticks` (field 22 of /proc/PID/stat); kind `conflict` when it is gone. */
int exec_open_target(pid_t pid, uint64_t ticks, int *pidfd, struct error *err);

#endif
