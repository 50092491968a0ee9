/*
 * What was seen of files, so that a get need not look at each of them before it
 * asks for its bytes. It asks for one revision of one file, so what it gives is
 * what was seen, also when the file was replaced since. All is forgotten when
 * this handle changes something.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "transport/gdrive/gdrive-internal.h"

/* Milliseconds. */
#define SEEN_LASTS 60000
/* Then it begins anew. */
#define SEEN_MAX 10000

struct gdrive_seen {
	char *id;		/* the map's key */
	char *key, *version;
	bool has_revision;
	uint64_t size, asked;
	unsigned sums;
	unsigned char md5[16];
};

static uint64_t lasts(void)
{
	const char *few = getenv("RESUTIL_TEST_GDRIVE_SEEN");

	return few ? strtoull(few, NULL, 10) : SEEN_LASTS;
}

static void drop_all(struct gdrive_store *s)
{
	size_t i;

	for (i = 0; i < s->seen.nr; i++) {
		struct gdrive_seen *seen = s->seen.item[i].value;

		free(seen->id);
		free(seen->key);
		free(seen->version);
		free(seen);
	}
	strmap_release(&s->seen);
	s->seen = (struct strmap)STRMAP_INIT;
}

void gdrive_forget_seen(struct gdrive_store *s)
{
	pthread_mutex_lock(&s->lock);
	s->changes++;
	drop_all(s);
	pthread_mutex_unlock(&s->lock);
}

uint64_t gdrive_changes(struct gdrive_store *s)
{
	uint64_t changes;

	pthread_mutex_lock(&s->lock);
	changes = s->changes;
	pthread_mutex_unlock(&s->lock);
	return changes;
}

static struct gdrive_seen *entry_of(struct gdrive_store *s, const char *id)
{
	struct gdrive_seen *seen = strmap_get(&s->seen, id);

	if (seen) {
		free(seen->key);
		free(seen->version);
		return seen;
	}
	if (s->seen.nr >= SEEN_MAX)
		drop_all(s);
	seen = xcalloc(1, sizeof(*seen));
	seen->id = xstrdup(id);
	strmap_put(&s->seen, seen->id, seen);
	return seen;
}

void gdrive_saw(struct gdrive_store *s, const char *key, const char *id,
		bool has_revision, const struct object *o, uint64_t asked,
		uint64_t changes)
{
	struct gdrive_seen *seen;

	pthread_mutex_lock(&s->lock);
	if (changes == s->changes) {
		seen = entry_of(s, id);
		seen->key = xstrdup(key);
		seen->version = xstrdup(o->version);
		seen->has_revision = has_revision;
		seen->size = o->size;
		seen->asked = asked;
		seen->sums = o->sums;
		memcpy(seen->md5, o->md5, sizeof(seen->md5));
	}
	pthread_mutex_unlock(&s->lock);
}

static void copy(struct gdrive_file *out, const struct gdrive_seen *seen,
		 const char *revision)
{
	struct object *o = &out->object;

	out->id = xstrdup(seen->id);
	out->revision = seen->has_revision ? xstrdup(revision) : NULL;
	out->has_bytes = true;
	o->version = xstrdup(seen->version);
	o->size = seen->size;
	o->sums = seen->sums;
	memcpy(o->md5, seen->md5, sizeof(o->md5));
}

bool gdrive_was_seen(struct gdrive_store *s, const char *key,
		     const char *version, struct gdrive_file *out)
{
	struct strbuf id = STRBUF_INIT, revision = STRBUF_INIT;
	const struct gdrive_seen *seen;
	bool found = false;

	if (!gdrive_version(version, &id, &revision))
		goto cleanup;
	pthread_mutex_lock(&s->lock);
	seen = strmap_get(&s->seen, id.buf);
	found = seen && seen->asked + lasts() > gdrive_ticks() &&
		!strcmp(seen->key, key) && !strcmp(seen->version, version);
	if (found)
		copy(out, seen, revision.buf);
	pthread_mutex_unlock(&s->lock);

cleanup:
	strbuf_release(&revision);
	strbuf_release(&id);
	return found;
}
