/* From a header block, and the extended headers before it, to an entry. */
#ifndef TUG_TAR_HEADER_H
#define TUG_TAR_HEADER_H

#include "tar_read.h"

/* The block's checksum. `offset` is for messages. */
int tar_header_check(const struct tar_header *header, uint64_t offset, struct error *err);

/* Fills the reader's entry, and reads the map of a sparse file behind the header. */
int tar_header_decode(struct tar_reader *reader, const struct tar_header *header, uint64_t offset, struct error *err);

#endif
