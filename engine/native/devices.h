/* /dev: nodes, symlinks, and the terminal. */
#ifndef TUG_DEVICES_H
#define TUG_DEVICES_H

#include "error.h"
#include "plan.h"

/* Makes the plan's device nodes; where mknod is not allowed they are bound from the host's after a look at what they are. */
int devices_create(const struct plan *plan, int root_fd, struct error *err);

/* fd, stdin, stdout, stderr, core, ptmx in a /dev of our own. */
int devices_link(const struct plan *plan, int root_fd, struct error *err);

/* A new terminal of the devpts at `devpts_fd` (its root), with the plan's size. */
int devices_open_terminal(const struct plan *plan, int devpts_fd, int *master, int *slave, struct error *err);

/* Mounts the terminal on /dev/console. */
int devices_bind_console(int root_fd, int slave, struct error *err);

/* The root of the devpts mounted at /dev/pts of a running container, after a look that it is one. */
int devices_find_devpts(int root_fd, int *devpts_fd, struct error *err);

#endif
