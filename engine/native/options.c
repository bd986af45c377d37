#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct option *find(const struct option *options, const char *name, size_t length);
static int store(const struct option *option, const char *value, size_t room, struct error *err);
static int append(struct string_list *list, const char *item, size_t room, struct error *err);

int options_parse(int argc, char **argv, const struct option *options, struct string_list *positional, struct error *err)
{
	bool ended = false;

	for (int i = 1; i < argc; i++) {
		const char *argument = argv[i], *value;
		const struct option *option;
		size_t length;

		if (!ended && strcmp(argument, "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || strncmp(argument, "--", 2) != 0) {
			if (!positional)
				return error_set(err, ERROR_INVALID_PARAMETER, "%s: unexpected argument %s", argv[0], argument);
			if (append(positional, argument, (size_t)argc, err))
				return -1;
			continue;
		}
		length = strcspn(argument + 2, "=");
		option = find(options, argument + 2, length);
		if (!option)
			return error_set(err, ERROR_INVALID_PARAMETER, "%s: unknown option %s", argv[0], argument);
		value = argument[2 + length] == '=' ? argument + 3 + length : NULL;
		if (option->kind == OPTION_FLAG) {
			if (value)
				return error_set(err, ERROR_INVALID_PARAMETER, "%s: --%s takes no value", argv[0], option->name);
		} else if (!value) {
			if (i + 1 == argc)
				return error_set(err, ERROR_INVALID_PARAMETER, "%s: --%s needs a value", argv[0], option->name);
			value = argv[++i];
		}
		if (store(option, value, (size_t)argc, err))
			return error_prefix(err, "%s: ", argv[0]);
	}
	return 0;
}

int parse_unsigned(const char *text, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || *end ? -1 : 0;
}

static const struct option *find(const struct option *options, const char *name, size_t length)
{
	for (; options->name; options++)
		if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
			return options;
	return NULL;
}

static int store(const struct option *option, const char *value, size_t room, struct error *err)
{
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)option->value = true;
		return 0;
	case OPTION_STRING:
		if (*(const char **)option->value)
			return error_set(err, ERROR_INVALID_PARAMETER, "--%s is given twice", option->name);
		*(const char **)option->value = value;
		return 0;
	case OPTION_LIST:
		return append(option->value, value, room, err);
	case OPTION_UNSIGNED:
		if (parse_unsigned(value, option->value))
			return error_set(err, ERROR_INVALID_PARAMETER, "--%s: %s is not a number", option->name, value);
		return 0;
	}
	return 0;
}

static int append(struct string_list *list, const char *item, size_t room, struct error *err)
{
	if (!list->items) {
		list->items = calloc(room + 1, sizeof(*list->items));
		if (!list->items)
			return error_system(err, "allocate", NULL);
	}
	list->items[list->count++] = item;
	return 0;
}
