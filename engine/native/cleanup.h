/* Cleanup attributes: descriptors start at -1, pointers at NULL, and both are released when they go out of scope. */
#ifndef TUG_CLEANUP_H
#define TUG_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define AUTO_CLOSE CLEANUP(cleanup_fd)
#define AUTO_FREE CLEANUP(cleanup_free)
#define AUTO_CLOSEDIR CLEANUP(cleanup_dir)

static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	*dir = NULL;
	errno = saved;
}

/* Hands the descriptor over: the variable no longer owns it. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define RETRY(expression) \
	({ \
		__typeof__(expression) retry_result; \
		do \
			retry_result = (expression); \
		while (retry_result == -1 && errno == EINTR); \
		retry_result; \
	})

#endif
