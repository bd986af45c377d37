/*
 * Writing a tar archive to a stream: ustar where it does, pax records for what does not fit (long or non-ASCII names, large numbers, fractions of seconds,
 * xattrs), as Go's archive/tar does, so that the same tree always gives the same bytes.
 */
#ifndef TUG_TAR_WRITE_H
#define TUG_TAR_WRITE_H

#include "error.h"
#include "tar_format.h"

struct tar_writer {
	int fd;
	unsigned char *buffer;
	size_t used;
	char *pax;
	size_t pax_size, pax_capacity;
};

/* The descriptor stays the caller's. */
int tar_writer_init(struct tar_writer *writer, int fd, struct error *err);
void tar_writer_free(struct tar_writer *writer);

/* Directories' names should end in a slash. A file's contents (entry->size bytes) must follow. */
int tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry, struct error *err);

/* `size` bytes of `fd` and the padding; zeros where the file became shorter meanwhile. */
int tar_write_file(struct tar_writer *writer, int fd, uint64_t size, struct error *err);

/* The end marker. */
int tar_write_end(struct tar_writer *writer, struct error *err);

#endif
