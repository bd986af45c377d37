/* What containers are seen doing: logs, a web server, load, memory, an exit. Every long-running one ends at SIGTERM, but for the stubborn one. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

/* The value of `--name VALUE` or `--name=VALUE` as a number; moves on past it. False: another word, or a bad value (then *bad). */
static bool number_option(char **argv, int *i, const char *name, unsigned long long max, unsigned long long *out, bool *bad)
{
	size_t length = strlen(name);
	const char *value;
	if (strncmp(argv[*i], name, length) != 0)
		return false;
	if (argv[*i][length] == '=')
		value = argv[*i] + length + 1;
	else if (argv[*i][length] == 0 && argv[*i + 1])
		value = argv[++*i];
	else
		return false;
	if (!parse_number(value, max, out))
		*bad = true;
	return true;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Sleeps until then; false when a signal came first. */
static bool sleep_until(int64_t when_ns)
{
	struct timespec when = {when_ns / 1000000000, when_ns % 1000000000};
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == 0;
}

static volatile sig_atomic_t stopped;

static void note_stop(int number)
{
	stopped = number;
}

/* Process 1 gets only the signals it has a handler for, so every long-running verb has one. */
static void on_stop(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

/* Now in UTC. The date by counting eras of 400 years that begin in March: libc's way brings the time zones along. */
static void time_stamp(char out[32])
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint32_t second = (uint32_t)(now.tv_sec % 86400), days = (uint32_t)(now.tv_sec / 86400) + 719468, era = days / 146097, day = days % 146097;
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	uint32_t month = (5 * day + 2) / 153;
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (year + era * 400 + (month >= 10)) % 10000, (month < 10 ? month + 3 : month - 9) % 100, (day - (153 * month + 2) / 5 + 1) % 100,
		second / 3600 % 100, second / 60 % 60, second % 60, (uint32_t)(now.tv_nsec / 1000000) % 1000);
}

enum log_style { PLAIN, JSON, COLOR };

static const char *const paths[] = {"/", "/api/orders", "/api/orders/4711", "/api/users/42", "/api/cart", "/assets/app.js", "/healthz", "/login", "/api/search?q=tug"};
static const char *const methods[] = {"GET", "GET", "GET", "GET", "POST", "PUT", "DELETE"};
static const char *const warnings[] = {"slow query: 812 ms, orders by customer", "cache miss rate 41 %", "retrying connection to db:5432 (2 of 5)", "token expires in 60 s"};
static const char *const errors[] = {"connection to db:5432 refused", "unhandled rejection: order 4711 not found", "timeout after 3000 ms: payment gateway", "disk quota exceeded writing /var/lib/app/cache"};

#define ANY(list) ((list)[pick(sizeof(list) / sizeof *(list))])

static int log_line(enum log_style style, unsigned long long number)
{
	char when[32], message[256];
	time_stamp(when);
	uint32_t kind = pick(40);
	const char *level = kind == 0 ? "ERROR" : kind < 4 ? "WARN" : "INFO";
	const char *color = kind == 0 ? "31" : kind < 4 ? "33" : "32";
	int fd = kind < 4 ? STDERR_FILENO : STDOUT_FILENO;
	if (kind == 0)
		snprintf(message, sizeof message, "%s", ANY(errors));
	else if (kind < 4)
		snprintf(message, sizeof message, "%s", ANY(warnings));
	else
		snprintf(message, sizeof message, "%s %s %u %u ms from 10.0.%u.%u", ANY(methods), ANY(paths), pick(20) == 0 ? 404U : 200U, 1 + pick(90), pick(4), 2 + pick(250));
	switch (style) {
	case JSON:
		return say(fd, "{\"time\":\"%s\",\"level\":\"%s\",\"request\":%llu,\"message\":\"%s\"}\n", when, level, number, message);
	case COLOR:
		return say(fd, "\033[2m%s\033[0m \033[%sm%-5s\033[0m [%06llu] %s\n", when, color, level, number, message);
	case PLAIN:
		return say(fd, "%s %-5s [%06llu] %s\n", when, level, number, message);
	}
	return -1;
}

int run_logs(int argc, char **argv)
{
	unsigned long long rate = 5, lines = ULLONG_MAX;
	enum log_style style = PLAIN;
	for (int i = 1; i < argc; i++) {
		bool bad = false;
		if (strcmp(argv[i], "--json") == 0)
			style = JSON;
		else if (strcmp(argv[i], "--color") == 0)
			style = COLOR;
		else if ((!number_option(argv, &i, "--rate", 1000000, &rate, &bad) && !number_option(argv, &i, "--lines", ULLONG_MAX, &lines, &bad)) || bad)
			return misuse("logs");
	}
	on_stop(note_stop);
	random_state = (uint32_t)now_ns() | 1;
	int64_t next = now_ns();
	for (unsigned long long number = 1; number <= lines && !stopped; number++) {
		if (log_line(style, number) != 0)
			return 1;
		if (rate > 0) {
			next += 1000000000 / (int64_t)rate;
			sleep_until(next);
		}
	}
	if (stopped)
		say(STDOUT_FILENO, "stopping\n");
	return 0;
}

/* One line again and again in large pieces: what is measured is the one who reads. */
int run_flood(int argc, char **argv)
{
	static const char text[] = "2026-11-21T00:00:00Z level=info msg=\"request done\" path=/api/v1/items status=200 ms=12.3\n";
	static char block[512 * (sizeof text - 1)];
	unsigned long long lines = ULLONG_MAX;
	if (argc > 2 || (argc == 2 && !parse_number(argv[1], ULLONG_MAX, &lines)))
		return misuse("flood");
	on_stop(note_stop);
	for (size_t at = 0; at < sizeof block; at += sizeof text - 1)
		memcpy(block + at, text, sizeof text - 1);
	for (; lines > 0 && !stopped;) {
		unsigned long long piece = lines < 512 ? lines : 512;
		if (write_all(STDOUT_FILENO, block, (size_t)piece * (sizeof text - 1)) != 0)
			return 1;
		lines -= piece;
	}
	return 0;
}

