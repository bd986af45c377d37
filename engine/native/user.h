/* Who the program runs as: docker's reading of `user[:group]` with the container's own /etc/passwd and /etc/group (moby/sys/user). */
#ifndef TUG_USER_H
#define TUG_USER_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "plan.h"

#define USER_GROUPS_MAX 1024

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX];
	size_t group_count;
	char home[1024]; /* "/" when passwd has none */
};

/* `root_fd`: the container's root. Kind invalidParameter for a name that is not in the files. */
int user_find(const struct plan *plan, int root_fd, struct user *user, struct error *err);

/* Becomes the user; capabilities are kept permitted. Errors tell what to install when the id is not mapped. */
int user_become(const struct plan *plan, const struct user *user, struct error *err);

#endif
