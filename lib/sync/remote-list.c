#include "lib/base/compat.h"
#include "lib/sync/remote-list.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/record/name.h"
#include "lib/exp/store/remotes.h"
#include "lib/exp/conf/store-url.h"
#include "lib/exp/store/trust.h"
#include "lib/sync/known.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-internal.h"
#include "lib/wrap/digest.h"
#include "transport/transport.h"

#define SUFFIX ".zip"

/* ---- one remote ---------------------------------------------------------- */

/* A store that has no name is known by its URL: by the hash of it, since it is
 * the name of a file. No name of a remote begins so. */
static int cache_name(struct strbuf *out, const char *url, struct strbuf *err)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	digest_add(d, url, strlen(url));
	digest_finish(&d, raw);
	strbuf_addch(out, '@');
	digest_hex(out, raw);
	return 0;
}

static int find_conf(struct remote_conf *conf, struct strbuf *base,
		     const struct project *p, const char *name, bool is_url,
		     struct strbuf *err)
{
	if (!is_url) {
		int ret = remotes_find(conf, p, name, err);

		strbuf_addstr(base, p->root);
		return ret ? ret : trust_check_store(p, name, conf->type,
						     conf->config, err);
	}
	/* what is typed counts from where it is typed */
	if (path_cwd(base, err))
		return ERR_FAILED;
	return store_url_parse(name, &conf->type, &conf->config, NULL, err);
}

static int open_store(struct remote *r, const struct remote_conf *conf,
		      const char *base, unsigned patience, struct strbuf *err)
{
	struct strvec hosts = STRVEC_INIT;
	struct transport_config c = {
		.type = conf->type, .config = conf->config,
		.base_dir = base, .patience = patience,
		.google_hosts = &hosts
	};
	struct strbuf ca_file = STRBUF_INIT;
	int ret = http_conf_fill(&c.http, r->project, &ca_file, err);

	if (!ret)
		ret = http_conf_google_hosts(&hosts, err);
	if (!ret)
		ret = transport_open(&r->transport, &c, err);
	strbuf_release(&ca_file);
	strvec_clear(&hosts);
	return ret;
}

static int open_known(struct remote *r, struct strbuf *err)
{
	const char *url = transport_url(r->transport);
	struct strbuf file = STRBUF_INIT;
	int ret = 0;

	if (r->is_url)
		ret = cache_name(&file, url, err);
	else
		strbuf_addstr(&file, r->name);
	if (!ret)
		r->known = known_open(r->project, file.buf, url, r->prefix);
	strbuf_release(&file);
	return ret;
}

static char *place_of(const struct transport *t,
		      const struct remote_conf *conf)
{
	struct strbuf url = STRBUF_INIT;
	const char *query;
	char *place;

	store_url_format(conf->type, conf->config, &url);
	query = strchr(url.buf, '?');
	place = xstrfmt("%s%s", transport_url(t), query ? query : "");
	strbuf_release(&url);
	return place;
}

int remote_open(struct remote **out, const struct project *p,
		const char *name, unsigned patience, struct strbuf *err)
{
	struct remote *r = xcalloc(1, sizeof(*r));
	struct remote_conf conf = { 0 };
	struct strbuf base = STRBUF_INIT;
	int ret;

	*out = NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->project = p;
	r->prefix = xstrfmt("%s/", p->name);
	r->is_url = name && store_url_looks(name);
	ret = find_conf(&conf, &base, p, name, r->is_url, err);
	if (!ret)
		ret = open_store(r, &conf, base.buf, patience, err);
	if (ret)
		goto cleanup;
	r->place = place_of(r->transport, &conf);
	r->name = xstrdup(r->is_url ? transport_url(r->transport) :
			  name ? name : REMOTE_ORIGIN);
	ret = open_known(r, err);

cleanup:
	remote_conf_release(&conf);
	strbuf_release(&base);
	if (ret)
		remote_close(r);
	else
		*out = r;
	return ret;
}

void remote_save(struct remote *r)
{
	known_save(r->known);
}

void remote_close(struct remote *r)
{
	if (!r)
		return;
	known_close(r->known);
	ledger_close(r->ledger);
	transport_close(r->transport);
	pthread_mutex_destroy(&r->lock);
	free(r->place);
	free(r->prefix);
	free(r->name);
	free(r);
}

int remote_open_ledger(struct remote *r, struct strbuf *err)
{
	struct remote_conf conf = { 0 };
	int ret;

	if (r->is_url || r->ledger)
		return 0;
	ret = remotes_find(&conf, r->project, r->name, err);
	if (!ret)
		ret = ledger_open(&r->ledger, r->project, r->name, err);
	if (!ret)
		ledger_set_store(r->ledger, &conf);
	remote_conf_release(&conf);
	return ret;
}

