#include "error.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_system(struct error *err, const char *operation, const char *path)
{
	return error_number(err, errno, operation, path);
}

int error_number(struct error *err, int number, const char *operation, const char *path)
{
	char reason[128];

	memset(err, 0, sizeof(*err));
	err->kind = number == ENOMEM || number == EMFILE || number == ENFILE ? ERROR_UNAVAILABLE : ERROR_SYSTEM;
	err->number = number;
	snprintf(err->operation, sizeof(err->operation), "%s", operation);
	snprintf(err->path, sizeof(err->path), "%s", path ? path : "");
	error_text(number, reason, sizeof(reason));
	if (path)
		snprintf(err->message, sizeof(err->message), "%s on %s: %s", err->operation, err->path, reason);
	else
		snprintf(err->message, sizeof(err->message), "%s: %s", err->operation, reason);
	return -1;
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	memset(err, 0, sizeof(*err));
	err->kind = kind;
	va_start(arguments, format);
	vsnprintf(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[sizeof(err->message)];
	va_list arguments;
	int used;

	memcpy(old, err->message, sizeof(old));
	va_start(arguments, format);
	used = vsnprintf(err->message, sizeof(err->message), format, arguments);
	va_end(arguments);
	if (used >= 0 && (size_t)used < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - (size_t)used, "%s", old);
	return -1;
}

const char *error_kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_SYSTEM:
		return "system";
	case ERROR_INVALID_PARAMETER:
		return "invalidParameter";
	case ERROR_FORBIDDEN:
		return "forbidden";
	case ERROR_NOT_FOUND:
		return "notFound";
	case ERROR_CONFLICT:
		return "conflict";
	case ERROR_NOT_IMPLEMENTED:
		return "notImplemented";
	case ERROR_UNAVAILABLE:
		return "unavailable";
	}
	return "system";
}

const char *error_text(int number, char *buffer, unsigned long size)
{
	snprintf(buffer, size, "%s", strerror(number));
	/* "Invalid argument" but "I/O error" */
	if (buffer[0] && islower((unsigned char)buffer[1]))
		buffer[0] = (char)tolower((unsigned char)buffer[0]);
	return buffer;
}
