#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capabilities.h"
#include "cleanup.h"
#include "descriptors.h"
#include "init.h"
#include "launch.h"
#include "program.h"
#include "user.h"

static int prepare(struct process *process, struct user *user, char program[PATH_MAX], struct error *err);
static int send_ready(struct process *process);
static int use_stdio(struct process *process, struct error *err);
static int set_rlimits(const struct plan *plan, struct error *err);
static void give_stdio(const struct user *user);
static int check_directory(const struct plan *plan, struct error *err);
static int directory_failed(const struct plan *plan, struct error *err);
static int wait_for_start(int start);
static int drop_privileges(const struct plan *plan, struct error *err);
static int execute(const struct process *process, const char *program, char **env, struct error *err);
static char **environment(const struct plan *plan, const struct user *user);
static bool has_variable(const struct plan *plan, const char *name);

void process_run(struct process *process)
{
	const struct plan *plan = process->plan;
	static struct user user;
	char program[PATH_MAX];
	struct error err = {0};
	char **env;

	if (prepare(process, &user, program, &err))
		process_fail(process->control, &err);
	env = environment(plan, &user);
	if (!env) {
		error_number(&err, ENOMEM, "allocate", NULL);
		process_fail(process->control, &err);
	}
	if (send_ready(process))
		_exit(1);
	/* Nobody watches a container whose monitor is dead. After the change of user, which clears this; before the wait, which sees a monitor that died earlier. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (wait_for_start(process->start))
		_exit(1);
	if (drop_privileges(plan, &err) || execute(process, program, env, &err))
		process_fail(process->control, &err);
	_exit(1);
}

void process_fail(int control, const struct error *err)
{
	struct launch_failure failure = {*err};

	send_descriptors(control, &failure, sizeof(failure), NULL, 0);
	_exit(1);
}

void process_reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0022);
}

static int prepare(struct process *process, struct user *user, char program[PATH_MAX], struct error *err)
{
	const struct plan *plan = process->plan;
	int root AUTO_CLOSE = RETRY(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	bool entered;

	if (root < 0)
		return error_system(err, "open", "/");
	if (user_find(plan, root, user, err))
		return -1;
	cleanup_fd(&root);
	if (use_stdio(process, err) || set_rlimits(plan, err))
		return -1;
	/* A keyring of its own; kernels without keyrings do without. */
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	give_stdio(user);
	/* docker lets a user into a WORKDIR only root may enter; only where root may not (a FUSE mount) he goes himself. */
	entered = chdir(plan->cwd) == 0;
	if (capabilities_bound(&plan->caps, err) || user_become(plan, user, err))
		return -1;
	if (!entered && chdir(plan->cwd))
		return directory_failed(plan, err);
	return check_directory(plan, err) || program_find(plan, program, err) ? -1 : 0;
}

static int send_ready(struct process *process)
{
	int sent[2];
	size_t count = 0;

	if (process->mntns >= 0)
		sent[count++] = process->mntns;
	if (process->master >= 0)
		sent[count++] = process->master;
	if (send_descriptors(process->control, PROCESS_READY, sizeof(PROCESS_READY), sent, count))
		return -1;
	cleanup_fd(&process->mntns);
	cleanup_fd(&process->master);
	return 0;
}

static int use_stdio(struct process *process, struct error *err)
{
	if (setsid() < 0 && errno != EPERM)
		return error_system(err, "create session", NULL);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(process->stdio[fd], fd) < 0)
			return error_system(err, "set up standard streams", NULL);
	/* From here on nothing that is open has a path to the host (CVE-2024-21626). */
	keep_only_descriptors((int[]){process->control, process->start, process->self, process->mntns, process->master}, 5);
	if (plan_has(process->plan, PLAN_FLAG_TTY) && ioctl(0, TIOCSCTTY, 0))
		return error_system(err, "set controlling terminal", NULL);
	return 0;
}

