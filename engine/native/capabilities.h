/* Capabilities and the seccomp filter. */
#ifndef TUG_CAPABILITIES_H
#define TUG_CAPABILITIES_H

#include "error.h"
#include "plan.h"

/* Takes all but the plan's out of the bounding set. While still root. */
int capabilities_bound(const struct plan_caps *caps, struct error *err);

/* Makes all permitted ones effective again, after the user was changed. */
int capabilities_raise(struct error *err);

/*
 * The plan's sets, as far as there is something to grant: what the kernel does not know, or we lack ourselves (root in a container), is left out, as
 * docker does.
 */
int capabilities_set(const struct plan_caps *caps, struct error *err);

/* Loads the filter, if the plan has one. Needs no_new_privs or CAP_SYS_ADMIN. */
int seccomp_load(const struct plan *plan, struct error *err);

#endif
