/* The container's standard input: one buffer, filled by clients, emptied as the process reads. */
#ifndef TUG_STDIN_PIPE_H
#define TUG_STDIN_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#define STDIN_BUFFER_SIZE (64 * 1024)

struct stdin_pipe {
	int fd; /* -1: closed, or never open */
	bool closing; /* closed once the buffer is written */
	size_t start, end;
	char buffer[STDIN_BUFFER_SIZE];
};

/* Room for new bytes, all of the buffer: *size is 0 as long as older bytes wait. A closed stdin swallows what it gets. */
char *stdin_pipe_room(struct stdin_pipe *input, size_t *size);

/* Bytes were put there; writes what the process takes now. */
void stdin_pipe_filled(struct stdin_pipe *input, size_t size);

/* Writes what is left; to be called when the descriptor can be written. */
void stdin_pipe_write(struct stdin_pipe *input);

/* End of file for the process, after the bytes it was sent. */
void stdin_pipe_end(struct stdin_pipe *input);

void stdin_pipe_close(struct stdin_pipe *input);

bool stdin_pipe_is_full(const struct stdin_pipe *input);

#endif
