/*
 * The sealed copy: a container can reach the binary of a process that enters it through /proc/PID/exe, and overwrite the host's file with it
 * (CVE-2019-5736). So whatever goes near a container runs from a sealed memfd.
 */
#ifndef TUG_SEALED_H
#define TUG_SEALED_H

#include "error.h"

/* Runs the program again from a sealed copy, unless it is one already. */
int sealed_reexec(char **argv, struct error *err);

#endif
