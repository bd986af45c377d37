/*
 * cp-out, cp-in, stat and export: files between a container and the outside, with docker's meaning of paths (moby daemon/archive.go): a symlink in the
 * last part is itself unless the path ends in a slash or "/.".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "cleanup.h"
#include "commands.h"
#include "extract.h"
#include "inside.h"
#include "kernel.h"
#include "options.h"
#include "owners.h"
#include "report.h"
#include "root_view.h"
#include "user_namespace.h"
#include "tar_number.h"

/* A name inside the container. */
struct found {
	char *path;		/* own path, clean, no leading slash; "" is the root */
	int parent;		/* its directory; for the root the root itself */
	const char *name;	/* in parent: points into path, "." for the root */
	char shown[4096];	/* what docker calls it: last part as given, "/" for the root */
	struct stat status;
};

static int find(int root_fd, const char *path, struct found *found, struct error *err);
static int name_shown(const char *path, char *buffer, size_t size);
static void release(struct found *found);
static int report_stat(int root_fd, const char *path, const struct found *found, struct json *json, struct error *err);
static int write_found(const struct found *found, struct owners *owners, struct error *err);
static int write_directory(struct archive *archive, const struct found *found, struct error *err);
static int write_root(int root_fd, struct owners *owners, struct archive_counts *counts, struct error *err);
static int unpack(int root_fd, const char *path, struct extract_options *rules, struct extract_counts *counts, struct error *err);
static int check_directory(int root_fd, const char *path, const char *shown, struct error *err);
static int parse_owner(const char *text, struct extract_options *rules, struct error *err);
static int missing(struct error *err, const char *path);

int cmd_stat(int argc, char **argv, struct error *err)
{
	struct root_view_options view = {0};
	const char *path = NULL;
	const struct option options[] = {ROOT_VIEW_OPTIONS(&view), {"path", OPTION_STRING, &path}, {NULL, OPTION_FLAG, NULL}};
	CLEANUP(release) struct found found = {.parent = -1};
	AUTO_JSON struct json json = {0};
	AUTO_CLOSE int root_fd = -1;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!path)
		return error_set(err, ERROR_INVALID_PARAMETER, "stat: --path is missing");
	if (root_view_open(&view, false, &root_fd, err) || find(root_fd, path, &found, err) || report_stat(root_fd, path, &found, &json, err))
		return -1;
	return report_ok(report_fd(), &json, err);
}

int cmd_cp_out(int argc, char **argv, struct error *err)
{
	struct root_view_options view = {0};
	const char *path = NULL;
	const struct option options[] = {ROOT_VIEW_OPTIONS(&view), {"path", OPTION_STRING, &path}, {NULL, OPTION_FLAG, NULL}};
	CLEANUP(release) struct found found = {.parent = -1};
	AUTO_JSON struct json json = {0};
	AUTO_CLOSE int root_fd = -1;
	struct owners owners;
	int result;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!path)
		return error_set(err, ERROR_INVALID_PARAMETER, "cp-out: --path is missing");
	/* Sidecars are opened before the process is in the container's mount namespace. */
	result = owners_open(&owners, &view.squash, &view.lowers, err);
	if (!result)
		result = root_view_open(&view, false, &root_fd, err);
	if (!result)
		result = find(root_fd, path, &found, err);
	if (!result)
		result = report_stat(root_fd, path, &found, &json, err);
	if (!result)
		result = write_found(&found, &owners, err);
	owners_close(&owners);
	return result ? -1 : report_ok(report_fd(), &json, err);
}

int cmd_export(int argc, char **argv, struct error *err)
{
	struct root_view_options view = {0};
	const struct option options[] = {ROOT_VIEW_OPTIONS(&view), {NULL, OPTION_FLAG, NULL}};
	struct archive_counts counts = {0};
	AUTO_JSON struct json json = {0};
	AUTO_CLOSE int root_fd = -1;
	struct owners owners;
	int result;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	result = owners_open(&owners, &view.squash, &view.lowers, err);
	if (!result)
		result = root_view_open(&view, false, &root_fd, err);
	if (!result)
		result = write_root(root_fd, &owners, &counts, err);
	owners_close(&owners);
	if (result)
		return -1;
	json_member_unsigned(&json, "entries", counts.entries);
	json_member_unsigned(&json, "sizeBytes", counts.size_bytes);
	return report_ok(report_fd(), &json, err);
}

