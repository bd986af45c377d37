/* Whole trees: removing them and measuring them. */
#ifndef TUG_TREE_H
#define TUG_TREE_H

#include "error.h"

/*
 * Removes `name` in the directory `parent` with all it holds, whatever its owners and modes; a name that is not there is fine. Never follows a
 * symlink and never goes into another file system mounted below (ERROR_CONFLICT).
 */
int tree_remove(int parent, const char *name, struct error *err);

#endif
