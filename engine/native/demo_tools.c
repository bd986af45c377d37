/* The few tools one reaches for in a container. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo.h"

static int copy_out(int fd)
{
	static char buffer[65536];
	for (;;) {
		ssize_t got = read(fd, buffer, sizeof buffer);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		if (write_all(STDOUT_FILENO, buffer, (size_t)got) != 0)
			return -1;
	}
}

int run_cat(int argc, char **argv)
{
	int status = 0;
	if (argc == 1 && copy_out(STDIN_FILENO) != 0)
		return fail("cat", "standard input");
	for (int i = 1; i < argc; i++) {
		int fd = strcmp(argv[i], "-") == 0 ? dup(STDIN_FILENO) : open(argv[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || copy_out(fd) != 0)
			status = fail("cat", argv[i]);
		if (fd >= 0)
			close(fd);
	}
	return status;
}

int run_echo(int argc, char **argv)
{
	int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;
	for (int i = first; i < argc; i++)
		if (write_all(STDOUT_FILENO, argv[i], strlen(argv[i])) != 0 || (i + 1 < argc && write_all(STDOUT_FILENO, " ", 1) != 0))
			return 1;
	return first == 1 && write_all(STDOUT_FILENO, "\n", 1) != 0;
}

int run_env(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return misuse("env");
	for (char **entry = environ; *entry; entry++)
		if (write_all(STDOUT_FILENO, *entry, strlen(*entry)) != 0 || write_all(STDOUT_FILENO, "\n", 1) != 0)
			return 1;
	return 0;
}

/* "(name)" of an id from /etc/passwd or /etc/group, or nothing. libc's own lookup does not work in a static program of every libc. */
static const char *name_of(const char *file, unsigned id)
{
	static char content[65536], out[2][72];
	static unsigned turn;
	char *result = out[turn++ % 2];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, content, sizeof content - 1);
	result[0] = 0;
	content[length > 0 ? length : 0] = 0;
	if (fd >= 0)
		close(fd);
	for (char *save, *line = strtok_r(content, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *password = strchr(line, ':'), *number = password ? strchr(password + 1, ':') : NULL;
		if (number && strtoul(number + 1, NULL, 10) == id && password - line < 64) {
			snprintf(result, sizeof out[0], "(%.*s)", (int)(password - line), line);
			break;
		}
	}
	return result;
}

int run_id(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return misuse("id");
	gid_t groups[64];
	int count = getgroups(64, groups);
	say(STDOUT_FILENO, "uid=%u%s gid=%u%s groups=", geteuid(), name_of("/etc/passwd", geteuid()), getegid(), name_of("/etc/group", getegid()));
	if (count <= 0)
		say(STDOUT_FILENO, "%u%s", getegid(), name_of("/etc/group", getegid()));
	for (int i = 0; i < count; i++)
		say(STDOUT_FILENO, "%s%u%s", i > 0 ? "," : "", groups[i], name_of("/etc/group", groups[i]));
	return say(STDOUT_FILENO, "\n") != 0;
}

static void list_entry(int folder, const char *name, bool is_long)
{
	struct stat entry;
	if (!is_long || fstatat(folder, name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
		say(STDOUT_FILENO, "%s\n", name);
		return;
	}
	char mode[11] = "?rwxrwxrwx", target[PATH_MAX] = "";
	mode[0] = S_ISDIR(entry.st_mode) ? 'd' : S_ISLNK(entry.st_mode) ? 'l' : S_ISCHR(entry.st_mode) ? 'c' : S_ISBLK(entry.st_mode) ? 'b' : S_ISFIFO(entry.st_mode) ? 'p' : S_ISSOCK(entry.st_mode) ? 's' : '-';
	for (int bit = 0; bit < 9; bit++)
		if (!(entry.st_mode & (0400U >> bit)))
			mode[1 + bit] = '-';
	if (entry.st_mode & S_ISVTX)
		mode[9] = 't';
	if (S_ISLNK(entry.st_mode) && readlinkat(folder, name, target, sizeof target - 1) < 0)
		target[0] = 0;
	say(STDOUT_FILENO, "%s %3lu %5u %5u %10lld %s%s%s\n", mode, (unsigned long)entry.st_nlink, entry.st_uid, entry.st_gid, (long long)entry.st_size, name, target[0] ? " -> " : "", target);
}

static int list_folder(const char *path, bool is_all, bool is_long)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	if (count < 0 && errno == ENOTDIR) {
		list_entry(AT_FDCWD, path, is_long);
		return 0;
	}
	int folder = count < 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return fail("ls", path);
	for (int i = 0; i < count; i++) {
		if (is_all || entries[i]->d_name[0] != '.')
			list_entry(folder, entries[i]->d_name, is_long);
		free(entries[i]);
	}
	free(entries);
	close(folder);
	return 0;
}

int run_ls(int argc, char **argv)
{
	bool is_all = false, is_long = false;
	int i = 1, status = 0;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strspn(argv[i] + 1, "al") != strlen(argv[i] + 1))
			return misuse("ls");
		is_all |= strchr(argv[i], 'a') != NULL;
		is_long |= strchr(argv[i], 'l') != NULL;
	}
	if (i == argc)
		return list_folder(".", is_all, is_long);
	for (bool is_many = i + 1 < argc; i < argc; i++) {
		if (is_many)
			say(STDOUT_FILENO, "%s:\n", argv[i]);
		status |= list_folder(argv[i], is_all, is_long);
	}
	return status;
}

int run_write(int argc, char **argv)
{
	static char block[65536];
	unsigned long long size;
	if (argc != 3 || !parse_size(argv[2], &size))
		return misuse("write");
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)('a' + i % 26);
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail("write", argv[1]);
	for (unsigned long long left = size; left > 0;) {
		size_t piece = left < sizeof block ? (size_t)left : sizeof block;
		if (write_all(fd, block, piece) != 0)
			return fail("write", argv[1]);
		left -= piece;
	}
	return close(fd) == 0 ? 0 : fail("write", argv[1]);
}

int run_pwd(int argc, char **argv)
{
	char path[PATH_MAX];
	(void)argv;
	if (argc != 1)
		return misuse("pwd");
	return getcwd(path, sizeof path) ? say(STDOUT_FILENO, "%s\n", path) != 0 : fail("pwd", ".");
}

int run_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int run_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

