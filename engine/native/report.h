/* The report: one JSON line on fd 3, or stderr when fd 3 was not open at the start. A command reports its own success; main reports errors. */
#ifndef TUG_REPORT_H
#define TUG_REPORT_H

#include "error.h"
#include "json.h"

/* To be called before any descriptor is opened. */
void report_init(void);

/* The descriptor (close-on-exec; 2 when there is no fd 3). The monitor closes it by report_close once it has reported. */
int report_fd(void);
void report_close(void);

/* Lets fd 3 pass through one execve of ourselves. */
int report_keep_over_exec(void);

/* {"ok":true, MEMBERS}: `members` has what json_member_… wrote into an empty buffer, or is NULL. */
int report_ok(int fd, const struct json *members, struct error *err);

/* {"ok":false,…}; failures to write are ignored, there is nobody left to tell. */
void report_error(int fd, const struct error *err);

/* The members of an {"ok":false} report or monitor reply, without braces. */
void report_error_members(struct json *json, const struct error *err);

#endif
