#define _GNU_SOURCE
#include "inode_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct inode_table *table, struct error *err);
static struct inode_slot *find(const struct inode_table *table, dev_t device, ino_t inode);

int inode_table_put(struct inode_table *table, dev_t device, ino_t inode, const char *text, const char **found, struct error *err)
{
	struct inode_slot *slot;

	*found = NULL;
	if (2 * table->count >= table->capacity && grow(table, err))
		return -1;
	slot = find(table, device, inode);
	if (slot->text) {
		*found = slot->text;
		return 0;
	}
	slot->text = strdup(text);
	if (!slot->text)
		return error_system(err, "allocate", NULL);
	slot->device = device;
	slot->inode = inode;
	table->count++;
	return 0;
}

void inode_table_free(struct inode_table *table)
{
	for (size_t i = 0; i < table->capacity; i++)
		free(table->slots[i].text);
	free(table->slots);
	memset(table, 0, sizeof(*table));
}

static int grow(struct inode_table *table, struct error *err)
{
	struct inode_table bigger = {.capacity = table->capacity ? 2 * table->capacity : 256, .count = table->count};

	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return error_system(err, "allocate", NULL);
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].text)
			*find(&bigger, table->slots[i].device, table->slots[i].inode) = table->slots[i];
	free(table->slots);
	*table = bigger;
	return 0;
}

/* The inode's slot, or the free one where it belongs. The capacity is a power of two and never all used. */
static struct inode_slot *find(const struct inode_table *table, dev_t device, ino_t inode)
{
	const size_t mask = table->capacity - 1;
	size_t at = (size_t)(((uint64_t)inode ^ (uint64_t)device << 32) * 0x9e3779b97f4a7c15u >> 20) & mask;

	while (table->slots[at].text && (table->slots[at].device != device || table->slots[at].inode != inode))
		at = (at + 1) & mask;
	return &table->slots[at];
}
