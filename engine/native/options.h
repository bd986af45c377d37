/* Command line options: `--name value`, `--name=value`, `--flag`; in any order, `--` ends them. Unknown ones are errors. */
#ifndef TUG_OPTIONS_H
#define TUG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct string_list {
	const char **items; /* room for argc entries is made by options_parse; never freed, a command runs once */
	size_t count;
};

enum option_kind {
	OPTION_FLAG,	/* bool * */
	OPTION_STRING,	/* const char **, given once */
	OPTION_LIST,	/* struct string_list * */
	OPTION_UNSIGNED /* uint64_t *, decimal */
};

struct option {
	const char *name; /* without dashes */
	enum option_kind kind;
	void *value;
};

/* argv[0] is the command's name. `positional` may be NULL: then there must be none. The table ends with a NULL name. */
int options_parse(int argc, char **argv, const struct option *options, struct string_list *positional, struct error *err);

/* A decimal number without sign or blanks. */
int parse_unsigned(const char *text, uint64_t *value);

#endif
