/* flock(2) on files. */
#ifndef TUG_LOCK_H
#define TUG_LOCK_H

#include "error.h"

/* Opens (creates) the file and takes the lock (LOCK_EX or LOCK_SH) without waiting: kind `conflict` when it is held. */
int lock_file(const char *path, int mode, int *fd, struct error *err);

#endif
