/* User namespaces: their id maps, and why they may be refused. */
#ifndef TUG_USER_NAMESPACE_H
#define TUG_USER_NAMESPACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

/*
 * Writes the maps of the fresh user namespace of `pid`, from its parent namespace. MAP: `inside outside count`, comma separated. One range of one
 * id is written directly (setgroups is denied then), more need newuidmap and newgidmap: kind `unavailable` where they are missing or refuse.
 */
int user_namespace_map(pid_t pid, const char *uid_map, const char *gid_map, struct error *err);

/* The error for a kernel that creates no user namespace for us, with the setting to blame. Returns -1. */
int user_namespace_refused(struct error *err);

/* Whether the namespace this process is in has but one id, so that files can belong to nobody else. */
bool user_namespace_has_single_id(void);

#endif