static int set_rlimits(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->rlimit_count; i++) {
		const struct plan_rlimit *wanted = &plan->rlimits[i];
		struct rlimit limit = {wanted->soft, wanted->hard}, present;

		if (setrlimit((int)wanted->resource, &limit) == 0)
			continue;
		if (errno == EPERM && getrlimit((int)wanted->resource, &present) == 0)
			return error_set(err, ERROR_FORBIDDEN, "ulimit number %u: %llu is above the %llu that your user may have (only root may raise it)",
					 wanted->resource, (unsigned long long)wanted->hard, (unsigned long long)present.rlim_max);
		return error_system(err, "set ulimit", NULL);
	}
	return 0;
}

/* Programs that open /dev/stdout by name need to own it (as runc's fixStdioPermissions). */
static void give_stdio(const struct user *user)
{
	for (int fd = 0; fd < 3; fd++) {
		struct stat stat;

		/* Not the null device: it is everybody's. */
		if (fstat(fd, &stat) == 0 && (S_ISFIFO(stat.st_mode) || isatty(fd)) && stat.st_uid != user->uid && fchown(fd, user->uid, (gid_t)-1))
			continue;
	}
}

/* A directory outside of the root has no path (CVE-2024-21626). */
static int check_directory(const struct plan *plan, struct error *err)
{
	char path[PATH_MAX];
	long length = syscall(SYS_getcwd, path, sizeof(path));

	if (length <= 0)
		return errno == ENOENT || errno == ENAMETOOLONG ? directory_failed(plan, err) : error_system(err, "get working directory", plan->cwd);
	if (path[0] != '/')
		return error_set(err, ERROR_FORBIDDEN, "current working directory is outside of container mount namespace root -- possible container breakout detected");
	return 0;
}

static int directory_failed(const struct plan *plan, struct error *err)
{
	int number = errno;
	char reason[128];

	error_text(number, reason, sizeof(reason));
	error_set(err, ERROR_INVALID_PARAMETER, "chdir to cwd (\"%s\") set in config.json failed: %s", plan->cwd, reason);
	err->number = number;
	err->exit_code = program_exit_code(number);
	return -1;
}

static int wait_for_start(int start)
{
	char byte;

	return RETRY(read(start, &byte, 1)) == 1 ? 0 : -1;
}

/*
 * The filter goes in last of all where no_new_privs allows it; without, it needs CAP_SYS_ADMIN, so it goes in before the capabilities go (and has to
 * let capset and prctl through, as docker's does).
 */
static int drop_privileges(const struct plan *plan, struct error *err)
{
	if (plan_has(plan, PLAN_FLAG_NO_NEW_PRIVS)) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			return error_system(err, "set no_new_privs", NULL);
		if (capabilities_raise(err) || capabilities_set(&plan->caps, err))
			return -1;
		return seccomp_load(plan, err);
	}
	if (capabilities_raise(err) || seccomp_load(plan, err))
		return -1;
	return capabilities_set(&plan->caps, err);
}

static int execute(const struct process *process, const char *program, char **env, struct error *err)
{
	char reason[128];
	int number;

	if (process->self >= 0)
		init_execute(process->self, program, process->plan->args.items, env);
	else
		execve(program, process->plan->args.items, env);
	number = errno;
	error_text(number, reason, sizeof(reason));
	error_set(err, number == ENOMEM || number == EAGAIN ? ERROR_UNAVAILABLE : ERROR_INVALID_PARAMETER, "exec %s: %s", program, reason);
	err->number = number;
	err->exit_code = program_exit_code(number);
	return -1;
}

/* As docker, HOME comes from passwd unless it was given. */
static char **environment(const struct plan *plan, const struct user *user)
{
	char **env = calloc(plan->env.count + 2, sizeof(char *));

	if (!env)
		return NULL;
	memcpy(env, plan->env.items, plan->env.count * sizeof(char *));
	if (!has_variable(plan, "HOME=") && asprintf(&env[plan->env.count], "HOME=%s", user->home) < 0)
		return NULL;
	return env;
}

static bool has_variable(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->env.count; i++)
		if (strncmp(plan->env.items[i], name, strlen(name)) == 0)
			return true;
	return false;
}
