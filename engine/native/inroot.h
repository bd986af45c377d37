/*
 * Paths inside a root filesystem, as a process chrooted there would see them: by descriptors and openat2 only. The image decides what its paths
 * mean (symlinks, dangling ones, "..") but never where they lead: not out of the root.
 */
#ifndef TUG_INROOT_H
#define TUG_INROOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

/* Opens an existing path; -1 with errno. Symlinks are followed inside the root, unless `flags` has O_NOFOLLOW (last part only). */
int inroot_open(int root_fd, const char *path, int flags);

/* Opens an existing path in which no part is a symlink; -1 with errno (ELOOP for one). */
int inroot_open_plain(int root_fd, const char *path, int flags);

struct inroot_make {
	bool file;	  /* an empty file at the end, else a directory */
	bool no_symlinks; /* a symlink anywhere is an error */
	bool must_exist;  /* nothing is created */
	mode_t mode;	  /* of what is created at the end; directories on the way get 0755 */
};

/* Opens the path (O_PATH), creating what is missing part by part. A dangling symlink's target is created, inside the root. */
int inroot_make(int root_fd, const char *path, const struct inroot_make *how, int *fd, struct error *err);

/* The directory of a path, made when missing, with no symlinks left to resolve; *name points to the last part in `path`. */
int inroot_make_parent(int root_fd, const char *path, int *fd, const char **name, struct error *err);

#endif
