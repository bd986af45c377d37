/* Which devices a control group may use: the program of the plan, attached to a v2 group. */
#ifndef TUG_DEVICE_FILTER_H
#define TUG_DEVICE_FILTER_H

#include "error.h"
#include "plan.h"

/* `directory`: a group about to be joined. Nothing is done without a program in the plan, or on a v1 hierarchy (it has a controller of its own). */
int device_filter_attach(const struct plan *plan, int directory, const char *path, struct error *err);

#endif
