/* The user's sandbox: a process that pins the user namespace all his containers share (readme.md, Sandbox). */
#ifndef TUG_SANDBOX_H
#define TUG_SANDBOX_H

#include "error.h"

struct sandbox_options {
	const char *dir;
	const char *uid_map, *gid_map; /* "inside outside count[,…]" */
};

/* Connects to the sandbox, starting it when it is not there. *connection stays open as long as the sandbox is used. */
int sandbox_connect(const struct sandbox_options *options, int *connection, int *userns_fd, struct error *err);

/* sandbox_connect and setns: afterwards this process is root in the user namespace. The connection is kept in sandbox_connection(). */
int sandbox_enter(const struct sandbox_options *options, struct error *err);

/* The open connection (close-on-exec), -1 when there is no sandbox. A monitor just keeps it open. */
int sandbox_connection(void);

/* What --sandbox, --uid-map and --gid-map said; dir is NULL without them. Set by main. */
extern struct sandbox_options sandbox_options;

#endif
