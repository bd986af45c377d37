/* A set of inodes, each with a text: the first name of a file with several links. */
#ifndef TUG_INODE_TABLE_H
#define TUG_INODE_TABLE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

struct inode_slot {
	dev_t device;
	ino_t inode;
	char *text; /* NULL: the slot is free */
};

struct inode_table {
	struct inode_slot *slots;
	size_t count, capacity;
};

/* What was put first for this inode; *found is NULL when it was not there and `text` was put (copied). */
int inode_table_put(struct inode_table *table, dev_t device, ino_t inode, const char *text, const char **found, struct error *err);

void inode_table_free(struct inode_table *table);

#endif
