/*
 * Deleted names and opaque directories: AUFS's names in layer archives (OCI image-spec layer.md, Whiteouts), overlayfs's forms on disk.
 * On disk a deleted name is a character device 0:0 or, where none can be made, an empty file with the xattr overlay.whiteout in a directory with
 * overlay.opaque=x (Linux 6.7); an opaque directory has overlay.opaque=y. The xattrs are trusted.* for root's overlays and user.* with userxattr.
 */
#ifndef TUG_WHITEOUT_H
#define TUG_WHITEOUT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "error.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* Deletes `name`, of which nothing must be there. */
int whiteout_make(int parent, const char *name, bool userxattr, struct error *err);

/* Makes the directory `name` (NULL: `parent` itself) hide what lies below it. */
int whiteout_make_opaque(int parent, const char *name, bool userxattr, struct error *err);

/* A character device 0:0, or the xattr form. */
bool whiteout_is(int parent, const char *name, const struct stat *status);

/* The directory open (for reading) at `fd` is opaque. */
bool whiteout_is_opaque(int fd);

/* An xattr by which overlayfs keeps its books. */
bool whiteout_is_overlay_xattr(const char *name);

#endif
