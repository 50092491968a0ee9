/*
 * What is known of the packs of a store, beyond that they are there: their
 * comments and their records, read by ranges, each version once.
 */
#include "lib/base/compat.h"
#include "lib/sync/remote-list.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/record/record.h"
#include "lib/sync/known.h"
#include "lib/sync/remote-internal.h"
#include "lib/wrap/json.h"

/* How often one that keeps being replaced is begun again. */
#define TRIES 4

/* ---- summaries ----------------------------------------------------------- */

struct value *remote_summary(const struct value *record)
{
	static const struct {
		const char *path, *key;
	} keys[] = {
		{ "state", "state" }, { "at.created", "created" },
		{ "at.started", "started" }, { "at.finished", "finished" },
		{ "user", "user" }, { "host", "host" },
		{ "executor", "executor" }, { "tags", "tags" },
		{ "dependency", "dependency" },
		{ "dependency_ids", "dependency_ids" }
	};
	struct value *summary = value_new_map();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct value *v = value_get(record, keys[i].path);

		if (v && v->type != VALUE_NULL)
			value_map_set(summary, keys[i].key, value_copy(v));
	}
	return summary;
}

/* A text of the cache. false: it is no map, and the pack is read again. */
static bool read_kept(struct remote_exp *e)
{
	const char *text = e->kept;
	struct value *summary = NULL;

	e->kept = NULL;
	if (!text || json_parse(&summary, text, strlen(text), "cache", NULL))
		return false;
	if (summary->type != VALUE_MAP) {
		value_free(summary);
		return false;
	}
	e->summary = summary;
	e->level = KNOWN_RECORD;
	return true;
}

void remote_recall(struct remote *r UNUSED, struct remote_exp *exp, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		read_kept(&exp[i]);
}

/* ---- one pack ------------------------------------------------------------ */

/* A record that cannot be read is an empty one: the pack is good. */
static void set_summary(struct remote_exp *e, const struct strbuf *text)
{
	struct value *record = NULL;

	if (text->len && !record_parse(&record, text->buf, text->len,
				       RECORD_FILE, NULL) && record)
		record_normalize(record);
	e->summary = remote_summary(record);
	e->level = KNOWN_RECORD;
	value_free(record);
}

static int learn_version(struct remote *r, struct remote_exp *e,
			 enum known_level level,
			 const struct pack_limits *limits, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	if (level < KNOWN_RECORD)
		return remote_read_info(r, e, err);
	if (read_kept(e))
		return 0;
	ret = remote_read_record(r, e, limits, &text, err);
	if (!ret)
		set_summary(e, &text);
	strbuf_release(&text);
	return ret;
}

/* Nothing more can be known of it, in this version or at all. */
static void set_problem(struct remote_exp *e, struct strbuf *why)
{
	memset(&e->info, 0, sizeof(e->info));
	value_free(e->summary);
	e->summary = value_new_map();
	e->level = KNOWN_RECORD;
	free(e->problem);
	e->problem = strbuf_detach(why, NULL);
}

static bool is_bad(int ret)
{
	return ret == ERR_NOT_FOUND || ret == ERR_CONTENT ||
	       ret == ERR_CONFLICT;
}

static int learn_one(struct remote *r, struct remote_exp *e,
		     enum known_level level,
		     const struct pack_limits *limits, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int tries, ret = 0;

	for (tries = 0; tries < TRIES && e->level < level; tries++) {
		strbuf_reset(&why);
		ret = learn_version(r, e, level, limits, &why);
		if (ret == ERR_CONFLICT)
			ret = remote_look_again(r, e, &why);
		else
			break;
		if (ret)
			break;
		ret = ERR_CONFLICT;
	}
	if (!ret) {
		remote_note(r, e);
	} else if (is_bad(ret)) {
		if (ret == ERR_NOT_FOUND)
			remote_forget(r, e->name);
		set_problem(e, &why);
		ret = 0;
	} else {
		fail(err, ret, "%s", why.buf);
	}
	strbuf_release(&why);
	return ret;
}

int remote_learn_whole(struct remote *r, struct remote_exp *e,
		       const struct pack_limits *limits, struct strbuf *text,
		       struct strbuf *err)
{
	int tries, ret = ERR_CONFLICT;

	for (tries = 0; tries < TRIES && ret == ERR_CONFLICT; tries++) {
		strbuf_reset(err);
		strbuf_reset(text);
		ret = tries ? remote_look_again(r, e, err) : 0;
		if (!ret)
			ret = remote_read_record(r, e, limits, text, err);
	}
	if (ret == ERR_NOT_FOUND)
		remote_forget(r, e->name);
	if (!ret && e->level < KNOWN_RECORD) {
		set_summary(e, text);
		remote_note(r, e);
	}
	return ret;
}

/* ---- many ---------------------------------------------------------------- */

struct learning {
	struct remote *r;
	enum known_level level;
	struct pack_limits limits;
	int code;		/* of the first failure of the store */
	struct strbuf err;
};

struct lesson {
	struct work work;
	struct learning *learning;
	struct remote_exp *exp;
};

