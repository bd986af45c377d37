#define _GNU_SOURCE
#include "oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

static int read_score(int *score, struct error *err);
static int write_score(int score);

int oom_spawn(const struct plan *plan, const struct spawn *spawn, pid_t *pid, int *pidfd, struct error *err)
{
	int before = 0, result;

	if (!plan->has_oom_score_adj)
		return spawn_process(spawn, pid, pidfd, err);
	if (read_score(&before, err))
		return -1;
	if (before == plan->oom_score_adj)
		return spawn_process(spawn, pid, pidfd, err);
	/* Only root may make a process less likely to be killed; a user's container then stays as likely as the user's other processes. */
	if (write_score(plan->oom_score_adj) && !((errno == EACCES || errno == EPERM) && plan->oom_score_adj < before))
		return error_system(err, "set oom_score_adj", NULL);
	result = spawn_process(spawn, pid, pidfd, err);
	write_score(before);
	return result;
}

static int read_score(int *score, struct error *err)
{
	char text[16] = "";
	int fd AUTO_CLOSE = RETRY(open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC));

	if (fd < 0 || RETRY(read(fd, text, sizeof(text) - 1)) <= 0)
		return error_system(err, "read oom_score_adj", NULL);
	*score = atoi(text);
	return 0;
}

/* 0 or -1 with errno. */
static int write_score(int score)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", score), fd AUTO_CLOSE = -1;
	struct statfs system;
	int result = -1;

	/* For this moment, or the file would not be ours. */
	prctl(PR_SET_DUMPABLE, 1);
	fd = RETRY(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
	if (fd >= 0 && fstatfs(fd, &system) == 0 && system.f_type == K_PROC_SUPER_MAGIC)
		result = RETRY(write(fd, text, (size_t)length)) == length ? 0 : -1;
	prctl(PR_SET_DUMPABLE, 0);
	return result;
}
