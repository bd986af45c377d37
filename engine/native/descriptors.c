#define _GNU_SOURCE
#include "descriptors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "kernel.h"

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * DESCRIPTORS_SENT_MAX)];
};

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void keep_only_descriptors(const int *keep, size_t count)
{
	int sorted[16], next = 3;

	if (count > 16)
		abort();
	memcpy(sorted, keep, count * sizeof(int));
	qsort(sorted, count, sizeof(int), by_number);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] < next)
			continue;
		if (sorted[i] > next)
			kernel_close_range((unsigned int)next, (unsigned int)sorted[i] - 1, 0);
		next = sorted[i] + 1;
	}
	kernel_close_range((unsigned int)next, ~0u, 0);
}

int send_descriptors(int socket, const void *bytes, size_t length, const int *fds, size_t count)
{
	union control control = {0};
	struct iovec part = {(void *)bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
	}
	return RETRY(sendmsg(socket, &message, MSG_NOSIGNAL)) == (ssize_t)length ? 0 : -1;
}

ssize_t receive_descriptors(int socket, void *bytes, size_t length, int *fds, size_t count)
{
	union control control = {0};
	struct iovec part = {bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t got = RETRY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < received; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (i < count)
				fds[i] = fd;
			else
				close(fd);
		}
	}
	return got;
}
