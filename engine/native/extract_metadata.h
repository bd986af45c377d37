/* What extract.c gives to the names it has made: owners, modes, extended attributes and times. */
#ifndef TUG_EXTRACT_METADATA_H
#define TUG_EXTRACT_METADATA_H

#include <sys/stat.h>

#include "extract.h"

/* Where an entry goes. */
struct extract_place {
	const struct inside_slot *directory; /* NULL: the root itself */
	int parent;
	const char *name;
};

/* Owner, mode and xattrs. `fd` is -1 for what cannot be opened without harm; `status` is what it has now. */
int extract_metadata(struct extract *extract, const struct tar_entry *entry, const struct extract_place *place, int fd, const struct stat *status,
		     struct error *err);

/* Another name of a file: what is on record of the file holds for it, too. */
int extract_metadata_linked(struct extract *extract, const struct extract_place *place, const struct inside_slot *target_directory,
			    const char *target_name, struct error *err);

/* The current entry is a directory whose time is set when all is there; and the setting of all of them. */
int extract_times_later(struct extract *extract, const struct tar_entry *entry, const struct stat *status, struct error *err);
int extract_late_times(struct extract *extract, struct error *err);

int extract_grow(char **buffer, size_t *capacity, size_t needed, struct error *err);

/* errno, and the current entry's path. Names no file system takes are the archive's fault. */
int extract_failed(struct error *err, const char *operation, const struct extract *extract);

#endif
