#define _GNU_SOURCE
#include "layer_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "report.h"
#include "sandbox.h"
#include "walk.h"

static int end_with_caller(struct error *err);
static int open_empty_directory(const char *path, int *fd, struct error *err);
static int unpack(struct extract *extract, struct tar_reader *reader, const struct layer_apply_options *options, struct error *err);

int cmd_layer_apply(int argc, char **argv, struct error *err)
{
	/* The overlays of a user namespace can only have user.* xattrs. */
	struct layer_apply_options apply = {.userxattr = sandbox_options.dir != NULL};
	const struct option options[] = {
		{"dir", OPTION_STRING, &apply.dir},
		{"squash", OPTION_STRING, &apply.squash},
		{"userxattr", OPTION_FLAG, &apply.userxattr},
		{"max-bytes", OPTION_UNSIGNED, &apply.max_bytes},
		{"max-entries", OPTION_UNSIGNED, &apply.max_entries},
		{NULL, OPTION_FLAG, NULL},
	};
	struct extract_counts counts;
	AUTO_JSON struct json json = {0};
	bool end_marker;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!apply.dir)
		return error_set(err, ERROR_INVALID_PARAMETER, "layer-apply: --dir is missing");
	if (end_with_caller(err))
		return -1;
	if (layer_apply(&apply, STDIN_FILENO, &counts, &end_marker, err))
		return -1;
	json_member_unsigned(&json, "entries", counts.entries);
	json_member_unsigned(&json, "sizeBytes", counts.size_bytes);
	json_member_unsigned(&json, "skippedDevices", counts.skipped_devices);
	json_member_unsigned(&json, "droppedXattrs", counts.dropped_xattrs);
	json_member_boolean(&json, "endMarker", end_marker);
	return report_ok(report_fd(), &json, err);
}

/* An archive that comes through a pipe ends with its sender. From a file, nobody else would notice that the tree is of no use any more. */
static int end_with_caller(struct error *err)
{
	struct pollfd report = {.fd = report_fd(), .events = 0};
	struct stat status;

	if (fstat(STDIN_FILENO, &status) || !S_ISREG(status.st_mode))
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return error_system(err, "ask to be ended with the caller", NULL);
	/* It may have died before. */
	if (RETRY(poll(&report, 1, 0)) > 0 && report.revents & POLLERR)
		return error_set(err, ERROR_UNAVAILABLE, "layer-apply: nobody waits for the report");
	return 0;
}

int layer_apply(const struct layer_apply_options *options, int archive_fd, struct extract_counts *counts, bool *end_marker, struct error *err)
{
	const struct extract_options rules = {
		.layer = true,
		.userxattr = options->userxattr,
		.squash = options->squash != NULL,
		.prefix = "",
		.max_bytes = options->max_bytes,
		.max_entries = options->max_entries,
	};
	AUTO_CLOSE int root = -1;
	struct tar_reader reader;
	struct extract extract;
	int result;

	umask(0);
	if (open_empty_directory(options->dir, &root, err) || tar_reader_init(&reader, archive_fd, err))
		return -1;
	extract_init(&extract, root, &rules);
	result = unpack(&extract, &reader, options, err);
	*counts = extract.counts;
	*end_marker = reader.end_marker;
	extract_free(&extract);
	tar_reader_free(&reader);
	return result;
}

static int unpack(struct extract *extract, struct tar_reader *reader, const struct layer_apply_options *options, struct error *err)
{
	if (extract_archive(extract, reader, err) || tar_drain(reader, err))
		return -1;
	if (options->squash && squash_save(&extract->squashed, options->squash, extract->root, err))
		return -1;
	/* One for all files; whoever marks the layer as ready does so afterwards. */
	if (syncfs(extract->root))
		return error_system(err, "sync", options->dir);
	return 0;
}

static int open_empty_directory(const char *path, int *fd, struct error *err)
{
	struct walk walk;
	int copy, result;
	bool empty;

	if (mkdir(path, 0755) && errno != EEXIST)
		return error_system(err, "create directory", path);
	*fd = RETRY(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (*fd < 0)
		return error_system(err, "open directory", path);
	copy = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return error_system(err, "open directory", path);
	result = walk_begin(&walk, copy, err);
	empty = result == 0 && walk.frames[0].count == 0;
	walk_end(&walk);
	if (result == 0 && !empty)
		return error_set(err, ERROR_CONFLICT, "%s is not empty", path);
	return result;
}
