/* A shell for one line at a time: simple words, quotes, $NAME, $? and `;`. No pipes, no redirection, no job control. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

#define MAX_WORDS 256

static int last_status;
static bool leaving;

/* What an expansion puts in: $NAME, ${NAME} or $?; moves past it. */
static void expand(const char **from, char **to, const char *end)
{
	char name[64] = "", status[12];
	size_t length = 0;
	const char *value;
	bool braces = (*from)[1] == '{';
	const char *at = *from + (braces ? 2 : 1);
	if (*at == '?') {
		snprintf(status, sizeof status, "%d", last_status);
		value = status;
		at++;
	} else {
		while ((isalnum((unsigned char)*at) || *at == '_') && length + 1 < sizeof name)
			name[length++] = *at++;
		value = length > 0 ? getenv(name) : "$";
	}
	if (braces && *at == '}')
		at++;
	for (; value && *value && *to < end; value++)
		*(*to)++ = *value;
	*from = at;
}

/* Takes words up to `;` or the end of the line. Returns their number, -1 for an open quote or too long a line. */
static int split(const char **line, char *space, size_t size, char **words)
{
	const char *at = *line;
	char *to = space;
	const char *end = space + size - 2;
	int count = 0;
	for (;;) {
		while (*at == ' ' || *at == '\t')
			at++;
		if (*at == 0 || *at == ';' || *at == '\n' || *at == '#')
			break;
		if (count + 1 >= MAX_WORDS)
			return -1;
		words[count++] = to;
		char quote = 0;
		for (; *at && (quote || !strchr(" \t;\n", *at)) && to < end;) {
			if (!quote && (*at == '\'' || *at == '"')) {
				quote = *at++;
			} else if (quote && *at == quote) {
				quote = 0;
				at++;
			} else if (*at == '$' && quote != '\'') {
				expand(&at, &to, end);
			} else {
				if (*at == '\\' && quote != '\'' && at[1])
					at++;
				*to++ = *at++;
			}
		}
		if (quote || to >= end)
			return -1;
		*to++ = 0;
	}
	if (*at == '#')
		at += strcspn(at, "\n");
	*line = *at ? at + 1 : at;
	words[count] = NULL;
	return count;
}

static int run_child(int count, char **words)
{
	pid_t child = fork();
	if (child < 0)
		return fail("sh", words[0]);
	if (child == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		const struct verb *verb = find_verb(words[0]);
		if (verb)
			exit(verb->run(count, words));
		execvp(words[0], words);
		dprintf(STDERR_FILENO, "sh: %s: %s\n", words[0], errno == ENOENT ? "not found" : strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_words(int count, char **words)
{
	if (strcmp(words[0], "exit") == 0) {
		unsigned long long code = (unsigned long long)last_status;
		leaving = true;
		if (count > 1 && !parse_number(words[1], 255, &code))
			code = 2;
		return (int)code;
	}
	if (strcmp(words[0], "cd") == 0) {
		const char *home = getenv("HOME");
		const char *to = count > 1 ? words[1] : home ? home : "/";
		return chdir(to) == 0 ? 0 : fail("cd", to);
	}
	return run_child(count, words);
}

static void run_line(const char *line)
{
	char space[8192], *words[MAX_WORDS];
	while (*line && !leaving) {
		int count = split(&line, space, sizeof space, words);
		if (count < 0) {
			dprintf(STDERR_FILENO, "sh: cannot read this line (an open quote, or too long)\n");
			last_status = 2;
			return;
		}
		if (count > 0)
			last_status = run_words(count, words);
	}
}

/* Byte by byte: what follows the line is for the program it starts. */
static bool read_line(char *line, size_t size)
{
	size_t length = 0;
	char byte = 0;
	for (;;) {
		ssize_t got = read(STDIN_FILENO, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || byte == '\n')
			break;
		if (length + 1 < size)
			line[length++] = byte;
	}
	line[length] = 0;
	return length > 0 || byte == '\n';
}

static void prompt(void)
{
	char host[65] = "", path[PATH_MAX];
	gethostname(host, sizeof host - 1);
	say(STDOUT_FILENO, "%s:%s%c ", host, getcwd(path, sizeof path) ? path : "?", geteuid() == 0 ? '#' : '$');
}

int run_shell(int argc, char **argv)
{
	last_status = 0;
	leaving = false;
	if (argc >= 3 && strcmp(argv[1], "-c") == 0) {
		run_line(argv[2]);
		return last_status;
	}
	if (argc != 1 && strcmp(argv[1], "-i") != 0 && strcmp(argv[1], "-l") != 0)
		return misuse(strcmp(argv[0], "shell") == 0 ? "shell" : "sh");
	bool is_interactive = isatty(STDIN_FILENO) != 0;
	if (is_interactive) {
		/* ctrl-c is for the child; process 1 would not get it anyway */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		say(STDOUT_FILENO, "A small shell: `help` lists what there is.\n");
	}
	char line[4096];
	do {
		if (is_interactive)
			prompt();
		if (!read_line(line, sizeof line))
			break;
		run_line(line);
	} while (!leaving);
	if (is_interactive && !leaving)
		say(STDOUT_FILENO, "\n");
	return last_status;
}

