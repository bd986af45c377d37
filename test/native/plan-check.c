/* Parses launch plans from stdin (u32 length, bytes; again and again) and prints one verdict a line: "ok" or the error. Built with sanitizers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"

/* Everything a plan points to is looked at, so that the sanitizer sees whether it is there. */
static size_t touch(const struct plan *plan)
{
	size_t sum = 0;

	for (size_t i = 0; i < plan->args.count; i++)
		for (const char *at = plan->args.items[i]; *at; at++)
			sum += (unsigned char)*at;
	for (size_t i = 0; i < plan->mount_count; i++)
		for (const char *at = plan->mounts[i].target; *at; at++)
			sum += (unsigned char)*at;
	for (size_t i = 0; i < plan->seccomp_count; i++)
		sum += plan->seccomp[i].code;
	return sum + (plan->env.items[plan->env.count] != NULL);
}

int main(void)
{
	uint32_t length;
	size_t sum = 0;

	while (fread(&length, sizeof(length), 1, stdin) == 1) {
		/* Of exactly this size: one byte past the end is an error. */
		char *bytes = malloc(length ? length : 1);
		struct error err = {0};
		struct plan plan;

		if (!bytes || (length && fread(bytes, length, 1, stdin) != 1))
			return 2;
		if (plan_parse(bytes, length, &plan, &err)) {
			for (char *at = err.message; *at; at++)
				if (*at == '\n')
					*at = ' ';
			puts(err.message);
		} else {
			sum += touch(&plan);
			plan_free(&plan);
			puts("ok");
		}
		free(bytes);
	}
	return sum == (size_t)-1;
}
