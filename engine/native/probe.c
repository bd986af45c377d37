/* `probe`: what this host really can do, found by doing it. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "kernel.h"
#include "new_mount.h"
#include "options.h"
#include "report.h"
#include "rootfs.h"
#include "user_namespace.h"

/* What a child tells in its exit status. */
enum tried {
	TRIED_USER_NAMESPACE = 1 << 0,
	TRIED_OVERLAY = 1 << 1,
	TRIED_OVERLAY_USERXATTR = 1 << 2,
	TRIED_PROC = 1 << 3,
	TRIED_NETWORK = 1 << 4,
};

static int make_scratch(const char *dir, char *scratch, size_t size, struct error *err);
static int try_in_child(const char *scratch);
static int try_namespaces(const char *scratch);
static bool enter_user_namespace(void);
static bool try_overlay(const char *scratch, const char *name, unsigned int flags);
static bool try_removing(int merged);
static bool try_proc(void);
static bool try_reflink(const char *scratch);
static bool try_seccomp(void);
static bool is_program(const char *name);
static void remove_scratch(const char *scratch);
static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *where);

int cmd_probe(int argc, char **argv, struct error *err)
{
	const char *dir = NULL;
	const struct option options[] = {{"dir", OPTION_STRING, &dir}, {0}};
	struct json json AUTO_JSON = {0};
	struct error reason;
	struct utsname names;
	char scratch[4096];
	int tried;

	if (options_parse(argc, argv, options, NULL, err))
		return -1;
	if (!dir)
		return error_set(err, ERROR_INVALID_PARAMETER, "probe: --dir is missing");
	if (make_scratch(dir, scratch, sizeof(scratch), err))
		return -1;
	tried = try_in_child(scratch);
	uname(&names);
	json_member_string(&json, "kernel", names.release);
	json_member_boolean(&json, "userNamespace", tried & TRIED_USER_NAMESPACE);
	if (!(tried & TRIED_USER_NAMESPACE)) {
		user_namespace_refused(&reason);
		json_member_string(&json, "userNamespaceError", reason.message);
	}
	json_member_boolean(&json, "newuidmap", is_program("newuidmap"));
	json_member_boolean(&json, "newgidmap", is_program("newgidmap"));
	json_member_boolean(&json, "overlay", tried & TRIED_OVERLAY);
	json_member_boolean(&json, "overlayUserxattr", tried & TRIED_OVERLAY_USERXATTR);
	json_member_boolean(&json, "mountProc", tried & TRIED_PROC);
	json_member_boolean(&json, "networkNamespace", tried & TRIED_NETWORK);
	json_member_boolean(&json, "reflink", try_reflink(scratch));
	json_member_boolean(&json, "seccomp", try_seccomp());
	probe_cgroups(&json);
	remove_scratch(scratch);
	return report_ok(report_fd(), &json, err);
}

static int make_scratch(const char *dir, char *scratch, size_t size, struct error *err)
{
	if ((size_t)snprintf(scratch, size, "%s/.probe-XXXXXX", dir) >= size)
		return error_number(err, ENAMETOOLONG, "create directory", dir);
	return mkdtemp(scratch) ? 0 : error_system(err, "create directory", dir);
}

static int try_in_child(const char *scratch)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(try_namespaces(scratch));
	if (child < 0 || RETRY(waitpid(child, &status, 0)) < 0 || !WIFEXITED(status))
		return 0;
	return WEXITSTATUS(status);
}

/* Root tries what root will do: no user namespace around the rest (but whether there could be one). */
static int try_namespaces(const char *scratch)
{
	struct error ignored;
	int tried = 0;

	if (geteuid() == 0) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(unshare(CLONE_NEWUSER) ? 1 : 0);
		if (child > 0 && RETRY(waitpid(child, &status, 0)) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			tried |= TRIED_USER_NAMESPACE;
	} else {
		if (!enter_user_namespace())
			return tried;
		tried |= TRIED_USER_NAMESPACE;
	}
	if (unshare(CLONE_NEWNET) == 0)
		tried |= TRIED_NETWORK;
	if (rootfs_private_namespace(&ignored))
		return tried;
	if (try_overlay(scratch, "plain", 0))
		tried |= TRIED_OVERLAY;
	if (try_overlay(scratch, "userxattr", ROOTFS_USERXATTR))
		tried |= TRIED_OVERLAY_USERXATTR;
	if (try_proc())
		tried |= TRIED_PROC;
	return tried;
}

static bool enter_user_namespace(void)
{
	char uid_map[32], gid_map[32];
	struct error ignored;

	snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
	/* Its own map files are to be its own. */
	prctl(PR_SET_DUMPABLE, 1);
	return unshare(CLONE_NEWUSER) == 0 && user_namespace_map(getpid(), uid_map, gid_map, &ignored) == 0;
}

/* Mounting proves little: without userxattr a user's overlay mounts, and then fails to remove a lower directory. */
static bool try_overlay(const char *scratch, const char *name, unsigned int flags)
{
	static const char *const parts[] = {"", "/lower", "/lower/d", "/upper", "/work"};
	char paths[5][4200], file[4300];
	int merged AUTO_CLOSE = -1, made AUTO_CLOSE = -1;
	struct error ignored;

	for (int i = 0; i < 5; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s%s", scratch, name, parts[i]);
		if (mkdir(paths[i], 0700))
			return false;
	}
	snprintf(file, sizeof(file), "%s/f", paths[2]);
	made = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (made < 0 || rootfs_mount_overlay((const char *const[]){paths[1]}, 1, paths[3], paths[4], flags, &merged, &ignored))
		return false;
	return try_removing(merged);
}

static bool try_removing(int merged)
{
	return unlinkat(merged, "d/f", 0) == 0 && unlinkat(merged, "d", AT_REMOVEDIR) == 0 && mkdirat(merged, "d", 0700) == 0 &&
	       faccessat(merged, "d/f", F_OK, 0) && errno == ENOENT;
}

/* Needs a pid namespace of its own, which only children of this process are in. */
static bool try_proc(void)
{
	pid_t child;
	int status;

	if (unshare(CLONE_NEWPID) || (child = fork()) < 0)
		return false;
	if (child == 0) {
		struct error ignored;
		int fd = -1;

		_exit(new_mount_proc(&fd, &ignored) ? 1 : 0);
	}
	return RETRY(waitpid(child, &status, 0)) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool try_reflink(const char *scratch)
{
	char from_path[4200], to_path[4200];
	int from AUTO_CLOSE = -1, to AUTO_CLOSE = -1;

	snprintf(from_path, sizeof(from_path), "%s/reflink-from", scratch);
	snprintf(to_path, sizeof(to_path), "%s/reflink-to", scratch);
	from = open(from_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	to = open(to_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return from >= 0 && to >= 0 && write(from, "tug", 3) == 3 && ioctl(to, FICLONE, from) == 0;
}

static bool try_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static bool is_program(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (const char *at = path ? path : "/usr/bin:/bin"; *at; at += strcspn(at, ":"), at += *at == ':') {
		int length = (int)strcspn(at, ":");

		if (length && (size_t)snprintf(file, sizeof(file), "%.*s/%s", length, at, name) < sizeof(file) && access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void remove_scratch(const char *scratch)
{
	static const char *const closed[] = {"plain/work/work", "userxattr/work/work"};
	char path[4200];

	/* overlayfs leaves its work directory without any permission. */
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", scratch, closed[i]);
		chmod(path, 0700);
	}
	nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	(void)stat;
	(void)where;
	if (type == FTW_DP || type == FTW_DNR || type == FTW_D)
		rmdir(path);
	else
		unlink(path);
	return 0;
}
