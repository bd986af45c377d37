/* ROOT of cp-in, cp-out, stat and export: the root filesystem of a running or a stopped container. */
#ifndef TUG_ROOT_VIEW_H
#define TUG_ROOT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "options.h"

struct root_view_options {
	uint64_t pid, start_ticks;
	struct string_list lowers, squash;
	const char *upper, *work;
	const char *rootfs;	       /* where a stopped one is mounted, in a namespace of our own, when something is to be mounted in it */
	struct string_list binds, ats; /* what of the host is mounted there; "[ro:]TARGET", one for each */
	struct string_list subpaths;   /* what of a bind's source, '' for all; none, or one for each */
	bool read_only;		       /* a stopped one: only what is bound may be written */
};

/* The entries of the option table that say what ROOT is. */
#define ROOT_VIEW_OPTIONS(view) \
	{"pid", OPTION_UNSIGNED, &(view)->pid}, {"start-ticks", OPTION_UNSIGNED, &(view)->start_ticks}, {"lower", OPTION_LIST, &(view)->lowers}, \
		{"upper", OPTION_STRING, &(view)->upper}, {"work", OPTION_STRING, &(view)->work}, {"squash", OPTION_LIST, &(view)->squash}, \
		{"rootfs", OPTION_STRING, &(view)->rootfs}, {"bind", OPTION_LIST, &(view)->binds}, {"at", OPTION_LIST, &(view)->ats}, \
		{"subpath", OPTION_LIST, &(view)->subpaths}, \
		{"read-only", OPTION_FLAG, &(view)->read_only}

/*
 * Enters the user namespace that ROOT belongs to: of the running container that `argv` names (--pid), which its sandbox need not have outlived, else of
 * the sandbox. Before anything else; not for root, who has neither.
 */
int root_view_enter_user_namespace(int argc, char **argv, struct error *err);

/*
 * Opens the root directory. A running container (pid): this process moves into its mount namespace, after it was made sure that the pid is still the
 * process meant; no file may be opened by absolute path and nothing executed after that. A stopped one: an overlay in a private mount namespace,
 * read-only (and then without `work`, and nothing has to be synced) unless `writable`, with the binds mounted in it; for those, what they are mounted on
 * is made where it is missing, as docker does it. ERROR_NOT_FOUND: the process is gone.
 */
int root_view_open(const struct root_view_options *options, bool writable, int *root_fd, struct error *err);

/* The root file system alone, without what is mounted on it, where the kernel allows that; else the root again. */
int root_view_without_mounts(int root_fd, int *fd, struct error *err);

#endif
