/*
 * What went wrong. Functions return 0 or -1 with `struct error *err` as last parameter, untouched on success. The struct has a fixed size below
 * PIPE_BUF, so that it can be sent whole through a pipe by one write.
 */
#ifndef TUG_ERROR_H
#define TUG_ERROR_H

enum error_kind {
	ERROR_SYSTEM,
	ERROR_INVALID_PARAMETER,
	ERROR_FORBIDDEN,
	ERROR_NOT_FOUND,
	ERROR_CONFLICT,
	ERROR_NOT_IMPLEMENTED,
	ERROR_UNAVAILABLE,
};

struct error {
	enum error_kind kind;
	int number;	/* errno, 0 when no system call failed */
	int exit_code;	/* docker's 126, 127 or 128 for a program that could not be started, else 0 */
	char operation[96];
	char path[1024];
	char message[1536];
};

/* A failed system call: errno is read, "OPERATION on PATH: reason" is the message (path may be NULL). Returns -1. */
int error_system(struct error *err, const char *operation, const char *path);

/* The same with the errno given. */
int error_number(struct error *err, int number, const char *operation, const char *path);

/* An error of our own. Returns -1. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts text before the message. Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* EngineError's word for the kind. */
const char *error_kind_name(enum error_kind kind);

/* strerror, lower case as Go and the rest of our messages have it. */
const char *error_text(int number, char *buffer, unsigned long size);

#endif
