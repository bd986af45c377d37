/*
 * Loads the filter in the file named on the command line, then makes the system calls on stdin (NUMBER ARGUMENT... a line, each in a child of its own)
 * and prints the errno of each (0: it worked, "signal N": it was killed).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sock_filter code[4096];
static char result_page[4096];

static int call_in_child(const unsigned long *a)
{
	int ends[2];
	if (pipe(ends) != 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		long result = syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
		int number = result == -1 ? errno : 0;
		if (write(ends[1], &number, sizeof number) != sizeof number)
			_exit(2);
		_exit(0);
	}
	close(ends[1]);
	int number = -1, status = 0;
	ssize_t got = read(ends[0], &number, sizeof number);
	close(ends[0]);
	waitpid(child, &status, 0);
	if (got == (ssize_t)sizeof number)
		printf("%d\n", number);
	else
		printf("signal %d\n", WTERMSIG(status));
	return 0;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
	if (!file)
		return 2;
	size_t count = fread(code, sizeof code[0], sizeof code / sizeof code[0], file);
	struct sock_fprog program = {(unsigned short)count, code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
		perror("seccomp");
		return 1;
	}
	char line[512];
	while (fgets(line, sizeof line, stdin)) {
		unsigned long a[7] = {0};
		int i = 0;
		for (char *word = strtok(line, " \n"); word && i < 7; word = strtok(NULL, " \n"))
			a[i++] = strcmp(word, "page") == 0 ? (unsigned long)result_page : strtoul(word, NULL, 0);
		if (i > 0 && call_in_child(a) != 0)
			return 1;
		fflush(stdout);
	}
	return 0;
}
