#define _GNU_SOURCE
#include "whiteout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"

static int make_by_xattr(int parent, const char *name, bool userxattr, struct error *err);
static bool has_overlay_xattr(int fd, const char *name, const char *value);

int whiteout_make(int parent, const char *name, bool userxattr, struct error *err)
{
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP)
		return error_system(err, "make a whiteout", name);
	return make_by_xattr(parent, name, userxattr, err);
}

int whiteout_make_opaque(int parent, const char *name, bool userxattr, struct error *err)
{
	AUTO_CLOSE int fd = RETRY(openat(parent, name ? name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

	if (fd < 0 || fsetxattr(fd, userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque", "y", 1, 0))
		return error_system(err, "make opaque", name);
	return 0;
}

bool whiteout_is(int parent, const char *name, const struct stat *status)
{
	AUTO_CLOSE int fd = -1;

	if (S_ISCHR(status->st_mode))
		return status->st_rdev == makedev(0, 0);
	if (!S_ISREG(status->st_mode) || status->st_size != 0)
		return false;
	fd = RETRY(openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	return fd >= 0 && has_overlay_xattr(fd, "whiteout", NULL);
}

bool whiteout_is_opaque(int fd)
{
	return has_overlay_xattr(fd, "opaque", "y");
}

bool whiteout_is_overlay_xattr(const char *name)
{
	return strncmp(name, "user.overlay.", 13) == 0 || strncmp(name, "trusted.overlay.", 16) == 0;
}

static int make_by_xattr(int parent, const char *name, bool userxattr, struct error *err)
{
	const char *const whiteout = userxattr ? "user.overlay.whiteout" : "trusted.overlay.whiteout";
	const char *const opaque = userxattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
	AUTO_CLOSE int directory = RETRY(openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), fd = -1;

	if (directory < 0)
		return error_system(err, "make a whiteout", name);
	fd = RETRY(openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
	if (fd < 0 || fsetxattr(fd, whiteout, "y", 1, 0))
		return error_system(err, "make a whiteout", name);
	/* "x": look for such files here. An opaque directory ("y") hides all anyway. */
	if (fsetxattr(directory, opaque, "x", 1, XATTR_CREATE) && errno != EEXIST)
		return error_system(err, "make a whiteout", name);
	return 0;
}

static bool has_overlay_xattr(int fd, const char *name, const char *value)
{
	static const char *const prefixes[] = {"user", "trusted"};

	for (size_t i = 0; i < 2; i++) {
		char full[64], found[8];
		ssize_t size;

		snprintf(full, sizeof(full), "%s.overlay.%s", prefixes[i], name);
		size = fgetxattr(fd, full, found, sizeof(found));
		if (size >= 0 && (!value || (size == (ssize_t)strlen(value) && memcmp(found, value, (size_t)size) == 0)))
			return true;
	}
	return false;
}
