/* What the parts of tug-demo share. */
#ifndef TUG_DEMO_H
#define TUG_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
};

const struct verb *find_verb(const char *name);

/* Print a message to standard error and return the exit status for it: 1 for a failed call (errno), 2 for a bad command line. */
int fail(const char *what, const char *subject);
int misuse(const char *verb);

int write_all(int fd, const char *data, size_t length);
/* A whole line in one write, so that lines of several processes do not mix. */
__attribute__((format(printf, 2, 3))) int say(int fd, const char *format, ...);

bool parse_number(const char *text, unsigned long long max, unsigned long long *out);
/* 512, 64k, 10m, 2g */
bool parse_size(const char *text, unsigned long long *out);

int run_burn(int argc, char **argv);
int run_cat(int argc, char **argv);
int run_echo(int argc, char **argv);
int run_env(int argc, char **argv);
int run_exit(int argc, char **argv);
int run_flood(int argc, char **argv);
int run_false(int argc, char **argv);
int run_http(int argc, char **argv);
int run_id(int argc, char **argv);
int run_logs(int argc, char **argv);
int run_ls(int argc, char **argv);
int run_memory(int argc, char **argv);
int run_pwd(int argc, char **argv);
int run_shell(int argc, char **argv);
int run_sleep(int argc, char **argv);
int run_stubborn(int argc, char **argv);
int run_true(int argc, char **argv);
int run_write(int argc, char **argv);

#endif
