#define _GNU_SOURCE
#include "process_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

static int read_all(struct process_tree *tree, ino_t namespace_inode, struct error *err);
static ino_t pid_namespace(pid_t pid);
static int add(struct process_tree *tree, pid_t pid, const struct proc_stat *stat, struct error *err);
static void keep_descendants(struct process_tree *tree, pid_t root);
static bool is_below(const struct process_tree *tree, const struct process *process, pid_t root);

int process_tree_read(struct process_tree *tree, pid_t init, pid_t root, bool own_namespace, struct error *err)
{
	ino_t namespace_inode = own_namespace ? pid_namespace(init) : 0;

	tree->count = 0;
	if (own_namespace && namespace_inode == 0)
		return 0;
	if (read_all(tree, namespace_inode, err))
		return -1;
	if (!own_namespace)
		keep_descendants(tree, root);
	return 0;
}

void process_tree_free(struct process_tree *tree)
{
	free(tree->items);
	memset(tree, 0, sizeof(*tree));
}

/* Members of the namespace, or everybody when it is 0. */
static int read_all(struct process_tree *tree, ino_t namespace_inode, struct error *err)
{
	DIR *proc AUTO_CLOSEDIR = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return error_system(err, "list processes", "/proc");
	while ((entry = readdir(proc))) {
		pid_t pid = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? (pid_t)atoi(entry->d_name) : 0;
		struct proc_stat stat;

		if (pid == 0 || (namespace_inode && pid_namespace(pid) != namespace_inode))
			continue;
		if (proc_read_stat(pid, &stat) || stat.state == 'Z' || stat.state == 'X')
			continue;
		if (add(tree, pid, &stat, err))
			return -1;
	}
	return 0;
}

/* 0 when there is no such process, or it is none of ours. */
static ino_t pid_namespace(pid_t pid)
{
	char path[32];
	struct stat stat_;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return stat(path, &stat_) ? 0 : stat_.st_ino;
}

static int add(struct process_tree *tree, pid_t pid, const struct proc_stat *stat, struct error *err)
{
	if (tree->count == tree->capacity) {
		size_t capacity = tree->capacity ? tree->capacity * 2 : 16;
		struct process *grown = realloc(tree->items, capacity * sizeof(*grown));

		if (!grown)
			return error_number(err, ENOMEM, "list processes", NULL);
		tree->items = grown;
		tree->capacity = capacity;
	}
	tree->items[tree->count++] = (struct process){.pid = pid, .stat = *stat};
	return 0;
}

static void keep_descendants(struct process_tree *tree, pid_t root)
{
	size_t kept = 0;

	/* A parent stays in the list until its children were looked at: marked first, removed afterwards. */
	for (size_t i = 0; i < tree->count; i++)
		if (!is_below(tree, &tree->items[i], root))
			tree->items[i].stat.state = '\0';
	for (size_t i = 0; i < tree->count; i++)
		if (tree->items[i].stat.state)
			tree->items[kept++] = tree->items[i];
	tree->count = kept;
}

static bool is_below(const struct process_tree *tree, const struct process *process, pid_t root)
{
	/* Readings of different moments might make a circle. */
	for (size_t steps = 0; steps <= tree->count; steps++) {
		pid_t parent = process->stat.parent;
		size_t i = 0;

		if (parent == root)
			return true;
		while (i < tree->count && tree->items[i].pid != parent)
			i++;
		if (i == tree->count)
			return false;
		process = &tree->items[i];
	}
	return false;
}
