/*
 * Which packs are read whole, where all of them would take too long.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include <sys/random.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"

/* FNV-1a of the name: the same packs in every clone, and new ones change
 * nothing for the others. Source: resutil-check-store(1). */
static unsigned part_of(const char *name, unsigned parts)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return (unsigned)((hash ^ hash >> 32) % parts);
}

/* xorshift64*: it only spreads. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

/* The packs in an order that chance picks. */
static int shuffle(size_t **out, size_t nr, struct strbuf *err)
{
	size_t *order, i;
	uint64_t state;

	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		return fail_errno(err, "cannot get random bytes");
	state |= 1;
	order = xrealloc_array(NULL, MAXIMUM(nr, (size_t)1), sizeof(*order));
	for (i = 0; i < nr; i++) {
		size_t j = (size_t)(next_random(&state) % (i + 1));

		order[i] = order[j];
		order[j] = i;
	}
	*out = order;
	return 0;
}

static int choose_at_random(const struct check_subset *subset,
			    struct checked *pack, size_t nr,
			    struct strbuf *err)
{
	uint64_t left = subset->bytes;
	size_t *order = NULL, i, wanted = nr;
	int ret = shuffle(&order, nr, err);

	if (ret)
		return ret;
	if (subset->percent > 0) {
		/* a part of a pack is one more */
		double part = subset->percent * (double)nr / 100;

		wanted = (size_t)part;
		wanted += (double)wanted < part;
		left = UINT64_MAX;
	}
	for (i = 0; i < nr && wanted; i++) {
		struct checked *p = &pack[order[i]];

		if (p->exp->size > left)
			continue;
		left -= p->exp->size;
		p->chosen = true;
		wanted--;
	}
	free(order);
	return 0;
}

int subset_choose(const struct check_subset *subset, struct checked *pack,
		  size_t nr, struct strbuf *err)
{
	size_t i;

	if (subset && (subset->percent > 0 || subset->bytes))
		return choose_at_random(subset, pack, nr, err);
	for (i = 0; i < nr; i++)
		pack[i].chosen = !subset || !subset->parts ||
				 part_of(pack[i].exp->name, subset->parts) ==
				 subset->part - 1;
	return 0;
}
