/*
 * Walking a tree without recursion and without paths: every name is used beside the descriptor of its directory, symlinks are never
 * followed, at most 64 descriptors are open however deep the tree is. Names come sorted by bytes, a directory before what it holds.
 */
#ifndef TUG_WALK_H
#define TUG_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "error.h"

enum walk_event {
	WALK_ENTRY,
	WALK_LEFT, /* all that the directory holds was given */
};

struct walk_item {
	enum walk_event event;
	int parent;		/* descriptor of the directory that holds it; the walk's */
	const char *name;	/* inside parent */
	const char *path;	/* from the walk's root, no leading slash */
	unsigned char type;	/* DT_…, perhaps DT_UNKNOWN */
};

struct walk_frame {
	int fd;			/* -1 while too many are open */
	dev_t device;
	ino_t inode;
	char *names;		/* type, name, NUL; one after the other */
	const char **sorted;	/* each points to a type */
	size_t count, next;
	size_t path_length;
};

struct walk {
	struct walk_frame *frames;
	size_t depth, capacity;
	size_t closed;		/* how many frames, from the root, have no descriptor */
	char *path, *batch;
	size_t path_capacity;
	bool unsorted;		/* names in the order the file system gives them */
	struct walk_item item;
};

/* The root's descriptor (open for reading) becomes the walk's, also on failure. */
int walk_begin(struct walk *walk, int root_fd, struct error *err);

/* The same, names in any order. */
int walk_begin_unsorted(struct walk *walk, int root_fd, struct error *err);

/* The next item, NULL at the end; it lasts until the next call. */
int walk_next(struct walk *walk, const struct walk_item **item, struct error *err);

/* Goes into the directory just given, whose descriptor becomes the walk's, also on failure. */
int walk_enter(struct walk *walk, int fd, struct error *err);

/* Whether the directory the last item is in or, right after walk_enter, that directory has the name. Sorted walks only. */
bool walk_holds(const struct walk *walk, const char *name);

void walk_end(struct walk *walk);

/* Opens a directory of a walk for reading: no symlink, and no other file system mounted there when `same_mount`. -1 and errno. */
int walk_open_directory(int parent, const char *name, bool same_mount);

/* How deep the next items are: 1 for those of the root. */
static inline size_t walk_depth(const struct walk *walk)
{
	return walk->depth;
}

#endif
