#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "program.h"

#define INIT_NAME "tug-init"

static _Noreturn void run_program(char **argv, const sigset_t *mask);
static int reap(pid_t program, int *status);
static int exit_code(int status);

/* argv: tug-init -- PROGRAM ARG 0, ARG 1 … */
void init_execute(int self, const char *program, char **arguments, char **env)
{
	size_t count = 0;
	char **argv;

	while (arguments[count])
		count++;
	argv = calloc(count + 4, sizeof(char *));
	if (!argv)
		return;
	argv[0] = (char *)INIT_NAME;
	argv[1] = (char *)"--";
	argv[2] = (char *)program;
	memcpy(argv + 3, arguments, count * sizeof(char *));
	fexecve(self, argv, env);
}

int init_is_wanted(int argc, char **argv)
{
	return argc >= 4 && strcmp(argv[0], INIT_NAME) == 0 && strcmp(argv[1], "--") == 0 && getpid() == 1;
}

int init_main(char **argv)
{
	sigset_t all, before;
	pid_t program;
	int status = 0;

	/* Blocked, they wait for sigwaitinfo: none is lost, and pid 1 gets even those whose default it would ignore. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	program = fork();
	if (program < 0) {
		perror(INIT_NAME);
		return 1;
	}
	if (program == 0)
		run_program(argv + 2, &before);
	for (;;) {
		siginfo_t info;
		int number = RETRY(sigwaitinfo(&all, &info));

		if (number == SIGCHLD) {
			if (reap(program, &status))
				return exit_code(status);
		} else if (number > 0) {
			kill(program, number);
		}
	}
}

static _Noreturn void run_program(char **argv, const sigset_t *mask)
{
	signal(SIGTTOU, SIG_IGN);
	/* A group of its own, in the foreground of the terminal if there is one: ctrl-c reaches it and not init. */
	setpgid(0, 0);
	tcsetpgrp(0, getpid());
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(argv[0], argv + 1);
	fprintf(stderr, "exec %s: %s\n", argv[0], strerror(errno));
	_exit(program_exit_code(errno));
}

/* Takes all dead children; 1 when the program was among them. */
static int reap(pid_t program, int *status)
{
	int found = 0, one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == program) {
			*status = one;
			found = 1;
		}
	return found;
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
