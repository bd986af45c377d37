#define _GNU_SOURCE
#include "owners.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

int owners_open(struct owners *owners, const struct string_list *files, const struct string_list *lowers, struct error *err)
{
	memset(owners, 0, sizeof(*owners));
	if (!files->count)
		return 0;
	if (lowers->count && lowers->count != files->count)
		return error_set(err, ERROR_INVALID_PARAMETER, "there are %zu --squash for %zu --lower", files->count, lowers->count);
	owners->squashed = calloc(files->count, sizeof(*owners->squashed));
	owners->lowers = lowers->count ? malloc(lowers->count * sizeof(*owners->lowers)) : NULL;
	if (!owners->squashed || (lowers->count && !owners->lowers))
		return error_system(err, "allocate", NULL);
	for (; owners->count < files->count; owners->count++) {
		const size_t at = owners->count;

		if (files->items[at][0] && squash_load(&owners->squashed[at], files->items[at], err))
			return -1;
		if (!owners->lowers)
			continue;
		owners->lowers[at] = RETRY(open(lowers->items[at], O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (owners->lowers[at] < 0)
			return error_system(err, "open", lowers->items[at]);
	}
	return 0;
}

void owners_close(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		squash_free(&owners->squashed[i]);
		if (owners->lowers)
			cleanup_fd(&owners->lowers[i]);
	}
	free(owners->squashed);
	free(owners->lowers);
	memset(owners, 0, sizeof(*owners));
}

void owners_restore(void *context, const char *path, struct tar_entry *entry)
{
	const struct owners *owners = context;
	AUTO_FREE char *joined = NULL;

	/* Whoever has an id of his own in this namespace was given it on purpose. */
	if (entry->uid || entry->gid)
		return;
	if (owners->base && *owners->base) {
		if (asprintf(&joined, "%s%s%s", owners->base, *path ? "/" : "", path) < 0) {
			joined = NULL;
			return;
		}
		path = joined;
	}
	for (size_t i = 0; i < owners->count; i++) {
		const struct squash_record *record = squash_find(&owners->squashed[i], path);
		struct stat status;

		if (record) {
			entry->uid = record->uid;
			entry->gid = record->gid;
			/* The sidecar keeps setuid and setgid; a later chmod shows in the other bits. */
			if ((entry->mode & 01777) == (record->mode & 01777))
				entry->mode = record->mode;
			return;
		}
		if (owners->lowers && fstatat(owners->lowers[i], *path ? path : ".", &status, AT_SYMLINK_NOFOLLOW) == 0)
			return;
	}
}
