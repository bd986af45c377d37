/* What reader and writer of tar archives share: the header block and the entry. POSIX.1-2017 pax, GNU tar manual "Basic Tar Format". */
#ifndef TUG_TAR_FORMAT_H
#define TUG_TAR_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TAR_BLOCK 512

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char device_major[8], device_minor[8];
	char prefix[155]; /* ustar only: GNU has times and the sparse map here */
	char padding[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is one block");

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHARACTER = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct tar_entry {
	enum tar_type type;
	const char *path, *link;	/* as in the archive: not cleaned, not to be trusted */
	uint32_t mode;			/* permission bits with setuid, setgid and sticky */
	uint64_t uid, gid;
	uint64_t size;			/* bytes of the file, holes included; 0 for all but files */
	struct timespec mtime;
	uint32_t device_major, device_minor;
	const struct tar_xattr *xattrs;
	size_t xattr_count;
	uint64_t offset;		/* of the header in the archive */
};

#endif
