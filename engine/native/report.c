#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"

static int descriptor = 2;

static int write_line(int fd, struct json *json);

void report_init(void)
{
	if (fcntl(3, F_SETFD, FD_CLOEXEC) == 0)
		descriptor = 3;
}

int report_fd(void)
{
	return descriptor;
}

void report_close(void)
{
	if (descriptor == 3)
		close(3);
	descriptor = 2;
}

int report_keep_over_exec(void)
{
	return descriptor == 3 ? fcntl(3, F_SETFD, 0) : 0;
}

int report_ok(int fd, const struct json *members, struct error *err)
{
	struct json json AUTO_JSON = {0};

	if (members && json_finish(members))
		return error_number(err, ENOMEM, "write report", NULL);
	json_begin_object(&json);
	json_member_boolean(&json, "ok", true);
	if (members)
		json_raw(&json, members->data, members->length);
	json_end_object(&json);
	return write_line(fd, &json) ? error_system(err, "write report", NULL) : 0;
}

void report_error(int fd, const struct error *err)
{
	struct json json AUTO_JSON = {0};

	json_begin_object(&json);
	report_error_members(&json, err);
	json_end_object(&json);
	write_line(fd, &json);
}

void report_error_members(struct json *json, const struct error *err)
{
	json_member_boolean(json, "ok", false);
	json_member_string(json, "kind", error_kind_name(err->kind));
	if (err->operation[0])
		json_member_string(json, "operation", err->operation);
	if (err->path[0])
		json_member_string(json, "path", err->path);
	if (err->number)
		json_member_integer(json, "errno", err->number);
	if (err->exit_code)
		json_member_integer(json, "exitCode", err->exit_code);
	json_member_string(json, "message", err->message);
}

static int write_line(int fd, struct json *json)
{
	size_t at = 0;

	json_append(json, "\n", 1);
	if (json_finish(json)) {
		errno = ENOMEM;
		return -1;
	}
	while (at < json->length) {
		ssize_t written = RETRY(write(fd, json->data + at, json->length - at));

		if (written < 0)
			return -1;
		at += (size_t)written;
	}
	return 0;
}
