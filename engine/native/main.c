/* tug-runtime: the native half of tug's engine. readme.md is the contract. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "init.h"
#include "kernel.h"
#include "report.h"
#include "root_view.h"
#include "sandbox.h"
#include "sealed.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct error *err);
	bool sealed; /* goes near a running container: from a sealed copy only */
	enum entrance { OUTSIDE, SANDBOX, ROOT_VIEW } entrance; /* the user namespace it enters when --sandbox is given */
};

static const struct command commands[] = {
	{"probe", cmd_probe, false, OUTSIDE},
	{"sandbox", cmd_sandbox, false, OUTSIDE},
	{"lock", cmd_lock, false, OUTSIDE},
	{"layer-apply", cmd_layer_apply, false, SANDBOX},
	{"layer-diff", cmd_layer_diff, false, SANDBOX},
	{"changes", cmd_changes, false, SANDBOX},
	{"rm-tree", cmd_rm_tree, false, SANDBOX},
	{"du", cmd_du, false, SANDBOX},
	{"cp-out", cmd_cp_out, true, ROOT_VIEW},
	{"cp-in", cmd_cp_in, true, ROOT_VIEW},
	{"stat", cmd_stat, true, ROOT_VIEW},
	{"export", cmd_export, true, ROOT_VIEW},
	{"volume-fill", cmd_volume_fill, false, SANDBOX},
	{"create", cmd_create, true, SANDBOX},
	{"run", cmd_run, true, SANDBOX},
	{"start", cmd_start, false, OUTSIDE},
	{"exec", cmd_exec, true, OUTSIDE},
	{"delete", cmd_delete, false, SANDBOX},
};

static int run(int argc, char **argv, struct error *err);
static int enter(enum entrance entrance, int argc, char **argv, struct error *err);
static const struct command *find_command(const char *name);
static int take_sandbox_options(int *argc, char **argv, struct error *err);
static int open_standard_streams(void);

int main(int argc, char **argv)
{
	struct error err = {0};

	if (init_is_wanted(argc, argv))
		return init_main(argv);
	if (open_standard_streams())
		return 1;
	report_init();
	if (run(argc, argv, &err)) {
		report_error(report_fd(), &err);
		return 1;
	}
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	char **full = argv;
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

	if (!command)
		return error_set(err, ERROR_INVALID_PARAMETER, argc > 1 ? "unknown command %s" : "no command given", argc > 1 ? argv[1] : "");
	/* A closed reader is an error to report, not a reason to die. */
	signal(SIGPIPE, SIG_IGN);
	if (command->sealed) {
		/* fd 3 has to survive the execve, everything else the caller left open must not reach a container. */
		if (kernel_close_range(4, ~0u, 0))
			return error_system(err, "close inherited descriptors", NULL);
		if (report_keep_over_exec() || sealed_reexec(full, err))
			return err->message[0] ? -1 : error_system(err, "keep the report descriptor", NULL);
		report_init();
	}
	argc--;
	argv++;
	if (take_sandbox_options(&argc, argv, err))
		return -1;
	prctl(PR_SET_DUMPABLE, 0);
	if (sandbox_options.dir && enter(command->entrance, argc, argv, err))
		return -1;
	return command->run(argc, argv, err);
}

static int enter(enum entrance entrance, int argc, char **argv, struct error *err)
{
	switch (entrance) {
	case OUTSIDE:
		return 0;
	case SANDBOX:
		return sandbox_enter(&sandbox_options, err);
	case ROOT_VIEW:
		return root_view_enter_user_namespace(argc, argv, err);
	}
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Takes --sandbox, --uid-map and --gid-map out of argv. */
static int take_sandbox_options(int *argc, char **argv, struct error *err)
{
	static const char *const names[] = {"--sandbox", "--uid-map", "--gid-map"};
	const char **values[] = {&sandbox_options.dir, &sandbox_options.uid_map, &sandbox_options.gid_map};
	int kept = 0;

	for (int i = 0; i < *argc; i++) {
		size_t which;

		for (which = 0; which < 3; which++)
			if (strcmp(argv[i], names[which]) == 0)
				break;
		if (which == 3) {
			argv[kept++] = argv[i];
			continue;
		}
		if (i + 1 == *argc)
			return error_set(err, ERROR_INVALID_PARAMETER, "%s needs a value", argv[i]);
		*values[which] = argv[++i];
	}
	argv[kept] = NULL;
	*argc = kept;
	if (sandbox_options.dir && (!sandbox_options.uid_map || !sandbox_options.gid_map))
		return error_set(err, ERROR_INVALID_PARAMETER, "--sandbox needs --uid-map and --gid-map");
	return 0;
}

/* Descriptors 0 to 2 must be taken, or the next file opened would become somebody's output. */
static int open_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -1;
	} while (fd <= 2);
	close(fd);
	return 0;
}