int cmd_cp_in(int argc, char **argv, struct error *err)
{
	struct root_view_options view = {0};
	/* Where there is but one id, files belong to it: nothing else could be done, and docker cp does not fail on owners either. */
	struct extract_options rules = {.squash = user_namespace_has_single_id()};
	const char *path = NULL, *owner = NULL;
	bool keep_owner = false;
	const struct option options[] = {
		ROOT_VIEW_OPTIONS(&view),
		{"path", OPTION_STRING, &path},
		{"no-overwrite-dir-non-dir", OPTION_FLAG, &rules.keep_kinds},
		{"keep-owner", OPTION_FLAG, &keep_owner}, /* the rule anyway: docker's client puts 0:0 into the archive where that is wanted */
		{"owner", OPTION_STRING, &owner},
		{"whole", OPTION_FLAG, &rules.whole},
		{NULL, OPTION_FLAG, NULL},
	};
	struct extract_counts counts = {0};
	AUTO_JSON struct json json = {0};
	AUTO_CLOSE int root_fd = -1;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!path)
		return error_set(err, ERROR_INVALID_PARAMETER, "cp-in: --path is missing");
	if (owner && parse_owner(owner, &rules, err))
		return -1;
	if (root_view_open(&view, true, &root_fd, err) || unpack(root_fd, path, &rules, &counts, err))
		return -1;
	json_member_unsigned(&json, "entries", counts.entries);
	json_member_unsigned(&json, "sizeBytes", counts.size_bytes);
	json_member_unsigned(&json, "skippedDevices", counts.skipped_devices);
	json_member_unsigned(&json, "droppedXattrs", counts.dropped_xattrs);
	return report_ok(report_fd(), &json, err);
}

static int find(int root_fd, const char *path, struct found *found, struct error *err)
{
	AUTO_FREE char *directory = NULL;
	const size_t given = strlen(path);
	/* "x/" and "x/." mean what x points to. */
	const bool names_directory = (given && path[given - 1] == '/') || (given > 1 && strcmp(path + given - 2, "/.") == 0);
	size_t directory_length;

	if (inside_resolve(root_fd, path, names_directory, &found->path, err) || name_shown(path, found->shown, sizeof(found->shown)))
		return err->message[0] ? -1 : error_number(err, ENAMETOOLONG, "stat", path);
	found->name = inside_split(found->path, strlen(found->path), &directory_length);
	directory = strndup(found->path, directory_length);
	if (!directory)
		return error_system(err, "allocate", NULL);
	/* A symlink that somebody puts there meanwhile is not followed. */
	found->parent = RETRY(kernel_openat2(root_fd, *directory ? directory : ".", O_PATH | O_DIRECTORY, 0, K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS));
	if (found->parent < 0)
		return missing(err, path);
	if (!*found->name)
		found->name = ".";
	if (fstatat(found->parent, found->name, &found->status, AT_SYMLINK_NOFOLLOW))
		return missing(err, path);
	if (!S_ISDIR(found->status.st_mode) && names_directory) {
		errno = ENOTDIR;
		return missing(err, path);
	}
	return 0;
}

/* Go's filepath.Base of the path, cleaned by its letters alone, with a dot at the end kept. */
static int name_shown(const char *path, char *buffer, size_t size)
{
	const size_t length = strlen(path);
	size_t above = 0;
	const char *end = path + length, *start;

	if (length && path[length - 1] == '.' && (length == 1 || path[length - 2] == '/'))
		return snprintf(buffer, size, ".") >= (int)size;
	/* From the back: ".." takes the part before it away. */
	for (;; end = start) {
		while (end > path && end[-1] == '/')
			end--;
		if (end == path)
			return snprintf(buffer, size, "/") >= (int)size;
		for (start = end; start > path && start[-1] != '/'; start--)
			;
		if (end - start == 2 && start[0] == '.' && start[1] == '.')
			above++;
		else if (!(end - start == 1 && start[0] == '.') && above-- == 0)
			return snprintf(buffer, size, "%.*s", (int)(end - start), start) >= (int)size;
	}
}

static void release(struct found *found)
{
	cleanup_fd(&found->parent);
	free(found->path);
}

