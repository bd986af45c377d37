#define _GNU_SOURCE
#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

struct event {
	const char *type, *action, *actor;
	const char *attributes, *members; /* JSON members without braces; the second may be NULL */
};

static void append(const struct plan *plan, const struct event *event, const struct timespec *when);

void journal_append(const struct plan *plan, const char *action, const struct timespec *when, const char *members)
{
	const struct event event = {"container", action, plan->events_actor ? plan->events_actor : plan->id, plan->events_attributes, members};

	append(plan, &event, when);
}

void journal_volumes(const struct plan *plan, const char *action, const struct timespec *when)
{
	char unmount[128];

	snprintf(unmount, sizeof(unmount), "\"container\":\"%.64s\",\"driver\":\"local\"", plan->id);
	for (size_t i = 0; i < plan->volumes.count; i++) {
		/* The parser has seen that there is a blank. */
		const char *volume = plan->volumes.items[i], *members = strchr(volume, ' ') + 1;
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)(members - volume - 1), volume);
		append(plan, &(struct event){"volume", action, name, strcmp(action, "mount") == 0 ? members : unmount, NULL}, when);
	}
}

static void append(const struct plan *plan, const struct event *event, const struct timespec *when)
{
	int fd AUTO_CLOSE = -1;
	struct json line AUTO_JSON = {0};
	ssize_t written;

	if (!plan->events_path)
		return;
	json_begin_object(&line);
	json_member_string(&line, "Type", event->type);
	json_member_string(&line, "Action", event->action);
	json_key(&line, "Actor");
	json_begin_object(&line);
	json_member_string(&line, "ID", event->actor);
	json_key(&line, "Attributes");
	json_begin_object(&line);
	json_raw(&line, event->attributes, strlen(event->attributes));
	if (event->members)
		json_raw(&line, event->members, strlen(event->members));
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
