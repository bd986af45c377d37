/*
 * volume-fill: what an image has where a new volume is mounted becomes the volume's content (moby daemon/volumes_unix.go, copyExistingContents), whole or not at all.
 *
 * In the volume's folder, all under a flock on it:
 *   _staging   half copied; whoever finds it there throws it away
 *   _fill      complete, by one rename; whoever finds it there goes on moving it into _data
 *   _data      the volume; the same directory from beginning to end, for containers may have it mounted
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive.h"
#include "cleanup.h"
#include "commands.h"
#include "extract.h"
#include "inroot.h"
#include "kernel.h"
#include "options.h"
#include "report.h"
#include "root_view.h"
#include "tree.h"
#include "user_namespace.h"

#define STAGING "_staging"
#define FILL "_fill"
#define DATA "_data"

static int fill(const char *volume, const char *at, int root_fd, bool *filled, struct error *err);
static int open_volume(const char *path, int *fd, struct error *err);
static int open_source(int root_fd, const char *at, int *fd, struct error *err);
static int open_below(int folder, const char *name, int *fd, struct error *err);
static int is_empty(int folder, bool *empty, struct error *err);
static int stage(int folder, int source, struct error *err);
static int copy_tree(int source, int target, struct error *err);
static _Noreturn void write_tree(int source, int output);
static int read_tree(int input, int target, struct error *err);
static int finish(int folder, struct error *err);
static int move_entries(int from, int to, struct error *err);
static int copy_attributes(int from, int to, struct error *err);
static void copy_xattrs(int from, int to);

int cmd_volume_fill(int argc, char **argv, struct error *err)
{
	struct root_view_options view = {0};
	struct string_list volumes = {0}, places = {0};
	const struct option options[] = {ROOT_VIEW_OPTIONS(&view), {"volume", OPTION_LIST, &volumes}, {"path", OPTION_LIST, &places}, {NULL, OPTION_FLAG, NULL}};
	AUTO_JSON struct json json = {0};
	AUTO_CLOSE int root_fd = -1;
	uint64_t count = 0;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!volumes.count || volumes.count != places.count)
		return error_set(err, ERROR_INVALID_PARAMETER, "volume-fill: --volume and --path belong together");
	umask(0);
	if (root_view_open(&view, false, &root_fd, err))
		return -1;
	for (size_t i = 0; i < volumes.count; i++) {
		bool filled = false;

		if (fill(volumes.items[i], places.items[i], root_fd, &filled, err))
			return -1;
		count += filled;
	}
	json_member_unsigned(&json, "filled", count);
	return report_ok(report_fd(), &json, err);
}

static int fill(const char *volume, const char *at, int root_fd, bool *filled, struct error *err)
{
	AUTO_CLOSE int folder = -1, data = -1, source = -1;
	struct stat found;
	bool empty = false;

	if (open_volume(volume, &folder, err))
		return -1;
	if (fstatat(folder, FILL, &found, AT_SYMLINK_NOFOLLOW) == 0)
		return finish(folder, err);
	if (tree_remove(folder, STAGING, err) || open_below(folder, DATA, &data, err) || is_empty(data, &empty, err))
		return -1;
	if (!empty)
		return 0;
	if (open_source(root_fd, at, &source, err))
		return -1;
	if (source < 0)
		return 0;
	if (stage(folder, source, err)) {
		struct error ignored;

		tree_remove(folder, STAGING, &ignored);
		return error_prefix(err, "copying %s of the image into the volume: ", at);
	}
	*filled = true;
	return finish(folder, err);
}

/* Locked until the process ends or closes it: a killed one leaves its work to the next. */
static int open_volume(const char *path, int *fd, struct error *err)
{
	*fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (*fd < 0)
		return errno == ENOENT ? error_set(err, ERROR_NOT_FOUND, "%s is not there", path) : error_system(err, "open volume", path);
	if (RETRY(flock(*fd, LOCK_EX)))
		return error_system(err, "lock volume", path);
	return 0;
}