static int report_stat(int root_fd, const char *path, const struct found *found, struct json *json, struct error *err)
{
	const struct stat *status = &found->status;
	AUTO_FREE char *target = NULL, *absolute = NULL;

	/* docker gives where the symlink leads in the end, not what is in it. */
	if (S_ISLNK(status->st_mode)) {
		if (inside_resolve(root_fd, path, true, &target, err))
			return -1;
		if (asprintf(&absolute, "/%s", target) < 0)
			return error_system(err, "allocate", NULL);
	}
	json_key(json, "stat");
	json_begin_object(json);
	json_member_string(json, "name", found->shown);
	json_member_integer(json, "size", (int64_t)status->st_size);
	json_member_unsigned(json, "mode", status->st_mode);
	json_member_integer(json, "mtimeNs", (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec);
	json_member_string(json, "linkTarget", absolute ? absolute : "");
	json_end_object(json);
	return 0;
}

static int write_found(const struct found *found, struct owners *owners, struct error *err)
{
	/* The root's names begin with a slash, as docker's do. */
	const struct archive_options rules = {
		.prefix = strcmp(found->shown, "/") == 0 ? "" : found->shown,
		.restore_owner = owners->count ? owners_restore : NULL,
		.context = owners,
	};
	struct tar_writer writer;
	struct archive archive;
	int result;

	owners->base = found->path;
	if (tar_writer_init(&writer, STDOUT_FILENO, err))
		return -1;
	archive_init(&archive, &writer, &rules);
	result = archive_name(&archive, found->parent, found->name, "", &found->status, err);
	if (!result && S_ISDIR(found->status.st_mode))
		result = write_directory(&archive, found, err);
	if (!result)
		result = tar_write_end(&writer, err);
	archive_free(&archive);
	tar_writer_free(&writer);
	return result;
}

static int write_directory(struct archive *archive, const struct found *found, struct error *err)
{
	const int fd = walk_open_directory(found->parent, found->name, false);

	if (fd < 0)
		return error_system(err, "open", found->path);
	return archive_tree(archive, fd, err);
}

static int write_root(int root_fd, struct owners *owners, struct archive_counts *counts, struct error *err)
{
	static const char *const kernel_directories[] = {"proc", "sys", "dev", NULL};
	const struct archive_options rules = {
		.same_mount = true,
		.without_contents = kernel_directories,
		.restore_owner = owners->count ? owners_restore : NULL,
		.context = owners,
	};
	struct tar_writer writer;
	struct archive archive;
	int fd, result;

	if (root_view_without_mounts(root_fd, &fd, err))
		return -1;
	if (tar_writer_init(&writer, STDOUT_FILENO, err)) {
		close(fd);
		return -1;
	}
	archive_init(&archive, &writer, &rules);
	result = archive_tree(&archive, fd, err);
	if (!result)
		result = tar_write_end(&writer, err);
	*counts = archive.counts;
	archive_free(&archive);
	tar_writer_free(&writer);
	return result;
}

static int unpack(int root_fd, const char *path, struct extract_options *rules, struct extract_counts *counts, struct error *err)
{
	AUTO_FREE char *directory = NULL;
	struct tar_reader reader;
	struct extract extract;
	int result;

	if (inside_resolve(root_fd, path, true, &directory, err) || check_directory(root_fd, directory, path, err))
		return -1;
	umask(0);
	if (tar_reader_init(&reader, STDIN_FILENO, err))
		return -1;
	rules->prefix = directory;
	extract_init(&extract, root_fd, rules);
	result = extract_archive(&extract, &reader, err);
	if (!result)
		result = tar_drain(&reader, err);
	*counts = extract.counts;
	extract_free(&extract);
	tar_reader_free(&reader);
	return result;
}

static int check_directory(int root_fd, const char *path, const char *shown, struct error *err)
{
	AUTO_CLOSE int fd = RETRY(kernel_openat2(root_fd, *path ? path : ".", O_PATH, 0, K_RESOLVE_BENEATH | K_RESOLVE_NO_SYMLINKS));
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return missing(err, shown);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID_PARAMETER, "%.512s: not a directory", shown);
	return 0;
}

static int parse_owner(const char *text, struct extract_options *rules, struct error *err)
{
	uint64_t uid, gid;
	const char *end;

	if (tar_decimal(text, &end, &uid) || *end != ':' || tar_decimal(end + 1, &end, &gid) || *end || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return error_set(err, ERROR_INVALID_PARAMETER, "--owner: %s is not UID:GID", text);
	rules->has_owner = true;
	rules->uid = (uint32_t)uid;
	rules->gid = (uint32_t)gid;
	return 0;
}

static int missing(struct error *err, const char *path)
{
	const int number = errno;

	if (number == ENOENT)
		return error_set(err, ERROR_NOT_FOUND, "%.512s: no such file or directory", path);
	if (number == ENOTDIR)
		return error_set(err, ERROR_INVALID_PARAMETER, "%.512s: not a directory", path);
	error_number(err, number, "stat", path);
	if (number == ELOOP || number == ENAMETOOLONG)
		err->kind = ERROR_INVALID_PARAMETER;
	return -1;
}
