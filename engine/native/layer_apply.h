/* layer-apply: a layer archive becomes a tree that overlayfs can mount. The command is in commands.h; this page says what it guarantees. */
#ifndef TUG_LAYER_APPLY_H
#define TUG_LAYER_APPLY_H

#include "error.h"
#include "extract.h"

struct layer_apply_options {
	const char *dir;
	const char *squash; /* sidecar file, NULL: ids that cannot be given away are an error */
	bool userxattr;
	uint64_t max_bytes, max_entries;
};

/*
 * Unpacks the archive on `archive_fd` into options->dir, which is made, or is there and empty; reads the archive's stream to its end; writes
 * the sidecar; syncs the file system. On failure the directory is left as it is: the caller removes it.
 */
int layer_apply(const struct layer_apply_options *options, int archive_fd, struct extract_counts *counts, bool *end_marker, struct error *err);

#endif
