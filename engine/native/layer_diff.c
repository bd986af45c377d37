/* layer-diff: what a container changed, as a layer (OCI image-spec layer.md). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive.h"
#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "owners.h"
#include "report.h"

static int write_layer(const char *upper, struct owners *owners, struct archive_counts *counts, struct error *err);

int cmd_layer_diff(int argc, char **argv, struct error *err)
{
	const char *upper = NULL;
	struct string_list lowers = {0}, squash = {0};
	const struct option options[] = {
		{"upper", OPTION_STRING, &upper},
		{"lower", OPTION_LIST, &lowers},
		{"squash", OPTION_LIST, &squash},
		{NULL, OPTION_FLAG, NULL},
	};
	struct archive_counts counts = {0};
	AUTO_JSON struct json json = {0};
	struct owners owners;
	int result;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!upper)
		return error_set(err, ERROR_INVALID_PARAMETER, "layer-diff: --upper is missing");
	result = owners_open(&owners, &squash, &lowers, err);
	if (!result)
		result = write_layer(upper, &owners, &counts, err);
	owners_close(&owners);
	if (result)
		return -1;
	json_member_unsigned(&json, "entries", counts.entries);
	json_member_unsigned(&json, "sizeBytes", counts.size_bytes);
	return report_ok(report_fd(), &json, err);
}

static int write_layer(const char *upper, struct owners *owners, struct archive_counts *counts, struct error *err)
{
	const struct archive_options rules = {
		.layer = true,
		.restore_owner = owners->count ? owners_restore : NULL,
		.context = owners,
	};
	struct tar_writer writer;
	struct archive archive;
	int fd, result;

	fd = RETRY(open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return error_system(err, "open", upper);
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
