/*
 * Which experiments of a store are meant, and what they need there: by their
 * records, which are learnt in waves.
 */
#include "lib/base/compat.h"
#include "lib/sync/copy-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/base/workers.h"
#include "lib/exp/record/name.h"

struct choice {
	struct copy *c;
	struct strmap seen;	/* names in c->list: they are wanted */
	struct strvec wave;	/* of these: what they need is not known yet */
	struct strvec lacking;	/* names that were told */
};

static void tell(struct copy *c, const char *name, const char *status,
		 int code, const struct strbuf *message)
{
	const struct sync_result result = {
		.name = name, .status = status, .other = "", .code = code,
		.message = message->buf
	};

	c->fn(&result, c->data);
}

static void want(struct choice *choice, struct remote_exp *e)
{
	if (strmap_get(&choice->seen, e->name))
		return;
	strmap_put(&choice->seen, e->name, e);
	strvec_push(&choice->wave, e->name);
}

/* ---- words --------------------------------------------------------------- */

static int find_exact(struct copy *c, const char *word, struct strbuf *err)
{
	if (!name_is_valid(word))
		return fail(err, ERR_NOT_FOUND, "'%s' is no name of an "
			    "experiment", word);
	if (!remote_list_find(&c->list, word))
		return fail(err, ERR_NOT_FOUND, "there is no experiment '%s' "
			    "in '%s'", word, c->from->name);
	return 0;
}

static void find_word(struct choice *choice, const char *word)
{
	struct copy *c = choice->c;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	if (c->options->exact) {
		strbuf_addstr(&name, word);
		ret = find_exact(c, word, &err);
	} else {
		ret = remote_find(c->from, &c->list, word, &name, &err);
	}
	if (!ret)
		want(choice, remote_list_find(&c->list, name.buf));
	else
		tell(c, word, ret == ERR_NOT_FOUND ? "missing" : "failed",
		     ret, &err);
	strbuf_release(&err);
	strbuf_release(&name);
}

/* ---- what they need ------------------------------------------------------ */

/* Each learns one: many at once, since each waits for an answer. */
struct lesson {
	struct work work;	/* first */
	struct copy *c;
	struct remote_exp *e;
	int code;
	struct strbuf err;
};

static void learn(struct work *work, unsigned worker UNUSED)
{
	struct lesson *l = (struct lesson *)work;

	l->code = remote_learn(l->c->from, l->e, 1, KNOWN_RECORD, 1, &l->err);
}

static int learn_wave(struct copy *c, const struct strvec *wave,
		      struct strbuf *err)
{
	struct lesson *lesson = xcalloc(wave->nr, sizeof(*lesson));
	struct workers *workers =
		workers_start((unsigned)MINIMUM(wave->nr, (size_t)c->jobs));
	size_t i;
	int ret = 0;

	for (i = 0; i < wave->nr; i++) {
		lesson[i].work.fn = learn;
		lesson[i].c = c;
		lesson[i].e = remote_list_find(&c->list, wave->v[i]);
		strbuf_init(&lesson[i].err);
		workers_add(workers, &lesson[i].work);
	}
	workers_wait_all(workers);
	workers_stop(&workers);
	for (i = 0; i < wave->nr; i++) {
		if (!ret && lesson[i].code)
			ret = fail(err, lesson[i].code, "%s",
				   lesson[i].err.buf);
		strbuf_release(&lesson[i].err);
	}
	free(lesson);
	return ret;
}

/* Its own name; else one of the same PREFIX_TIMESTAMP, when its comment was
 * changed: the run of that id, or, where none was recorded, the only one. */
static int find_needed(struct copy *c, const char *name, const char *id,
		       struct remote_exp **out, struct strbuf *err)
{
	struct remote_exp *e = remote_list_find(&c->list, name);
	size_t i, nr = 0;
	int ret = 0;

	*out = e;
	if (e || !name_is_valid(name))
		return 0;
	for (i = remote_list_from(&c->list, name, NAME_HEAD_LEN);
	     !ret && i < c->list.nr; i++) {
		e = &c->list.exp[i];
		if (strncmp(e->name, name, NAME_HEAD_LEN))
			break;
		if (id)
			ret = remote_learn(c->from, e, 1, KNOWN_INFO, 1, err);
		if (ret || (id && strcmp(e->info.id, id)))
			continue;
		*out = e;
		nr++;
	}
	if (nr != 1)
		*out = NULL;
	return ret;
}

static void tell_lacking(struct choice *choice, const char *name)
{
	struct copy *c = choice->c;
	struct strbuf text = STRBUF_INIT;

	if (strvec_find(&choice->lacking, name) >= 0)
		return;
	strvec_push(&choice->lacking, name);
	strvec_sort(&choice->lacking, false);
	strbuf_addf(&text, _("'%s' is needed and is not in '%s'"), name,
		    c->from->name);
	if (remote_list_find(&c->there, name)) {
		strbuf_addf(&text, _(", but in '%s'"), c->to->name);
		tell(c, name, "same", 0, &text);
	} else {
		tell(c, name, "missing", ERR_NOT_FOUND, &text);
	}
	strbuf_release(&text);
}

static int want_needed(struct choice *choice, const struct value *summary,
		       struct strbuf *err)
{
	const struct value *list = value_map_get(summary, "dependency");
	const struct value *ids = value_map_get(summary, "dependency_ids");
	struct remote_exp *e;
	size_t i;
	int ret = 0;

	if (!list || list->type != VALUE_LIST)
		return 0;
	for (i = 0; !ret && i < list->u.list.nr; i++) {
		const char *name = value_text(list->u.list.item[i]);
		const char *id = name && ids && ids->type == VALUE_MAP ?
				 value_get_text(ids, name) : NULL;

		if (!name)
			continue;
		ret = find_needed(choice->c, name, id, &e, err);
		if (!ret && e)
			want(choice, e);
		else if (!ret)
			tell_lacking(choice, name);
	}
	return ret;
}

static int want_all_needed(struct choice *choice, struct strbuf *err)
{
	struct copy *c = choice->c;
	int ret = 0;

	while (!ret && choice->wave.nr) {
		struct strvec wave = choice->wave;
		size_t i;

		choice->wave = (struct strvec)STRVEC_INIT;
		ret = learn_wave(c, &wave, err);
		/* What a bad pack needs nobody knows. */
		for (i = 0; !ret && i < wave.nr; i++)
			ret = want_needed(choice, remote_list_find(&c->list,
					  wave.v[i])->summary, err);
		strvec_release(&wave);
	}
	return ret;
}

int copy_choose(struct copy *c, const struct strvec *words,
		struct strvec *out, struct strbuf *err)
{
	struct choice choice = { .c = c, .wave = STRVEC_INIT,
				 .lacking = STRVEC_INIT };
	size_t i;
	int ret = 0;

	for (i = 0; i < words->nr; i++)
		find_word(&choice, words->v[i]);
	if (!c->options->no_dependency)
		ret = want_all_needed(&choice, err);
	for (i = 0; !ret && i < choice.seen.nr; i++)
		strvec_push(out, choice.seen.item[i].key);
	strvec_sort(out, true);
	strmap_release(&choice.seen);
	strvec_release(&choice.lacking);
	strvec_release(&choice.wave);
	return ret;
}
