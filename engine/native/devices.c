#define _GNU_SOURCE
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "inroot.h"
#include "kernel.h"
#include "mounts.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static int create_node(int root_fd, const struct plan_device *device, struct error *err);
static int prepare_place(int parent, const char *name, mode_t mode, dev_t number, struct error *err);
static int bind_from_host(int root_fd, const struct plan_device *device, struct error *err);
static int open_host_node(const struct plan_device *device, int *fd, struct error *err);
static bool is_device(int fd, const struct plan_device *device);
static bool has_own_dev(const struct plan *plan);
static mode_t file_type(const struct plan_device *device);

int devices_create(const struct plan *plan, int root_fd, struct error *err)
{
	mode_t mask = umask(0);
	int result = 0;

	for (size_t i = 0; i < plan->device_count && result == 0; i++)
		result = create_node(root_fd, &plan->devices[i], err);
	umask(mask);
	return result;
}

int devices_link(const struct plan *plan, int root_fd, struct error *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"},
		{"core", "/proc/kcore"},
		{"ptmx", "pts/ptmx"},
	};
	int dev AUTO_CLOSE = -1;

	if (!has_own_dev(plan))
		return 0;
	dev = inroot_open_plain(root_fd, "/dev", O_PATH | O_DIRECTORY);
	if (dev < 0)
		return error_system(err, "open", "/dev");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev, links[i].name) && errno != EEXIST)
			return error_system(err, "create symlink in /dev", links[i].name);
	return 0;
}

int devices_open_terminal(const struct plan *plan, int devpts_fd, int *master, int *slave, struct error *err)
{
	struct winsize size = {.ws_row = plan->tty_rows, .ws_col = plan->tty_columns};
	int opened AUTO_CLOSE = -1, peer AUTO_CLOSE = -1, unlocked = 0;
	struct stat stat;

	if (devpts_fd < 0)
		return error_set(err, ERROR_INVALID_PARAMETER, "a terminal needs a devpts mount");
	opened = RETRY(openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
	if (opened < 0)
		return error_system(err, "open terminal", "/dev/pts/ptmx");
	if (fstat(opened, &stat) || !S_ISCHR(stat.st_mode) || stat.st_rdev != makedev(5, 2))
		return error_set(err, ERROR_FORBIDDEN, "/dev/pts/ptmx is no terminal multiplexer");
	if (ioctl(opened, TIOCSPTLCK, &unlocked))
		return error_system(err, "unlock terminal", NULL);
	/* No path involved: /dev/pts/N could be something else by now (CVE-2025-52565). */
	peer = ioctl(opened, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return error_system(err, "open terminal", NULL);
	if (size.ws_row && size.ws_col && ioctl(opened, TIOCSWINSZ, &size))
		return error_system(err, "set terminal size", NULL);
	*master = take_fd(&opened);
	*slave = take_fd(&peer);
	return 0;
}

int devices_bind_console(int root_fd, int slave, struct error *err)
{
	const struct inroot_make how = {.file = true, .no_symlinks = true, .mode = 0600};
	int target AUTO_CLOSE = -1, tree AUTO_CLOSE = -1;

	if (inroot_make(root_fd, "/dev/console", &how, &target, err))
		return -1;
	tree = kernel_open_tree(slave, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
	if (tree < 0)
		return error_system(err, "open terminal", NULL);
	return mounts_attach_fd(tree, target, "/dev/console", err);
}

int devices_find_devpts(int root_fd, int *devpts_fd, struct error *err)
{
	int fd AUTO_CLOSE = inroot_open_plain(root_fd, "/dev/pts", O_PATH | O_DIRECTORY);
	struct statfs system;

	if (fd < 0)
		return error_system(err, "open", "/dev/pts");
	if (fstatfs(fd, &system) || system.f_type != K_DEVPTS_SUPER_MAGIC)
		return error_set(err, ERROR_FORBIDDEN, "/dev/pts of the container is no devpts");
	*devpts_fd = take_fd(&fd);
	return 0;
}

static int create_node(int root_fd, const struct plan_device *device, struct error *err)
{
	dev_t number = device->type == 'p' ? 0 : makedev(device->major, device->minor);
	int parent AUTO_CLOSE = -1;
	const char *name;
	int there;

	if (inroot_make_parent(root_fd, device->path, &parent, &name, err))
		return -1;
	there = prepare_place(parent, name, file_type(device), number, err);
	if (there)
		return there < 0 ? -1 : 0;
	if (mknodat(parent, name, file_type(device) | device->mode, number)) {
		if (errno == EPERM && device->type != 'p')
			return bind_from_host(root_fd, device, err);
		return error_system(err, "create device", device->path);
	}
	if ((device->uid || device->gid) && fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW))
		return error_system(err, "set owner of device", device->path);
	return 0;
}

/* 1 when the very device is there already. Anything else in its place goes, as an image may bring a plain file named /dev/null. */
static int prepare_place(int parent, const char *name, mode_t type, dev_t number, struct error *err)
{
	struct stat stat;

	if (fstatat(parent, name, &stat, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : error_system(err, "stat device", name);
	if ((stat.st_mode & S_IFMT) == type && stat.st_rdev == number)
		return 1;
	if (unlinkat(parent, name, 0))
		return error_system(err, "replace what is in the place of a device", name);
	return 0;
}

/* No user namespace may make device nodes, but a host's node may be mounted. */
static int bind_from_host(int root_fd, const struct plan_device *device, struct error *err)
{
	const struct inroot_make how = {.file = true, .no_symlinks = true, .mode = 0644};
	int host AUTO_CLOSE = -1, target AUTO_CLOSE = -1, tree AUTO_CLOSE = -1;

	if (open_host_node(device, &host, err) || inroot_make(root_fd, device->path, &how, &target, err))
		return -1;
	tree = kernel_open_tree(host, "", AT_EMPTY_PATH | K_OPEN_TREE_CLONE);
	if (tree < 0)
		return error_system(err, "open device of the host", device->path);
	return mounts_attach_fd(tree, target, device->path, err);
}

static int open_host_node(const struct plan_device *device, int *fd, struct error *err)
{
	char by_number[64];
	int found AUTO_CLOSE = RETRY(open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC));

	if (found < 0 || !is_device(found, device)) {
		/* udev's names for all devices; they are symlinks. */
		snprintf(by_number, sizeof(by_number), "/dev/%s/%u:%u", device->type == 'b' ? "block" : "char", device->major, device->minor);
		cleanup_fd(&found);
		found = RETRY(open(by_number, O_PATH | O_CLOEXEC));
	}
	if (found < 0 || !is_device(found, device))
		return error_set(err, ERROR_UNAVAILABLE, "the host has no device %s (%u:%u) to pass on, and only root may create one", device->path,
				 device->major, device->minor);
	*fd = take_fd(&found);
	return 0;
}

static bool is_device(int fd, const struct plan_device *device)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && (stat.st_mode & S_IFMT) == file_type(device) && stat.st_rdev == makedev(device->major, device->minor);
}

static bool has_own_dev(const struct plan *plan)
{
	for (size_t i = 0; i < plan->mount_count; i++)
		if (plan->mounts[i].type == PLAN_MOUNT_TMPFS && strcmp(plan->mounts[i].target, "/dev") == 0)
			return true;
	return false;
}

static mode_t file_type(const struct plan_device *device)
{
	return device->type == 'p' ? S_IFIFO : device->type == 'b' ? S_IFBLK : S_IFCHR;
}
