/* Extended headers of tar archives: pax records and GNU long names. */
#ifndef TUG_TAR_PAX_H
#define TUG_TAR_PAX_H

#include <stdbool.h>

#include "error.h"
#include "tar_format.h"
#include "tar_sparse.h"

#define TAR_EXTENDED_LIMIT (1u << 20)	/* bytes of one extended header; Go's archive/tar has the same */

enum tar_extended_field {
	TAR_HAS_SIZE = 1 << 0,
	TAR_HAS_UID = 1 << 1,
	TAR_HAS_GID = 1 << 2,
	TAR_HAS_MTIME = 1 << 3,
	TAR_HAS_MAJOR = 1 << 4,
	TAR_HAS_MINOR = 1 << 5,
	TAR_HAS_REAL_SIZE = 1 << 6,
};

/* What extended headers said. Strings and values point into `texts`. */
struct tar_extended {
	unsigned int fields;
	const char *path, *link, *sparse_name, *sparse_map;
	uint64_t size, uid, gid, real_size;
	struct timespec mtime;
	uint32_t device_major, device_minor;
	unsigned int sparse_major, sparse_minor;
	struct tar_xattr *xattrs;
	size_t xattr_count, xattr_capacity;
	struct tar_sparse_map sparse; /* pax 0.0 */
	char **texts;
	size_t text_count, text_bytes;
};

void tar_extended_free(struct tar_extended *extended);

/* Forgets everything but what `global` holds, whose strings are shared. */
int tar_extended_reset(struct tar_extended *extended, const struct tar_extended *global, struct error *err);

/* Takes over `text` (allocated, `size` bytes and a NUL after them) as pax records. `offset` is for messages. */
int tar_extended_records(struct tar_extended *extended, char *text, size_t size, uint64_t offset, struct error *err);

/* Takes over `text` as a GNU long name ('L') or long link ('K'). */
int tar_extended_long_name(struct tar_extended *extended, char *text, char type, struct error *err);

#endif