unsigned remote_jobs(const struct remote *r)
{
	return transport_caps(r->transport) & TRANSPORT_IS_FAR ?
	       REMOTE_JOBS_FAR : REMOTE_JOBS;
}

void remote_key(const struct remote *r, const char *name, struct strbuf *out)
{
	strbuf_addf(out, "%s%s%s", r->prefix, name, SUFFIX);
}

/* ---- lists --------------------------------------------------------------- */

void remote_exp_release(struct remote_exp *e)
{
	free(e->name);
	free(e->version);
	free(e->problem);
	value_free(e->summary);
	memset(e, 0, sizeof(*e));
}

void remote_list_release(struct remote_list *list)
{
	const struct remote_list empty = REMOTE_LIST_INIT;
	size_t i;

	for (i = 0; i < list->nr; i++)
		remote_exp_release(&list->exp[i]);
	free(list->exp);
	*list = empty;
}

struct remote_exp *remote_list_find(const struct remote_list *list,
				    const char *name)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, list->exp[middle].name);

		if (!order)
			return &list->exp[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t remote_list_from(const struct remote_list *list, const char *text,
			size_t len)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(list->exp[middle].name, text, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct remote_exp *list_add(struct remote_list *list)
{
	struct remote_exp *e;

	ARRAY_GROW(list->exp, list->nr + 1, list->alloc);
	e = &list->exp[list->nr++];
	memset(e, 0, sizeof(*e));
	return e;
}

static int compare_names(const void *a, const void *b)
{
	const struct remote_exp *one = a, *two = b;

	return strcmp(one->name, two->name);
}

/* Where a store gives a name twice, the first one counts. */
static void list_sort(struct remote_list *list)
{
	size_t i, kept = 0;

	if (!list->nr)
		return;
	qsort(list->exp, list->nr, sizeof(*list->exp), compare_names);
	for (i = 1; i < list->nr; i++) {
		if (strcmp(list->exp[kept].name, list->exp[i].name)) {
			list->exp[++kept] = list->exp[i];
			continue;
		}
		remote_exp_release(&list->exp[i]);
		list->garbage++;
	}
	list->nr = kept + 1;
}

/* ---- what is known of them ----------------------------------------------- */

void remote_from_known(struct remote_exp *e, const struct known_exp *k)
{
	e->info = k->info;
	e->level = (enum known_level)k->level;
	e->kept = NULL;
	if (e->level == KNOWN_RECORD) {
		e->level = KNOWN_INFO;
		e->kept = k->summary;
	}
}

static void put_known(struct remote *r, const struct remote_exp *e)
{
	struct known_exp k = {
		.name = e->name, .size = e->size, .version = e->version,
		.modified = e->modified, .level = e->level, .info = e->info,
		.summary = ""
	};

	known_put(r->known, &k);
}

/* What the cache has of it, which from now on is at least that it is there. */
static void recall_or_note(struct remote *r, struct remote_exp *e)
{
	struct known_exp k;

	if (known_find(r->known, e->name, e->version, &k))
		remote_from_known(e, &k);
	else
		put_known(r, e);
}

/* ---- asking the store ---------------------------------------------------- */

struct listing {
	const struct remote *r;
	struct remote_list *list;
};

/* The name in a key that is exactly PREFIX NAME ".zip"; NULL for others. */
static char *name_of_key(const struct remote *r, const char *key)
{
	size_t prefix = strlen(r->prefix), suffix = strlen(SUFFIX);
	size_t len = strlen(key);
	char *name;

	if (len <= prefix + suffix || memcmp(key, r->prefix, prefix) ||
	    memcmp(key + len - suffix, SUFFIX, suffix))
		return NULL;
	name = xmemdupz(key + prefix, len - prefix - suffix);
	if (name_is_valid(name))
		return name;
	free(name);
	return NULL;
}

static int take_object(const struct object *o, void *data)
{
	struct listing *l = data;
	char *name = name_of_key(l->r, o->key);
	struct remote_exp *e;

	if (!name) {
		l->list->garbage++;
		return 0;
	}
	e = list_add(l->list);
	e->name = name;
	e->size = o->size;
	e->version = xstrdup(o->version);
	e->modified = o->modified;
	return 0;
}

int remote_list(struct remote *r, struct remote_list *out, struct strbuf *err)
{
	struct listing l = { .r = r, .list = out };
	size_t i;
	int ret;

	ret = transport_list(r->transport, r->prefix, LIST_ONE_LEVEL,
			     take_object, &l, err);
	if (ret) {
		remote_list_release(out);
		return ret;
	}
	out->seen = moment_now().sec;
	list_sort(out);
	known_listing_begin(r->known);
	for (i = 0; i < out->nr; i++)
		recall_or_note(r, &out->exp[i]);
	known_listing_end(r->known, out->seen);
	return 0;
}

static void take_known(const struct known_exp *k, void *data)
{
	struct remote_exp *e = list_add(data);

	e->name = xstrdup(k->name);
	e->size = k->size;
	e->version = xstrdup(k->version);
	e->modified = k->modified;
	remote_from_known(e, k);
}

int remote_list_cached(struct remote *r, struct remote_list *out,
		       struct strbuf *err)
{
	if (!known_seen(r->known))
		return fail(err, ERR_NOT_FOUND, "it is not known what '%s' "
			    "holds: it was never asked", r->name);
	known_each(r->known, take_known, out);
	out->seen = known_seen(r->known);
	list_sort(out);
	return 0;
}

/* ---- a few names --------------------------------------------------------- */

struct look {
	struct work work;
	struct remote *r;
	const char *name;
	struct object object;
	int code;
	struct strbuf err;
};

static void look_one(struct work *work, unsigned worker UNUSED)
{
	struct look *look = (struct look *)work;
	struct strbuf key = STRBUF_INIT;

	remote_key(look->r, look->name, &key);
	look->code = transport_stat(look->r->transport, key.buf,
				    &look->object, &look->err);
	strbuf_release(&key);
}

int remote_look_again(struct remote *r, struct remote_exp *e,
		      struct strbuf *err)
{
	struct object object = OBJECT_INIT;
	struct strbuf key = STRBUF_INIT;
	int ret;

	remote_key(r, e->name, &key);
	ret = transport_stat(r->transport, key.buf, &object, err);
	if (!ret) {
		free(e->version);
		e->version = xstrdup(object.version);
		e->size = object.size;
		e->modified = object.modified;
		e->level = KNOWN_LISTED;
		e->kept = NULL;
		memset(&e->info, 0, sizeof(e->info));
		recall_or_note(r, e);
	}
	object_release(&object);
	strbuf_release(&key);
	return ret;
}

/* The first failure that is more than "it is not there". */
static int gather(struct remote *r, struct look *look, size_t nr,
		  struct remote_list *out, struct strbuf *err)
{
	struct remote_exp *e;
	size_t i;

	for (i = 0; i < nr; i++)
		if (look[i].code && look[i].code != ERR_NOT_FOUND)
			return fail(err, look[i].code, "%s", look[i].err.buf);
	for (i = 0; i < nr; i++) {
		if (look[i].code) {
			known_forget(r->known, look[i].name);
			continue;
		}
		e = list_add(out);
		e->name = xstrdup(look[i].name);
		e->size = look[i].object.size;
		e->version = xstrdup(look[i].object.version);
		e->modified = look[i].object.modified;
		recall_or_note(r, e);
	}
	out->seen = moment_now().sec;
	return 0;
}

static int look_by_stats(struct remote *r, const struct strvec *names,
			 unsigned jobs, struct remote_list *out,
			 struct strbuf *err)
{
	struct look *look = xcalloc(names->nr, sizeof(*look));
	struct workers *workers;
	size_t i;
	int ret;

	if (!jobs || jobs > names->nr)
		jobs = (unsigned)names->nr;
	workers = workers_start(workers_with_files(jobs, REMOTE_FILES_EACH));
	for (i = 0; i < names->nr; i++) {
		look[i].work.fn = look_one;
		look[i].r = r;
		look[i].name = names->v[i];
		strvec_init(&look[i].object.meta);
		strbuf_init(&look[i].err);
		workers_add(workers, &look[i].work);
	}
	workers_stop(&workers);
	ret = gather(r, look, names->nr, out, err);
	for (i = 0; i < names->nr; i++) {
		object_release(&look[i].object);
		strbuf_release(&look[i].err);
	}
	free(look);
	return ret;
}

int remote_look(struct remote *r, const struct strvec *names, unsigned jobs,
		struct remote_list *out, struct strbuf *err)
{
	size_t i, kept = 0;
	int ret;

	if (!names->nr)
		return 0;
	if (names->nr <= REMOTE_STAT_MAX)
		return look_by_stats(r, names, jobs, out, err);
	ret = remote_list(r, out, err);
	for (i = 0; i < out->nr; i++) {
		if (strvec_find(names, out->exp[i].name) >= 0)
			out->exp[kept++] = out->exp[i];
		else
			remote_exp_release(&out->exp[i]);
	}
	out->nr = kept;
	return ret;
}
