#include "lib/base/compat.h"
#include "lib/base/strmap.h"

#include "lib/base/alloc.h"

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

void strmap_release(struct strmap *map)
{
	const struct strmap empty = STRMAP_INIT;

	free(map->item);
	free(map->slot);
	*map = empty;
}

/* The slot of `key`, or the free one (0) where it would go. */
static size_t *find_slot(const struct strmap *map, const char *key,
			 uint64_t hash)
{
	size_t at = (size_t)hash & (map->slots - 1);

	while (map->slot[at]) {
		const struct strmap_item *item = &map->item[map->slot[at] - 1];

		if (item->hash == hash && !strcmp(item->key, key))
			break;
		at = (at + 1) & (map->slots - 1);
	}
	return &map->slot[at];
}

/* At least every second slot stays free. */
static void grow(struct strmap *map)
{
	size_t i;

	if (map->nr < map->slots / 2)
		return;
	map->slots = map->slots ? map->slots * 2 : 64;
	free(map->slot);
	map->slot = xcalloc(map->slots, sizeof(*map->slot));
	for (i = 0; i < map->nr; i++)
		*find_slot(map, map->item[i].key, map->item[i].hash) = i + 1;
}

void *strmap_get(const struct strmap *map, const char *key)
{
	size_t slot;

	if (!map->nr)
		return NULL;
	slot = *find_slot(map, key, hash_text(key));
	return slot ? map->item[slot - 1].value : NULL;
}

void *strmap_put(struct strmap *map, const char *key, void *value)
{
	uint64_t hash = hash_text(key);
	struct strmap_item *item;
	size_t *slot;
	void *before;

	grow(map);
	slot = find_slot(map, key, hash);
	if (!*slot && !value)
		return NULL;
	if (!*slot) {
		ARRAY_GROW(map->item, map->nr + 1, map->alloc);
		map->item[map->nr].key = key;
		map->item[map->nr].hash = hash;
		map->item[map->nr].value = NULL;
		*slot = ++map->nr;
	}
	item = &map->item[*slot - 1];
	before = item->value;
	item->value = value;
	return before;
}