static bool has_failed(struct learning *l)
{
	bool failed;

	pthread_mutex_lock(&l->r->lock);
	failed = l->code != 0;
	pthread_mutex_unlock(&l->r->lock);
	return failed;
}

static void copy_listed(struct remote_exp *to, const struct remote_exp *from)
{
	*to = *from;
	to->name = xstrdup(from->name);
	to->version = xstrdup(from->version);
	to->summary = NULL;
	to->problem = NULL;
}

/*
 * Others use what is listed meanwhile, without the lock: they search by names,
 * and read what they have learnt themselves. So what is there already, and is
 * as it was, is neither written nor freed.
 */
static void take_learnt(struct remote_exp *listed, struct remote_exp *learnt,
			enum known_level level)
{
	if (listed->level >= level)
		return;		/* somebody else was faster */
	if (strcmp(listed->version, learnt->version)) {
		char *version = listed->version;

		listed->version = learnt->version;
		learnt->version = version;
		listed->size = learnt->size;
		listed->modified = learnt->modified;
	}
	if (listed->level < KNOWN_INFO || memcmp(&listed->info, &learnt->info,
						 sizeof(listed->info)))
		listed->info = learnt->info;
	listed->level = learnt->level;
	listed->kept = learnt->kept;
	listed->summary = learnt->summary;
	learnt->summary = NULL;
	listed->problem = learnt->problem;
	learnt->problem = NULL;
}

/* Learnt apart, so that a list can be looked at, under the lock, while it is
 * still being filled. */
static void do_lesson(struct work *work, unsigned worker UNUSED)
{
	struct lesson *lesson = (struct lesson *)work;
	struct learning *l = lesson->learning;
	struct strbuf err = STRBUF_INIT;
	struct remote_exp e;
	int ret;

	if (has_failed(l))
		return;
	copy_listed(&e, lesson->exp);
	ret = learn_one(l->r, &e, l->level, &l->limits, &err);
	pthread_mutex_lock(&l->r->lock);
	if (!ret) {
		take_learnt(lesson->exp, &e, l->level);
	} else if (!l->code) {
		l->code = ret;
		strbuf_addbuf(&l->err, &err);
	}
	pthread_mutex_unlock(&l->r->lock);
	remote_exp_release(&e);
	strbuf_release(&err);
}

static bool is_wanting(struct remote_exp *e, enum known_level level)
{
	return e->level < level &&
	       !(level == KNOWN_RECORD && e->level == KNOWN_INFO &&
		 read_kept(e));
}

static void learn_all(struct learning *l, struct remote_exp **wanting,
		      size_t nr, unsigned jobs)
{
	struct lesson *lesson = xcalloc(nr, sizeof(*lesson));
	struct workers *workers;
	size_t i;

	jobs = workers_with_files(jobs, REMOTE_FILES_EACH);
	workers = workers_start((unsigned)MINIMUM((size_t)jobs, nr));
	for (i = 0; i < nr; i++) {
		lesson[i].work.fn = do_lesson;
		lesson[i].learning = l;
		lesson[i].exp = wanting[i];
		workers_add(workers, &lesson[i].work);
	}
	workers_stop(&workers);
	free(lesson);
}

int remote_learn(struct remote *r, struct remote_exp *exp, size_t nr,
		 enum known_level level, unsigned jobs, struct strbuf *err)
{
	struct learning l = {
		.r = r, .level = level, .limits = PACK_LIMITS_INIT,
		.err = STRBUF_INIT
	};
	struct remote_exp **wanting = NULL;
	size_t nr_wanting = 0, alloc = 0, i;
	int ret;

	ret = pack_limits_fill(&l.limits, err);
	if (ret)
		return ret;
	pthread_mutex_lock(&r->lock);
	for (i = 0; i < nr; i++) {
		if (!is_wanting(&exp[i], level))
			continue;
		ARRAY_GROW(wanting, nr_wanting + 1, alloc);
		wanting[nr_wanting++] = &exp[i];
	}
	pthread_mutex_unlock(&r->lock);
	if (nr_wanting)
		learn_all(&l, wanting, nr_wanting, jobs ? jobs : REMOTE_JOBS);
	if (l.code)
		fail(err, l.code, "%s", l.err.buf);
	strbuf_release(&l.err);
	free(wanting);
	return l.code;
}

/* ---- notes --------------------------------------------------------------- */

void remote_note(struct remote *r, const struct remote_exp *exp)
{
	struct strbuf summary = STRBUF_INIT;
	struct known_exp k = {
		.name = exp->name, .size = exp->size, .version = exp->version,
		.modified = exp->modified, .level = exp->level,
		.info = exp->info
	};

	if (exp->problem)
		return;
	if (exp->summary)
		json_write(&summary, exp->summary);
	else if (exp->kept)
		strbuf_addstr(&summary, exp->kept);
	if (exp->level == KNOWN_INFO && summary.len)
		k.level = KNOWN_RECORD;
	k.summary = summary.buf;
	known_put(r->known, &k);
	strbuf_release(&summary);
}

void remote_forget(struct remote *r, const char *name)
{
	known_forget(r->known, name);
}
