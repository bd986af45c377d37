/* Numbers as tar archives write them. */
#ifndef TUG_TAR_NUMBER_H
#define TUG_TAR_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* A field of a header: octal as sloppy as in the wild, or base 256. -1: it is none, or too large. */
int tar_number(const char *field, size_t size, int64_t *value);

/* Decimal digits (at least one) as extended headers have them; *end is what follows. -1: none, or too large. */
int tar_decimal(const char *text, const char **end, uint64_t *value);

#endif
