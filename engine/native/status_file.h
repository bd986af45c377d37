/* STATE/status.json: what is known of the container, written by its monitor alone. */
#ifndef TUG_STATUS_FILE_H
#define TUG_STATUS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "error.h"
#include "json.h"

enum status_kind {
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_EXITED,
};

struct status {
	enum status_kind kind;
	pid_t pid;
	uint64_t start_ticks;
	char boot_id[40];
	pid_t monitor_pid;
	uint64_t monitor_start_ticks;
	struct timespec started_at, finished_at; /* zero: not yet */
	int exit_code, signal;
	bool oom_killed;
	const char *error; /* NULL: none */
};

struct status_file {
	int dir_fd;
};

#define AUTO_STATUS_FILE __attribute__((cleanup(status_file_close)))

/* Opens the state directory. The caller holds its lock. */
int status_file_open(struct status_file *file, const char *state_dir, struct error *err);

/* Fills in what does not change: the two processes and the boot. */
int status_identify(struct status *status, pid_t pid, struct error *err);

/* Replaces the file; readers see the old or the new one. On a full disk the old one is overwritten in place. */
int status_file_write(const struct status_file *file, const struct status *status, bool sync, struct error *err);

/* {"exitCode":…,"signal":…,"oomKilled":…,"finishedAt":…} */
void status_exit_members(struct json *json, const struct status *status);

void status_file_close(struct status_file *file);

#endif
