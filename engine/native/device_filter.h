/* Which devices a control group may use: the program of the plan, attached to a v2 group. */
#ifndef TUG_DEVICE_FILTER_H
#define TUG_DEVICE_FILTER_H

#include "error.h"
#include "plan.h"

/* `directory`: a v2 group. Nothing is done without a program in the plan. Kind notImplemented when the kernel can't (CONFIG_CGROUP_BPF). */
int device_filter_attach(const struct plan *plan, int directory, const char *path, struct error *err);

#endif
