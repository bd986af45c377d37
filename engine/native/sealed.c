#define _GNU_SOURCE
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

extern char **environ;

static int make_memfd(void);

int sealed_reexec(char **argv, struct error *err)
{
	int self AUTO_CLOSE = -1, copy AUTO_CLOSE = -1;
	struct stat stat;
	off_t at = 0;

	self = RETRY(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	if (self < 0)
		return error_system(err, "open own program", "/proc/self/exe");
	/* Fails with EINVAL on a file that is no memfd. */
	if ((fcntl(self, F_GET_SEALS) & SEALS) == SEALS && fcntl(self, F_GET_SEALS) != -1)
		return 0;
	copy = make_memfd();
	if (copy < 0)
		return error_system(err, "create memfd", NULL);
	if (fstat(self, &stat))
		return error_system(err, "stat own program", NULL);
	while (at < stat.st_size) {
		ssize_t sent = RETRY(sendfile(copy, self, &at, (size_t)(stat.st_size - at)));

		if (sent < 0)
			return error_system(err, "copy own program", NULL);
		if (sent == 0)
			return error_set(err, ERROR_SYSTEM, "own program shrank while it was copied");
	}
	if (fcntl(copy, F_ADD_SEALS, SEALS))
		return error_system(err, "seal own program", NULL);
	fexecve(copy, argv, environ);
	return error_system(err, "run the sealed program", NULL);
}

static int make_memfd(void)
{
	/* MFD_EXEC is Linux 6.3; where vm.memfd_noexec is set it is needed, where it is unknown it is not. */
	int fd = memfd_create("tug-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("tug-runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}
