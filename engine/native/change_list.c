#define _GNU_SOURCE
#include "change_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_path(const void *left, const void *right);

int change_list_add(struct change_list *list, char kind, const char *path, size_t length, struct error *err)
{
	char *copy;

	if (list->count == list->capacity) {
		const size_t capacity = list->capacity ? 2 * list->capacity : 64;
		struct change *items = realloc(list->items, capacity * sizeof(*items));

		if (!items)
			return error_system(err, "allocate", NULL);
		list->items = items;
		list->capacity = capacity;
	}
	copy = strndup(path, length);
	if (!copy)
		return error_system(err, "allocate", NULL);
	list->items[list->count++] = (struct change){kind, copy};
	return 0;
}

int change_list_print(struct change_list *list, struct error *err)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_path);
	for (size_t i = 0; i < list->count; i++)
		printf("%c /%s%c", list->items[i].kind, list->items[i].path, '\0');
	if (fflush(stdout) || ferror(stdout))
		return error_system(err, "write the changes", NULL);
	return 0;
}

void change_list_free(struct change_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct change_list){0};
}

static int by_path(const void *left, const void *right)
{
	return strcmp(((const struct change *)left)->path, ((const struct change *)right)->path);
}
