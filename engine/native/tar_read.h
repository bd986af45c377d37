/*
 * Reading a tar archive from a stream: v7, ustar, star, GNU (long names, sparse) and pax (global and local headers, xattrs, sparse 0.0, 0.1,
 * 1.0). Memory stays bounded whatever the archive says: extended headers over 1 MiB and sparse maps over 2^20 parts are refused.
 * Malformed archives are ERROR_INVALID_PARAMETER; the message names the byte.
 */
#ifndef TUG_TAR_READ_H
#define TUG_TAR_READ_H

#include <stdbool.h>

#include "error.h"
#include "tar_format.h"
#include "tar_pax.h"

struct tar_reader {
	int fd;
	unsigned char *buffer;
	size_t start, end;		/* what is buffered */
	uint64_t offset;		/* in the archive, of buffer[start] */
	uint64_t body, padding;		/* of the current entry, not yet read */
	bool finished, end_marker;	/* end_marker: the archive ended with its zero block, not just so */
	struct tar_extended global, local;
	struct tar_sparse_map sparse;
	char name[sizeof(((struct tar_header *)0)->prefix) + sizeof(((struct tar_header *)0)->name) + 2];
	char link[sizeof(((struct tar_header *)0)->link) + 1];
	struct tar_entry entry;
};

/* The descriptor stays the caller's. */
int tar_reader_init(struct tar_reader *reader, int fd, struct error *err);
void tar_reader_free(struct tar_reader *reader);

/* The next entry, NULL at the end. It lasts until the next call; contents that were not taken are skipped. */
int tar_next(struct tar_reader *reader, const struct tar_entry **entry, struct error *err);

/* Writes the contents of the current file to a new, empty file; holes stay holes. */
int tar_write_contents(struct tar_reader *reader, int fd, struct error *err);

/* Reads what follows the end of the archive, so that whoever sends it is not cut off. */
int tar_drain(struct tar_reader *reader, struct error *err);

/* For tar_sparse.c: exactly `size` bytes of the current body. */
int tar_read_body(struct tar_reader *reader, void *data, size_t size, struct error *err);

#endif
