/* The sidecars (squash.h) of the layers under a tree: who a name should have belonged to. */
#ifndef TUG_OWNERS_H
#define TUG_OWNERS_H

#include "error.h"
#include "options.h"
#include "squash.h"
#include "tar_format.h"

struct owners {
	struct squash *squashed;
	int *lowers; /* NULL: only the sidecars are asked, the first record wins */
	size_t count;
	const char *base; /* what owners_restore's paths are relative to, clean; NULL: the root */
};

/*
 * `files`: sidecars, top layer first; "" for a layer without. `lowers`: the trees they belong to, one for each, or none at all. With them, a name that an
 * upper layer has without a record is that layer's, and lower sidecars do not count.
 */
int owners_open(struct owners *owners, const struct string_list *files, const struct string_list *lowers, struct error *err);
void owners_close(struct owners *owners);

/* For archive_options.restore_owner; the context is a struct owners. */
void owners_restore(void *context, const char *path, struct tar_entry *entry);

#endif
