/* What `changes` found: a kind and a path each. */
#ifndef TUG_CHANGE_LIST_H
#define TUG_CHANGE_LIST_H

#include <stddef.h>

#include "error.h"

struct change {
	char kind; /* A, C or D */
	char *path;
};

struct change_list {
	struct change *items;
	size_t count, capacity;
};

/* A copy of the first `length` bytes of the path. */
int change_list_add(struct change_list *list, char kind, const char *path, size_t length, struct error *err);

/* Sorted, to stdout: `K /PATH\0`. */
int change_list_print(struct change_list *list, struct error *err);

void change_list_free(struct change_list *list);

#endif
