/*
 * What answers say of an object.
 * Source: Cloud Storage JSON API v1, "Objects".
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/gcs/gcs-internal.h"

bool gcs_is_generation(const char *text)
{
	size_t len = strlen(text);

	return len && len < 20 && strspn(text, "0123456789") == len;
}

/* What others have written there is taken as it is, where it fits. */
static void read_meta(struct object *o, const struct value *map)
{
	size_t i;

	if (!map || map->type != VALUE_MAP)
		return;
	for (i = 0; i < map->u.map.nr; i++) {
		const struct value_pair *pair = &map->u.map.pair[i];
		const struct value *value = pair->value;

		if (value->type != VALUE_TEXT ||
		    strlen(value->u.text.text) != value->u.text.len ||
		    strchr(pair->key, '='))
			continue;
		strvec_pushf(&o->meta, "%s=%s", pair->key,
			     value->u.text.text);
		if (object_meta_check(&o->meta, NULL))
			strvec_remove(&o->meta, o->meta.nr - 1);
	}
}

static void read_sums(struct object *o, const struct value *json)
{
	unsigned char raw[CRC32C_RAWSZ];
	const char *crc = google_text(json, "crc32c");
	const char *md5 = google_text(json, "md5Hash");

	if (crc && google_bytes(raw, sizeof(raw), crc)) {
		o->crc32c = crc32c_of_raw(raw);
		o->sums |= OBJECT_HAS_CRC32C;
	}
	/* What was composed of parts has none. */
	if (md5 && google_bytes(o->md5, sizeof(o->md5), md5))
		o->sums |= OBJECT_HAS_MD5;
}

int gcs_object_read(const struct gcs_store *s, const struct value *json,
		    struct object *o, struct strbuf *err)
{
	const char *name = google_text(json, "name");
	const char *generation = google_text(json, "generation");
	size_t skip = strlen(s->prefix);
	uint64_t size;

	if (!name || strncmp(name, s->prefix, skip))
		return fail(err, ERR_CONTENT, "an answer of '%s' is about "
			    "another object than it was asked for",
			    s->base.url);
	if (!generation || !gcs_is_generation(generation) ||
	    !google_number(&size, json, "size"))
		return fail(err, ERR_CONTENT, "'%s' tells no size or no "
			    "generation of '%s'", s->base.url, name + skip);
	o->key = xstrdup(name + skip);
	o->version = xstrdup(generation);
	o->size = size;
	o->modified = google_time(json, "updated");
	read_sums(o, json);
	read_meta(o, value_map_get(json, "metadata"));
	return 0;
}
