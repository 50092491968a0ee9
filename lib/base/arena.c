#include "lib/base/compat.h"
#include "lib/base/arena.h"
#include "lib/base/alloc.h"

#define CHUNK ((size_t)32 << 10)
#define ALIGN sizeof(union piece)

union piece {
	void *pointer;
	int64_t number;
	double real;
};

struct arena_chunk {
	struct arena_chunk *before;
	size_t size;
	union piece data[];
};

static void add_chunk(struct arena *a, size_t size)
{
	struct arena_chunk *chunk;

	size = MAXIMUM(size, CHUNK);
	if (size > SIZE_MAX - sizeof(*chunk))
		alloc_failed(size);
	chunk = xmalloc(sizeof(*chunk) + size);
	chunk->before = a->chunk;
	chunk->size = size;
	a->chunk = chunk;
	a->at = (char *)chunk->data;
	a->end = a->at + size;
}

void *arena_alloc(struct arena *a, size_t size)
{
	char *piece;

	if (size > SIZE_MAX - ALIGN)
		alloc_failed(size);
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!a->at || size > (size_t)(a->end - a->at))
		add_chunk(a, size);
	piece = a->at;
	a->at += size;
	return piece;
}

char *arena_memdupz(struct arena *a, const void *data, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		alloc_failed(len);
	copy = arena_alloc(a, len + 1);
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

/* It and those before it. */
static void free_chunks(struct arena_chunk *chunk)
{
	while (chunk) {
		struct arena_chunk *before = chunk->before;

		free(chunk);
		chunk = before;
	}
}

/* A chunk that something great needed is not kept. */
void arena_clear(struct arena *a)
{
	struct arena_chunk *kept = a->chunk;

	if (!kept)
		return;
	if (kept->size > CHUNK) {
		arena_release(a);
		return;
	}
	free_chunks(kept->before);
	kept->before = NULL;
	a->at = (char *)kept->data;
}

void arena_release(struct arena *a)
{
	free_chunks(a->chunk);
	memset(a, 0, sizeof(*a));
}
