/* The sandbox process itself. */
#ifndef TUG_SANDBOX_SERVE_H
#define TUG_SANDBOX_SERVE_H

#include "error.h"
#include "sandbox.h"

/* Descriptors sent with each answer: the user namespace. */
#define SANDBOX_DESCRIPTORS 1

/* Starts the process: it makes the namespaces and serves `listener` until nobody has been connected for ten seconds. */
int sandbox_spawn(const struct sandbox_options *options, int listener, int directory, struct error *err);

#endif
