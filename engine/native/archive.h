/* A tree as a tar archive, names sorted, hard links kept within the tree: for layer-diff, cp-out and export. */
#ifndef TUG_ARCHIVE_H
#define TUG_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "error.h"
#include "inode_table.h"
#include "tar_write.h"
#include "walk.h"

struct archive_options {
	const char *prefix;	/* put before every name with a slash between; NULL: names from the root, "" gives "/name" */
	bool layer;		/* the tree is an overlay's upper directory: whiteouts and opaque directories become ".wh." names */
	bool same_mount;	/* what is mounted below is left out */
	/* What is in these directories of the root is left out, they themselves are not; NULL or ended by NULL. */
	const char *const *without_contents;
	/* Owner and mode a name should have had (see squash.h); NULL: as they are. */
	void (*restore_owner)(void *context, const char *path, struct tar_entry *entry);
	void *context;
};

struct archive_counts {
	uint64_t entries, size_bytes;
};

struct archive {
	const struct archive_options *options;
	struct archive_counts counts;
	struct tar_writer *writer;
	struct inode_table linked;
	char *name;		/* of the entry that is being written */
	size_t name_capacity;
	char link[4096];
	char xattr_names[65536]; /* XATTR_LIST_MAX */
	char *xattr_values;
	struct tar_xattr *xattrs;
	size_t xattr_capacity;
};

void archive_init(struct archive *archive, struct tar_writer *writer, const struct archive_options *options);
void archive_free(struct archive *archive);

/* All below the directory `root_fd`, which becomes the archive's (also on failure); not the directory itself. */
int archive_tree(struct archive *archive, int root_fd, struct error *err);

/* One name: its own entry, for a file with contents. `path` is what restore_owner is asked for. */
int archive_name(struct archive *archive, int parent, const char *name, const char *path, const struct stat *status, struct error *err);

#endif