static int listen_on(unsigned short port)
{
	int one = 1, zero = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0)
			return fd;
		close(fd);
	}
	/* No IPv6 here. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0)
		return fd;
	close(fd);
	return -1;
}

static void answer(int client, unsigned long long number)
{
	char request[4096], host[65] = "", body[512], when[32];
	size_t length = 0;
	struct timeval patience = {.tv_sec = 5};
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	request[0] = 0;
	while (length + 1 < sizeof request && !strstr(request, "\r\n\r\n")) {
		ssize_t got = read(client, request + length, sizeof request - 1 - length);
		if (got <= 0)
			break;
		length += (size_t)got;
		request[length] = 0;
	}
	char method[8] = "", path[256] = "";
	size_t verb_length = strcspn(request, " \r\n"), path_length = request[verb_length] == ' ' ? strcspn(request + verb_length + 1, " \r\n") : 0;
	bool valid = verb_length > 0 && verb_length < sizeof method && path_length > 0 && path_length < sizeof path;
	if (valid) {
		memcpy(method, request, verb_length);
		memcpy(path, request + verb_length + 1, path_length);
	}
	gethostname(host, sizeof host - 1);
	int size = snprintf(body, sizeof body, valid ? "hello from %s\npath: %s\nrequests so far: %llu\n" : "bad request\n", host, path, number);
	say(client, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", valid ? "200 OK" : "400 Bad Request", size);
	if (strcmp(method, "HEAD") != 0)
		write_all(client, body, (size_t)size);
	time_stamp(when);
	for (char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	say(STDOUT_FILENO, "%s %s %s %d %d\n", when, valid ? method : "-", path, valid ? 200 : 400, size);
}

int run_http(int argc, char **argv)
{
	unsigned long long port = 8080, requests = 0;
	for (int i = 1; i < argc; i++) {
		bool bad = false;
		if (!number_option(argv, &i, "--port", 65535, &port, &bad) || bad)
			return misuse("http");
	}
	on_stop(note_stop);
	signal(SIGPIPE, SIG_IGN);
	int fd = listen_on((unsigned short)port);
	if (fd < 0)
		return fail("http", "listen");
	say(STDOUT_FILENO, "listening on port %llu\n", port);
	while (!stopped) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0) {
			answer(client, ++requests);
			close(client);
		}
	}
	say(STDOUT_FILENO, "stopping after %llu requests\n", requests);
	return 0;
}

int run_burn(int argc, char **argv)
{
	unsigned long long percent = 100;
	for (int i = 1; i < argc; i++) {
		bool bad = false;
		if (!number_option(argv, &i, "--percent", 100, &percent, &bad) || bad)
			return misuse("burn");
	}
	on_stop(note_stop);
	const int64_t slice = 100000000;
	volatile uint64_t work = 1;
	for (int64_t start = now_ns(); !stopped; start += slice) {
		while (now_ns() < start + slice / 100 * (int64_t)percent && !stopped)
			for (int i = 0; i < 20000; i++)
				work = work * 6364136223846793005U + 1442695040888963407U;
		sleep_until(start + slice);
		if (now_ns() > start + 10 * slice)
			start = now_ns(); /* was paused: do not catch up */
	}
	return 0;
}

static int wait_for_stop(void)
{
	sigset_t both, before;
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	sigprocmask(SIG_BLOCK, &both, &before); /* no signal between the look and the sleep */
	on_stop(note_stop);
	while (!stopped)
		sigsuspend(&before);
	return 0;
}

int run_memory(int argc, char **argv)
{
	unsigned long long size;
	if (argc != 2 || !parse_size(argv[1], &size) || size == 0)
		return misuse("memory");
	unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return fail("memory", argv[1]);
	for (unsigned long long at = 0; at < size; at += 4096)
		memory[at] = 1;
	say(STDOUT_FILENO, "holding %llu bytes\n", size);
	return wait_for_stop();
}

int run_exit(int argc, char **argv)
{
	unsigned long long code = 0, after = 0;
	bool have_code = false;
	for (int i = 1; i < argc; i++) {
		bool bad = false;
		if (!number_option(argv, &i, "--after", 86400000, &after, &bad)) {
			bad = have_code || !parse_number(argv[i], 255, &code);
			have_code = true;
		}
		if (bad)
			return misuse("exit");
	}
	if (!have_code)
		return misuse("exit");
	on_stop(note_stop);
	if (!sleep_until(now_ns() + (int64_t)after * 1000000))
		return 128 + stopped;
	return (int)code;
}

static void refuse(int number)
{
	const char *text = number == SIGTERM ? "ignoring SIGTERM\n" : "ignoring SIGINT\n";
	write_all(STDOUT_FILENO, text, strlen(text));
}

int run_stubborn(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return misuse("stubborn");
	on_stop(refuse);
	say(STDOUT_FILENO, "only SIGKILL ends this\n");
	for (;;)
		pause();
}

int run_sleep(int argc, char **argv)
{
	unsigned long long seconds;
	if (argc > 2)
		return misuse("sleep");
	if (argc == 1 || strcmp(argv[1], "infinity") == 0) {
		wait_for_stop();
		return 128 + stopped;
	}
	if (!parse_number(argv[1], INT_MAX, &seconds))
		return misuse("sleep");
	on_stop(note_stop);
	return sleep_until(now_ns() + (int64_t)seconds * 1000000000) ? 0 : 128 + stopped;
}

