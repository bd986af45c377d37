/*
 * tug-demo: the program inside the demo image, one static binary with many names. It shows what a container does (demo_work.c), brings the few tools
 * one reaches for (demo_tools.c) and a small shell (demo_shell.c). `tug-demo VERB …`, or a link to it called VERB.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"

int fail(const char *what, const char *subject)
{
	dprintf(STDERR_FILENO, "%s: %s: %s\n", what, subject, strerror(errno));
	return 1;
}

int misuse(const char *verb)
{
	const struct verb *found = find_verb(verb);
	dprintf(STDERR_FILENO, "usage: %s %s\n", verb, found ? found->usage : "");
	return 2;
}

int write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

int say(int fd, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -1;
	return write_all(fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

bool parse_number(const char *text, unsigned long long max, unsigned long long *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return isdigit((unsigned char)*text) && *end == 0 && errno == 0 && *out <= max;
}

bool parse_size(const char *text, unsigned long long *out)
{
	char digits[24] = "";
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length >= sizeof digits)
		return false;
	memcpy(digits, text, length);
	static const char units[] = "kmgt";
	unsigned shift = 0;
	if (text[length]) {
		const char *unit = strchr(units, tolower((unsigned char)text[length]));
		if (!unit || text[length + 1])
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (!parse_number(digits, ULLONG_MAX >> shift, out))
		return false;
	*out <<= shift;
	return true;
}

static int run_help(int argc, char **argv);

static const struct verb verbs[] = {
	{"logs", run_logs, "[--rate LINES_PER_SECOND] [--lines N] [--json | --color]   request logs, warnings and errors on stderr"},
	{"flood", run_flood, "[LINES]   the same line as fast as it goes"},
	{"http", run_http, "[--port 8080]   a web server that says who it is"},
	{"burn", run_burn, "[--percent 100]   uses a CPU"},
	{"memory", run_memory, "SIZE   holds memory (64k, 10m, 1g)"},
	{"exit", run_exit, "CODE [--after MS]"},
	{"stubborn", run_stubborn, "  does not stop for SIGTERM"},
	{"sleep", run_sleep, "[SECONDS]   stops at once for SIGTERM"},
	{"cat", run_cat, "[FILE]..."},
	{"echo", run_echo, "[-n] [WORD]..."},
	{"env", run_env, ""},
	{"id", run_id, ""},
	{"ls", run_ls, "[-al] [PATH]..."},
	{"write", run_write, "FILE SIZE"},
	{"pwd", run_pwd, ""},
	{"true", run_true, ""},
	{"false", run_false, ""},
	{"shell", run_shell, "[-c LINE]   simple words, quotes, $NAME and ;"},
	{"sh", run_shell, "[-c LINE]"},
	{"help", run_help, ""},
};

const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int run_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		say(STDOUT_FILENO, "%-9s %s\n", verbs[i].name, verbs[i].usage);
	return 0;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = argc > 0 ? (slash ? slash + 1 : argv[0]) : "help";
	const struct verb *verb = find_verb(name);
	if (verb) {
		argv[0] = (char *)(uintptr_t)verb->name;
		return verb->run(argc, argv);
	}
	if (argc < 2)
		return run_help(0, NULL);
	verb = find_verb(argv[1]);
	if (!verb) {
		dprintf(STDERR_FILENO, "tug-demo: no verb %s (tug-demo help)\n", argv[1]);
		return 127;
	}
	return verb->run(argc - 1, argv + 1);
}
