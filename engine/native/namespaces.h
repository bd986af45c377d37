/* The container's namespaces: new ones, and those of others that it joins. */
#ifndef TUG_NAMESPACES_H
#define TUG_NAMESPACES_H

#include <stdint.h>

#include "error.h"
#include "plan.h"

/* Opens the namespaces to join, indexed by kind; -1 where there is none. */
int namespaces_open(const struct plan *plan, int joined[PLAN_NAMESPACE_COUNT], struct error *err);
void namespaces_close(int joined[PLAN_NAMESPACE_COUNT]);

/* CLONE_NEW… of those that are made when the process is (the cgroup namespace comes later: it shows the cgroup it was made in as its root). */
uint64_t namespaces_clone_flags(const struct plan *plan);

/* Enters one, if it is to be joined. */
int namespaces_enter(const int joined[PLAN_NAMESPACE_COUNT], enum plan_namespace_kind kind, struct error *err);

/* In the child: net, ipc, uts, cgroup; and makes the new cgroup namespace. */
int namespaces_enter_rest(const struct plan *plan, const int joined[PLAN_NAMESPACE_COUNT], struct error *err);

/* Names the host, and brings loopback up in a new network namespace. */
int namespaces_configure(const struct plan *plan, struct error *err);

#endif
