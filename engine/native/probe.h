/* Parts of `probe`. */
#ifndef TUG_PROBE_H
#define TUG_PROBE_H

#include "json.h"

/*
 * The member "cgroup": {"mode":"v2"|"hybrid"|"v1"|"none","path":DIR,"writable":BOOL,"controllers":[…],"v1":[…]}: `path` is our group in the
 * unified hierarchy and `writable` whether groups can be made in it, `v1` are the controllers with a group of ours we can write to.
 */
void probe_cgroups(struct json *json);

#endif
