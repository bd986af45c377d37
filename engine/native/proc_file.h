/* Small files of the kernel: /proc and cgroups. */
#ifndef TUG_PROC_FILE_H
#define TUG_PROC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Fields of /proc/PID/stat that are asked for (proc(5)); times in clock ticks. */
struct proc_stat {
	char state;
	pid_t parent;
	uint64_t user_ticks, system_ticks;     /* its own */
	uint64_t children_user, children_system; /* of children it has waited for */
	uint64_t start_ticks;
	uint64_t resident_pages;
};

/* Reads a file whole, up to size - 1 bytes, and terminates it. The length, or -1. `dir` as in openat. */
ssize_t proc_read(int dir, const char *path, char *text, size_t size);

/* The number a file holds; false for none ("max" as well). */
bool proc_read_number(int dir, const char *path, uint64_t *number);

/* The number after `key` and a space, at the beginning of a line of `text`. */
bool proc_find_number(const char *text, const char *key, uint64_t *number);

/* 0, or -1 when there is no such process. */
int proc_read_stat(pid_t pid, struct proc_stat *stat);

#endif
