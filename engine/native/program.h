/* Which file a command names: Go's exec.LookPath, whose words docker's users know. */
#ifndef TUG_PROGRAM_H
#define TUG_PROGRAM_H

#include <limits.h>

#include "error.h"
#include "plan.h"

/* Finds ARG 0 along the plan's PATH; as the user, in the working directory it will run in. exit_code 126 or 127. */
int program_find(const struct plan *plan, char path[PATH_MAX], struct error *err);

/* docker's exit code for a program that could not be started. */
int program_exit_code(int number);

#endif
