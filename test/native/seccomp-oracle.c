/*
 * Builds a filter with libseccomp, to compare ours with. Rules on stdin, one a line:
 *   machine x86_64|aarch64        the native machine (before everything else)
 *   default ACTION                SECCOMP_RET_* value, hexadecimal
 *   arch x86|x32|arm              a further machine
 *   rule ACTION NAME [INDEX OP VALUE VALUE2]...
 * Writes the BPF to the file named on the command line; names that this libseccomp does not know go to stdout.
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int status, const char *what, const char *line)
{
	if (status < 0) {
		fprintf(stderr, "%s: %s: %s\n", what, line, strerror(-status));
		exit(1);
	}
}

static uint32_t machine_token(const char *name)
{
	uint32_t token = seccomp_arch_resolve_name(name);
	if (token == 0) {
		fprintf(stderr, "unknown machine %s\n", name);
		exit(1);
	}
	return token;
}

static enum scmp_compare operator_of(const char *word)
{
	static const char *const names[] = {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(word, names[i]) == 0)
			return (enum scmp_compare)(SCMP_CMP_NE + i);
	fprintf(stderr, "unknown operator %s\n", word);
	exit(1);
}

static void add_rule(scmp_filter_ctx context, char *rest, const char *line)
{
	char *save = NULL;
	uint32_t action = (uint32_t)strtoul(strtok_r(rest, " \n", &save), NULL, 16);
	const char *name = strtok_r(NULL, " \n", &save);
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR) {
		puts(name);
		return;
	}
	struct scmp_arg_cmp args[6];
	unsigned count = 0;
	for (char *index; count < 6 && (index = strtok_r(NULL, " \n", &save)); count++) {
		args[count].arg = (unsigned)atoi(index);
		args[count].op = operator_of(strtok_r(NULL, " \n", &save));
		args[count].datum_a = strtoull(strtok_r(NULL, " \n", &save), NULL, 0);
		args[count].datum_b = strtoull(strtok_r(NULL, " \n", &save), NULL, 0);
	}
	check(seccomp_rule_add_array(context, action, number, count, args), "rule", line);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx context = NULL;
	uint32_t machine = SCMP_ARCH_NATIVE;
	char line[4096], word[64];
	if (argc != 2)
		return 2;
	while (fgets(line, sizeof line, stdin)) {
		int used = 0;
		if (sscanf(line, "%63s %n", word, &used) != 1)
			continue;
		char copy[4096];
		strcpy(copy, line + used);
		copy[strcspn(copy, "\n")] = 0;
		if (strcmp(word, "machine") == 0) {
			machine = machine_token(copy);
		} else if (strcmp(word, "default") == 0) {
			context = seccomp_init((uint32_t)strtoul(copy, NULL, 16));
			if (seccomp_arch_exist(context, machine) < 0) {
				check(seccomp_arch_add(context, machine), "machine", line);
				check(seccomp_arch_remove(context, SCMP_ARCH_NATIVE), "native", line);
			}
		} else if (strcmp(word, "arch") == 0) {
			check(seccomp_arch_add(context, machine_token(copy)), "arch", line);
		} else {
			add_rule(context, copy, line);
		}
	}
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd, "open", argv[1]);
	check(seccomp_export_bpf(context, fd), "export", argv[1]);
	seccomp_release(context);
	return 0;
}
