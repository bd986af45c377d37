#define _GNU_SOURCE
#include "status_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log_line.h"
#include "proc_file.h"

#define STATUS_NAME "status.json"
#define TEMPORARY_NAME "status.json.tmp"

static const char *kind_name(enum status_kind kind);
static void member_time(struct json *json, const char *key, const struct timespec *time);
static int replace(const struct status_file *file, const struct json *text, bool sync);
static int overwrite(const struct status_file *file, const struct json *text);
static int write_whole(int fd, const struct json *text);

int status_file_open(struct status_file *file, const char *state_dir, struct error *err)
{
	file->dir_fd = RETRY(open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
	return file->dir_fd < 0 ? error_system(err, "open state directory", state_dir) : 0;
}

int status_identify(struct status *status, pid_t pid, struct error *err)
{
	struct proc_stat process, monitor;
	ssize_t length = proc_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", status->boot_id, sizeof(status->boot_id));

	if (length < 0)
		return error_system(err, "read boot id", NULL);
	status->boot_id[strcspn(status->boot_id, "\n")] = '\0';
	status->pid = pid;
	status->monitor_pid = getpid();
	if (proc_read_stat(pid, &process) || proc_read_stat(status->monitor_pid, &monitor))
		return error_system(err, "read process state", "/proc");
	status->start_ticks = process.start_ticks;
	status->monitor_start_ticks = monitor.start_ticks;
	return 0;
}

int status_file_write(const struct status_file *file, const struct status *status, bool sync, struct error *err)
{
	struct json json AUTO_JSON = {0};

	json_begin_object(&json);
	json_member_integer(&json, "version", 1);
	json_member_string(&json, "status", kind_name(status->kind));
	json_member_integer(&json, "pid", status->pid);
	json_member_unsigned(&json, "startTicks", status->start_ticks);
	json_member_string(&json, "bootId", status->boot_id);
	json_member_integer(&json, "monitorPid", status->monitor_pid);
	json_member_unsigned(&json, "monitorStartTicks", status->monitor_start_ticks);
	member_time(&json, "startedAt", &status->started_at);
	member_time(&json, "finishedAt", &status->finished_at);
	json_member_integer(&json, "exitCode", status->exit_code);
	json_member_integer(&json, "signal", status->signal);
	json_member_boolean(&json, "oomKilled", status->oom_killed);
	json_member_string(&json, "error", status->error ? status->error : "");
	json_end_object(&json);
	json_append(&json, "\n", 1);
	if (json_finish(&json))
		return error_number(err, ENOMEM, "write " STATUS_NAME, NULL);
	if (replace(file, &json, sync) == 0 || ((errno == ENOSPC || errno == EDQUOT) && overwrite(file, &json) == 0))
		return 0;
	return error_system(err, "write " STATUS_NAME, NULL);
}

void status_exit_members(struct json *json, const struct status *status)
{
	json_member_integer(json, "exitCode", status->exit_code);
	json_member_integer(json, "signal", status->signal);
	json_member_boolean(json, "oomKilled", status->oom_killed);
	member_time(json, "finishedAt", &status->finished_at);
	if (status->error)
		json_member_string(json, "error", status->error);
}

void status_file_close(struct status_file *file)
{
	cleanup_fd(&file->dir_fd);
}

static const char *kind_name(enum status_kind kind)
{
	switch (kind) {
	case STATUS_CREATED:
		return "created";
	case STATUS_RUNNING:
		return "running";
	case STATUS_PAUSED:
		return "paused";
	case STATUS_EXITED:
		return "exited";
	}
	return "";
}

/* An empty string when it did not happen yet. */
static void member_time(struct json *json, const char *key, const struct timespec *time)
{
	struct log_clock clock = {0};

	json_key(json, key);
	if (time->tv_sec)
		log_clock_set(&clock, time);
	json_bytes(json, clock.text, time->tv_sec ? LOG_TIME_LENGTH : 0);
}

static int replace(const struct status_file *file, const struct json *text, bool sync)
{
	int fd AUTO_CLOSE = RETRY(openat(file->dir_fd, TEMPORARY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
	int because;

	if (fd < 0)
		return -1;
	if (write_whole(fd, text) == 0 && (!sync || RETRY(fsync(fd)) == 0) && renameat(file->dir_fd, TEMPORARY_NAME, file->dir_fd, STATUS_NAME) == 0)
		return 0;
	because = errno;
	unlinkat(file->dir_fd, TEMPORARY_NAME, 0);
	errno = because;
	return -1;
}

/* The block is there already; how a process ended must not get lost because there is no room for a second file. */
static int overwrite(const struct status_file *file, const struct json *text)
{
	int fd AUTO_CLOSE = RETRY(openat(file->dir_fd, STATUS_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));

	return fd < 0 || write_whole(fd, text) || RETRY(ftruncate(fd, (off_t)text->length)) ? -1 : 0;
}

static int write_whole(int fd, const struct json *text)
{
	ssize_t written = RETRY(write(fd, text->data, text->length));

	if (written < 0)
		return -1;
	if ((size_t)written == text->length)
		return 0;
	errno = ENOSPC;
	return -1;
}
