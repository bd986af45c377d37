/* Descriptors as a whole: closing what must not be inherited, and handing them to other processes. */
#ifndef TUG_DESCRIPTORS_H
#define TUG_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>

#define DESCRIPTORS_SENT_MAX 4

/* Closes all but 0, 1, 2 and the given ones; -1 entries are skipped. */
void keep_only_descriptors(const int *keep, size_t count);

/* One message with descriptors (at most DESCRIPTORS_SENT_MAX) through a SOCK_SEQPACKET socket. 0 or -1 with errno. */
int send_descriptors(int socket, const void *bytes, size_t length, const int *fds, size_t count);

/* Bytes received (0: the other side is gone), or -1. Entries of `fds` without a descriptor become -1. */
ssize_t receive_descriptors(int socket, void *bytes, size_t length, int *fds, size_t count);

#endif
