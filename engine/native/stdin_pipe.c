#include "stdin_pipe.h"

#include <errno.h>
#include <unistd.h>

#include "cleanup.h"

char *stdin_pipe_room(struct stdin_pipe *input, size_t *size)
{
	*size = stdin_pipe_is_full(input) ? 0 : sizeof(input->buffer);
	return input->buffer;
}

void stdin_pipe_filled(struct stdin_pipe *input, size_t size)
{
	input->start = 0;
	input->end = size;
	stdin_pipe_write(input);
}

void stdin_pipe_write(struct stdin_pipe *input)
{
	while (input->start < input->end) {
		ssize_t written;

		if (input->fd < 0)
			break;
		written = RETRY(write(input->fd, input->buffer + input->start, input->end - input->start));
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0) {
			/* EPIPE: the process closed its end. A terminal's other side may be opened again. */
			if (errno == EPIPE)
				stdin_pipe_close(input);
			break;
		}
		input->start += (size_t)written;
	}
	input->start = input->end = 0;
	if (input->closing)
		stdin_pipe_close(input);
}

void stdin_pipe_end(struct stdin_pipe *input)
{
	input->closing = true;
	if (!stdin_pipe_is_full(input))
		stdin_pipe_close(input);
}

void stdin_pipe_close(struct stdin_pipe *input)
{
	cleanup_fd(&input->fd);
	input->start = input->end = 0;
}

bool stdin_pipe_is_full(const struct stdin_pipe *input)
{
	return input->end > input->start;
}
