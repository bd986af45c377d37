/*
 * Putting the entries of a tar archive into a tree: a layer's (layer_apply.c) or a container's (copy.c). Nothing outside the root is ever touched,
 * whatever the archive says and whoever changes the tree meanwhile. Call umask(0) before.
 */
#ifndef TUG_EXTRACT_H
#define TUG_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "inside.h"
#include "squash.h"
#include "tar_read.h"

struct extract_options {
	bool layer;		/* ".wh." names are whiteouts */
	bool whole;		/* the archive's "./" is the root itself, not only a name for where it is put */
	bool userxattr;		/* overlay's xattrs are user.*, not trusted.* */
	bool squash;		/* ids that cannot be given away are kept in `squashed`, not refused */
	bool keep_kinds;	/* a directory is not replaced by something else, nor the other way round */
	bool has_owner;		/* everything belongs to uid:gid, whatever the archive says */
	uint32_t uid, gid;
	const char *prefix;	/* clean path of the directory below the root that takes the entries, "" for the root */
	uint64_t max_bytes, max_entries; /* 0: no limit */
};

struct extract_counts {
	uint64_t entries, size_bytes, skipped_devices, dropped_xattrs;
};

struct late_directory {
	size_t path, path_length;	/* in late_paths */
	struct timespec mtime;
	uint64_t device, inode;
};

struct extract {
	struct extract_options options;
	struct extract_counts counts;
	struct squash squashed;
	struct inside inside;
	int root;
	char *path, *target;		/* of the current entry, clean, with the prefix; and of its hard link's target */
	size_t path_capacity, target_capacity;
	/* Directories get their times last: every name put into one changes them. */
	struct late_directory *late;
	size_t late_count, late_capacity;
	char *late_paths;
	size_t late_paths_length, late_paths_capacity;
};

/* `root` stays the caller's. */
void extract_init(struct extract *extract, int root, const struct extract_options *options);

/* All entries up to the end of the archive, then the times of the directories. */
int extract_archive(struct extract *extract, struct tar_reader *reader, struct error *err);

void extract_free(struct extract *extract);

#endif