/* *fd stays -1 when the image has nothing there. */
static int open_source(int root_fd, const char *at, int *fd, struct error *err)
{
	*fd = inroot_open(root_fd, at, O_RDONLY | O_DIRECTORY);
	if (*fd >= 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return error_set(err, ERROR_SYSTEM, "source %s is not directory", at);
	return error_system(err, "open", at);
}

static int open_below(int folder, const char *name, int *fd, struct error *err)
{
	*fd = RETRY(openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	return *fd < 0 ? error_system(err, "open", name) : 0;
}

static int is_empty(int folder, bool *empty, struct error *err)
{
	int fd = RETRY(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!entries) {
		cleanup_fd(&fd);
		return error_system(err, "read", DATA);
	}
	*empty = true;
	while ((entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*empty = false;
	closedir(entries);
	return 0;
}

/* On the disk before it has the name that says so. */
static int stage(int folder, int source, struct error *err)
{
	AUTO_CLOSE int staging = -1;

	if (mkdirat(folder, STAGING, 0700))
		return error_system(err, "create", STAGING);
	if (open_below(folder, STAGING, &staging, err) || copy_tree(source, staging, err) || copy_attributes(source, staging, err))
		return -1;
	if (syncfs(staging))
		return error_system(err, "sync", STAGING);
	if (renameat(folder, STAGING, folder, FILL))
		return error_system(err, "rename", STAGING);
	return 0;
}

/* As an archive through a pipe: names, owners, links and attributes are kept by the code that keeps them everywhere else. */
static int copy_tree(int source, int target, struct error *err)
{
	int ends[2], failed, status;
	pid_t writer;

	if (pipe2(ends, O_CLOEXEC))
		return error_system(err, "create pipe", NULL);
	writer = fork();
	if (writer < 0) {
		error_system(err, "fork", NULL);
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (writer == 0) {
		close(ends[0]);
		write_tree(source, ends[1]);
	}
	close(ends[1]);
	failed = read_tree(ends[0], target, err);
	close(ends[0]);
	/* An archive may end after any entry: only its writer knows whether that was the last one. */
	if (RETRY(waitpid(writer, &status, 0)) < 0)
		return failed ? -1 : error_system(err, "wait for the copy", NULL);
	if (!failed && (!WIFEXITED(status) || WEXITSTATUS(status)))
		return error_set(err, ERROR_SYSTEM, "the image's files could not all be read");
	return failed;
}

static _Noreturn void write_tree(int source, int output)
{
	const struct archive_options rules = {0};
	struct tar_writer writer;
	struct archive archive;
	struct error err = {0};
	int tree;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tree = RETRY(openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (tree < 0 || tar_writer_init(&writer, output, &err))
		_exit(1);
	archive_init(&archive, &writer, &rules);
	_exit(archive_tree(&archive, tree, &err) || tar_write_end(&writer, &err) ? 1 : 0);
}

static int read_tree(int input, int target, struct error *err)
{
	/* Where there is but one id, everything belongs to it. */
	const struct extract_options rules = {.squash = user_namespace_has_single_id(), .prefix = ""};
	struct tar_reader reader;
	struct extract extract;
	int failed;

	if (tar_reader_init(&reader, input, err))
		return -1;
	extract_init(&extract, target, &rules);
	failed = extract_archive(&extract, &reader, err) || tar_drain(&reader, err) ? -1 : 0;
	extract_free(&extract);
	tar_reader_free(&reader);
	return failed;
}

/* May be done again from any point: what was moved is no longer there to be moved. */
static int finish(int folder, struct error *err)
{
	AUTO_CLOSE int from = -1, to = -1;

	if (open_below(folder, FILL, &from, err) || open_below(folder, DATA, &to, err))
		return -1;
	if (move_entries(from, to, err) || copy_attributes(from, to, err))
		return -1;
	if (fsync(to))
		return error_system(err, "sync", DATA);
	return tree_remove(folder, FILL, err);
}

static int move_entries(int from, int to, struct error *err)
{
	int fd = RETRY(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), failed = 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!entries) {
		cleanup_fd(&fd);
		return error_system(err, "read", FILL);
	}
	while (!failed && (entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* A container that has the volume may have made that name meanwhile: then it is its own. */
		if (kernel_rename_new(from, entry->d_name, to, entry->d_name) && errno != EEXIST && errno != ENOENT)
			failed = error_system(err, "move into the volume", entry->d_name);
	}
	closedir(entries);
	return failed;
}

static int copy_attributes(int from, int to, struct error *err)
{
	struct stat status;

	if (fstat(from, &status))
		return error_system(err, "stat", FILL);
	copy_xattrs(from, to);
	/* Owners that can't be given away are no reason to give nothing. */
	if (fchown(to, status.st_uid, status.st_gid) && errno != EINVAL && errno != EPERM)
		return error_system(err, "change owner", DATA);
	if (fchmod(to, status.st_mode & 07777))
		return error_system(err, "change mode", DATA);
	if (futimens(to, (const struct timespec[]){status.st_atim, status.st_mtim}))
		return error_system(err, "change times", DATA);
	return 0;
}

static void copy_xattrs(int from, int to)
{
	static char names[65536], value[65536]; /* XATTR_LIST_MAX, XATTR_SIZE_MAX */
	const ssize_t length = flistxattr(from, names, sizeof(names));

	for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
		const ssize_t size = fgetxattr(from, name, value, sizeof(value));

		/* The overlay's own books stay with the overlay; what this user may not set can't be kept. */
		if (size >= 0 && !strstr(name, ".overlay.") && fsetxattr(to, name, value, (size_t)size, 0))
			continue;
	}
}
