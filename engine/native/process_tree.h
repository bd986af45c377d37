/* The processes of a container. */
#ifndef TUG_PROCESS_TREE_H
#define TUG_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "proc_file.h"

struct process {
	pid_t pid;
	struct proc_stat stat;
};

struct process_tree {
	struct process *items;
	size_t count, capacity;
};

#define AUTO_PROCESS_TREE __attribute__((cleanup(process_tree_free)))

/*
 * All processes that live now, zombies left out. With a pid namespace of its own: its members, including what `exec` brought in (`init` is any of
 * them). Without: `init` and all descendants of `root`, to which orphans of the container fall.
 */
int process_tree_read(struct process_tree *tree, pid_t init, pid_t root, bool own_namespace, struct error *err);

void process_tree_free(struct process_tree *tree);

#endif
