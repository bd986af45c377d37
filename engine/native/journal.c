#define _GNU_SOURCE
#include "journal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

void journal_append(const struct plan *plan, const char *action, const struct timespec *when, const char *members)
{
	int fd AUTO_CLOSE = -1;
	struct json line AUTO_JSON = {0};
	ssize_t written;

	if (!plan->events_path)
		return;
	json_begin_object(&line);
	json_member_string(&line, "Type", "container");
	json_member_string(&line, "Action", action);
	json_key(&line, "Actor");
	json_begin_object(&line);
	json_member_string(&line, "ID", plan->events_actor ? plan->events_actor : plan->id);
	json_key(&line, "Attributes");
	json_begin_object(&line);
	json_raw(&line, plan->events_attributes, strlen(plan->events_attributes));
	if (members)
		json_raw(&line, members, strlen(members));
	json_end_object(&line);
	json_end_object(&line);
	json_member_string(&line, "scope", "local");
	json_member_integer(&line, "time", when->tv_sec);
	json_member_integer(&line, "timeNano", when->tv_sec * INT64_C(1000000000) + when->tv_nsec);
	json_end_object(&line);
	json_append(&line, "\n", 1);
	if (json_finish(&line))
		return;
	fd = RETRY(open(plan->events_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600));
	if (fd < 0)
		return;
	/* One write, so that lines of several writers never mix. */
	written = RETRY(write(fd, line.data, line.length));
	(void)written;
}
