/*
 * Pages of objects: objects.list.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/gcs/gcs-internal.h"

/* No page has more. */
#define PAGE_MAX "1000"
/* Metadata are read by who asks for one object. */
#define ITEM_FIELDS "name,size,generation,updated,crc32c,md5Hash"

static void ask(struct google_call *c, const struct gcs_store *s,
		const char *prefix, unsigned flags, const char *cursor)
{
	const char *few = getenv("RESUTIL_TEST_GCS_PAGE");

	strvec_pushf(&c->query, "maxResults=%s", few ? few : PAGE_MAX);
	strvec_push(&c->query, "projection=noAcl");
	strvec_push(&c->query, "fields=kind,nextPageToken,prefixes,items("
		    ITEM_FIELDS ")");
	if (*s->prefix || *prefix)
		strvec_pushf(&c->query, "prefix=%s%s", s->prefix, prefix);
	if (flags & LIST_ONE_LEVEL)
		strvec_push(&c->query, "delimiter=/");
	if (*cursor)
		strvec_pushf(&c->query, "pageToken=%s", cursor);
	gcs_query(s, &c->query);
}

/* A list of the answer, or an empty one. */
static const struct value *list_of(const struct value *json, const char *key,
				   size_t *nr)
{
	const struct value *list = value_map_get(json, key);

	*nr = list && list->type == VALUE_LIST ? list->u.list.nr : 0;
	return list;
}

/*
 * Other tools make objects without bytes for folders, whose names end in '/':
 * they are no levels and no objects.
 */
static int tell_item(const struct gcs_store *s, const struct value *item,
		     object_fn fn, void *data, struct strbuf *err)
{
	const char *name = google_text(item, "name");
	struct object o = OBJECT_INIT;
	size_t len;
	int ret;

	/* A NUL in it, or a name that nobody asked for. */
	if (!name || strncmp(name, s->prefix, strlen(s->prefix)))
		return 0;
	len = strlen(name);
	if (value_map_get(item, "name")->u.text.len != len ||
	    len == strlen(s->prefix) || name[len - 1] == '/')
		return 0;
	ret = gcs_object_read(s, item, &o, err);
	if (!ret)
		ret = fn(&o, data);
	object_release(&o);
	return ret;
}

static int tell_level(const struct gcs_store *s, const struct value *item,
		      object_fn fn, void *data)
{
	char none[] = "";
	const char *name = value_text(item);
	struct object o = OBJECT_INIT;

	if (!name || strlen(name) != item->u.text.len ||
	    strncmp(name, s->prefix, strlen(s->prefix)))
		return 0;
	o.key = (char *)name + strlen(s->prefix);
	o.version = none;
	return fn(&o, data);
}

/* A service that has us turn in circles is not followed. */
static int go_on(const struct gcs_store *s, const struct value *json,
		 struct strbuf *cursor, struct strbuf *err)
{
	const struct value *next = value_map_get(json, "nextPageToken");
	const char *token = value_text(next);

	if (next && (!token || strlen(token) != next->u.text.len ||
		     (*token && !strcmp(token, cursor->buf))))
		return fail(err, ERR_CONTENT, "'%s' says that its listing goes "
			    "on, and not where", s->base.url);
	strbuf_reset(cursor);
	if (token)
		strbuf_addstr(cursor, token);
	return 0;
}

/* What answers in JSON and is no listing must not look like an empty store. */
static bool is_listing(const struct value *json)
{
	const char *kind = google_text(json, "kind");

	return (kind && !strcmp(kind, "storage#objects")) ||
	       value_map_get(json, "items");
}

int gcs_list_read(const struct gcs_store *s, const struct value *json,
		  struct strbuf *cursor, object_fn fn, void *data,
		  struct strbuf *err)
{
	const struct value *items, *levels;
	size_t nr, level_nr, i;
	int ret;

	if (!is_listing(json))
		return fail(err, ERR_CONTENT, "cannot list '%s': the answer is "
			    "no listing", s->base.url);
	items = list_of(json, "items", &nr);
	levels = list_of(json, "prefixes", &level_nr);
	ret = go_on(s, json, cursor, err);
	for (i = 0; i < nr && !ret; i++)
		ret = tell_item(s, items->u.list.item[i], fn, data, err);
	for (i = 0; i < level_nr && !ret; i++)
		ret = tell_level(s, levels->u.list.item[i], fn, data);
	return ret;
}

int gcs_list(struct transport *t, const char *prefix, unsigned flags,
	     struct strbuf *cursor, object_fn fn, void *data,
	     struct strbuf *err)
{
	struct gcs_store *s = gcs_store_of(t);
	struct strbuf path = STRBUF_INIT;
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	int ret;

	gcs_path(s, NULL, &path);
	c.path = path.buf;
	ask(&c, s, prefix, flags, cursor->buf);
	ret = google_call(&s->api, &c, err);
	if (!ret)
		ret = gcs_list_read(s, c.json, cursor, fn, data, err);
	google_call_release(&c);
	strbuf_release(&path);
	return ret;
}
