/*
 * The dictionary is read by many threads without a lock: a path and its place
 * in the table are written once, before what leads to them; a table that
 * became too small stays until the end, since somebody may be reading it, and
 * who does not find a path there looks again under the lock.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/runs/run-row.h"

#include <pthread.h>

#define FIRST_SLOTS 256u
#define FIRST_PATHS 64u
#define CHUNKS 26	/* of paths; each is as long as all before it */

struct table {
	struct table *smaller;	/* what it took the place of */
	size_t mask;
	uint64_t slot[];	/* 0: free; else part of the hash, id + 1 */
};

struct field_names {
	pthread_mutex_t lock;	/* of writers */
	struct table *table;
	char **chunk[CHUNKS];
	size_t nr;
};

static struct table *table_new(size_t slots, struct table *smaller)
{
	struct table *t = xcalloc(1, sizeof(*t) + slots * sizeof(t->slot[0]));

	t->mask = slots - 1;
	t->smaller = smaller;
	return t;
}

struct field_names *field_names_new(void)
{
	struct field_names *names = xcalloc(1, sizeof(*names));

	pthread_mutex_init(&names->lock, NULL);
	names->table = table_new(FIRST_SLOTS, NULL);
	return names;
}

/* Where the path with that number is. */
static size_t chunk_of(size_t id, size_t *at)
{
	size_t chunk = 0, first = 0, nr = FIRST_PATHS;

	while (id >= first + nr) {
		first += nr;
		nr = first;
		chunk++;
	}
	*at = id - first;
	return chunk;
}

static size_t chunk_size(size_t chunk)
{
	return chunk ? (size_t)FIRST_PATHS << (chunk - 1) : FIRST_PATHS;
}

void field_names_free(struct field_names *names)
{
	struct table *t, *smaller;
	size_t i;

	if (!names)
		return;
	for (i = 0; i < names->nr; i++)
		free((char *)field_names_path(names, (unsigned)i));
	for (i = 0; i < CHUNKS; i++)
		free(names->chunk[i]);
	for (t = names->table; t; t = smaller) {
		smaller = t->smaller;
		free(t);
	}
	pthread_mutex_destroy(&names->lock);
	free(names);
}

size_t field_names_nr(const struct field_names *names)
{
	return __atomic_load_n(&names->nr, __ATOMIC_ACQUIRE);
}

const char *field_names_path(const struct field_names *names, unsigned id)
{
	size_t at, chunk = chunk_of(id, &at);
	char **paths = __atomic_load_n(&names->chunk[chunk], __ATOMIC_ACQUIRE);

	return __atomic_load_n(&paths[at], __ATOMIC_ACQUIRE);
}

static uint64_t hash_path(const char *path, size_t len)
{
	uint64_t hash = len, word;

	for (; len; path += sizeof(word), len -= sizeof(word)) {
		word = 0;
		memcpy(&word, path, MINIMUM(len, sizeof(word)));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
		if (len <= sizeof(word))
			break;
	}
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

#define HASH_PART UINT64_C(0xffffffff00000000)

static bool find(const struct field_names *names, uint64_t hash,
		 const char *path, size_t len, unsigned *id)
{
	const struct table *t = __atomic_load_n(&names->table,
						__ATOMIC_ACQUIRE);
	size_t i;

	for (i = hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t slot = __atomic_load_n(&t->slot[i], __ATOMIC_ACQUIRE);
		const char *there;

		if (!slot)
			return false;
		if ((slot ^ hash) & HASH_PART)
			continue;
		there = field_names_path(names, (unsigned)slot - 1);
		if (!strncmp(there, path, len) && !there[len]) {
			*id = (unsigned)slot - 1;
			return true;
		}
	}
}

static void put_slot(struct table *t, uint64_t hash, unsigned id)
{
	size_t i = hash & t->mask;

	while (t->slot[i])
		i = (i + 1) & t->mask;
	__atomic_store_n(&t->slot[i], (hash & HASH_PART) | (id + UINT64_C(1)),
			 __ATOMIC_RELEASE);
}

static void grow(struct field_names *names)
{
	struct table *t = table_new(2 * (names->table->mask + 1),
				    names->table);
	size_t i;

	for (i = 0; i < names->nr; i++) {
		const char *path = field_names_path(names, (unsigned)i);

		put_slot(t, hash_path(path, strlen(path)), (unsigned)i);
	}
	__atomic_store_n(&names->table, t, __ATOMIC_RELEASE);
}

/* Under the lock. */
static unsigned add(struct field_names *names, uint64_t hash, const char *path,
		    size_t len)
{
	size_t id = names->nr, at, chunk = chunk_of(id, &at);

	if (!names->chunk[chunk])
		__atomic_store_n(&names->chunk[chunk],
				 xcalloc(chunk_size(chunk), sizeof(char *)),
				 __ATOMIC_RELEASE);
	__atomic_store_n(&names->chunk[chunk][at], xmemdupz(path, len),
			 __ATOMIC_RELEASE);
	__atomic_store_n(&names->nr, id + 1, __ATOMIC_RELEASE);
	if (3 * names->nr > 2 * names->table->mask)
		grow(names);
	else
		put_slot(names->table, hash, (unsigned)id);
	return (unsigned)id;
}

unsigned field_names_add(struct field_names *names, const char *path,
			 size_t len)
{
	uint64_t hash = hash_path(path, len);
	unsigned id;

	if (find(names, hash, path, len, &id))
		return id;
	pthread_mutex_lock(&names->lock);
	if (!find(names, hash, path, len, &id))
		id = add(names, hash, path, len);
	pthread_mutex_unlock(&names->lock);
	return id;
}

bool field_names_find(const struct field_names *names, const char *path,
		      unsigned *id)
{
	size_t len = strlen(path);

	return find(names, hash_path(path, len), path, len, id);
}
