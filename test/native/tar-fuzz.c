/*
 * Feeds damaged copies of archives to the tar reader, in this process: tar-fuzz ROUNDS SEED ARCHIVE… Built with sanitizers; ends with 0 when every round ended with
 * entries or with a proper error. What the reader gives is read to the last byte.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../engine/native/tar_read.h"

#define SIZE_LIMIT (1u << 20)

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t below(size_t limit)
{
	return limit ? (size_t)(next_random() % limit) : 0;
}

static void seal(unsigned char *block)
{
	unsigned int sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

static void damage(unsigned char *data, size_t *size)
{
	static const char numbers[][16] = {"77777777777", "00000000000", "-0000000001", "\x80\0\0\0\1\0\0\0\0\0\0\0", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "           ", "9"};
	static const char types[] = "0123456789SxgLKDVMNX\0A";
	const size_t blocks = *size / TAR_BLOCK, changes = 1 + below(6);

	for (size_t i = 0; i < changes && blocks; i++) {
		unsigned char *block = data + below(blocks) * TAR_BLOCK;

		switch (below(9)) {
		case 0:
			block[below(TAR_BLOCK)] ^= (unsigned char)(1u << below(8));
			break;
		case 1:
			block[below(TAR_BLOCK)] = (unsigned char)next_random();
			break;
		case 2:
			memcpy(block + 124, numbers[below(7)], 1 + below(12));
			break;
		case 3:
			block[156] = (unsigned char)types[below(sizeof(types))];
			break;
		case 4:
			memcpy(block, data + below(blocks) * TAR_BLOCK, TAR_BLOCK);
			break;
		case 5:
			memset(block + below(TAR_BLOCK - 32), "\0 =9x\xff"[below(6)], 32);
			break;
		case 6:
			*size = below(*size + 1);
			return;
		case 7:
			memcpy(block + below(TAR_BLOCK - 12), numbers[below(7)], 1);
			break;
		default:
			memcpy(block + 386 + below(5) * 24, numbers[below(7)], 1 + below(12));
			block[482] = (unsigned char)below(2);
			break;
		}
		if (below(10) < 8)
			seal(block);
	}
}

static unsigned long touch(const char *text)
{
	unsigned long sum = 0;

	for (; text && *text; text++)
		sum += (unsigned char)*text;
	return sum;
}

static unsigned long read_all(int fd, unsigned long *errors)
{
	const struct tar_entry *entry;
	struct tar_reader reader;
	struct error err = {0};
	unsigned long sum = 0;
	int result;

	if (tar_reader_init(&reader, fd, &err))
		abort();
	while ((result = tar_next(&reader, &entry, &err)) == 0 && entry) {
		sum += touch(entry->path) + touch(entry->link) + entry->mode + entry->size;
		for (size_t i = 0; i < entry->xattr_count; i++) {
			sum += touch(entry->xattrs[i].name);
			for (size_t at = 0; at < entry->xattrs[i].size; at++)
				sum += ((const unsigned char *)entry->xattrs[i].value)[at];
		}
		if (below(3)) {
			int out = memfd_create("out", MFD_CLOEXEC);

			result = tar_write_contents(&reader, out, &err);
			close(out);
			if (result)
				break;
		}
	}
	if (!result)
		result = tar_drain(&reader, &err);
	if (result && !err.message[0])
		abort();
	if (result)
		++*errors;
	tar_reader_free(&reader);
	return sum;
}

int main(int argc, char **argv)
{
	unsigned char *original = malloc(SIZE_LIMIT), *copy = malloc(SIZE_LIMIT);
	const long rounds = argc > 3 ? atol(argv[1]) : 0;
	unsigned long errors = 0, sum = 0;

	if (!original || !copy || rounds <= 0)
		return 2;
	state = strtoull(argv[2], NULL, 10) | 1;
	for (long round = 0; round < rounds; round++) {
		const int in = open(argv[3 + below((size_t)argc - 3)], O_RDONLY | O_CLOEXEC);
		const ssize_t got = read(in, original, SIZE_LIMIT);
		size_t size = got > 0 ? (size_t)got : 0;
		int fd;

		close(in);
		memcpy(copy, original, size);
		damage(copy, &size);
		fd = memfd_create("archive", MFD_CLOEXEC);
		if (fd < 0 || write(fd, copy, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
			return 2;
		sum += read_all(fd, &errors);
		close(fd);
	}
	printf("%ld rounds, %lu errors, sum %lu\n", rounds, errors, sum);
	free(original);
	free(copy);
	return errors == 0;
}
