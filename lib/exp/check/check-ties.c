#include "lib/base/compat.h"
#include "lib/exp/check/check-ties.h"

#include "lib/base/alloc.h"
#include "lib/base/quote.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

struct tie {
	size_t from;		/* of c->exp */
	char *to;
	char id[37];		/* "": not known */
};

struct ties {
	struct check *c;
	struct tie *tie;
	size_t nr, alloc;
};

struct ties *ties_new(struct check *c)
{
	struct ties *t = xcalloc(1, sizeof(*t));

	t->c = c;
	return t;
}

void ties_free(struct ties *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		free(t->tie[i].to);
	free(t->tie);
	free(t);
}

void ties_note(struct ties *t, size_t nr, const struct value *record)
{
	const struct value *list = value_map_get(record, "dependency");
	const struct value *ids = value_map_get(record, "dependency_ids");
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return;
	for (i = 0; i < list->u.list.nr; i++) {
		const char *to = value_text(list->u.list.item[i]);
		const struct value *id = to ? value_map_get(ids, to) : NULL;
		const char *text = id ? value_text(id) : NULL;
		struct tie *tie;

		if (!to)
			continue;
		ARRAY_GROW(t->tie, t->nr + 1, t->alloc);
		tie = &t->tie[t->nr++];
		memset(tie, 0, sizeof(*tie));
		tie->from = nr;
		tie->to = xstrdup(to);
		if (text && record_is_id(text))
			memcpy(tie->id, text, sizeof(tie->id));
	}
}

/* ---- ids ----------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	const struct check_exp *one = *(const struct check_exp *const *)a;
	const struct check_exp *two = *(const struct check_exp *const *)b;
	int order = strcmp(one->id, two->id);

	return order ? order : strcmp(one->name, two->name);
}

static void check_ids(struct check *c)
{
	static const char id[] = "duplicate-id";
	const struct check_exp **exp = xcalloc(c->names.nr + 1, sizeof(*exp));
	struct strbuf path = STRBUF_INIT;
	size_t i, first = 0;

	for (i = 0; i < c->names.nr; i++)
		exp[i] = &c->exp[i];
	qsort(exp, c->names.nr, sizeof(*exp), compare_ids);
	for (i = 1; i < c->names.nr; i++) {
		struct finding f = { .level = FINDING_ERROR, .id = id,
				     .name = exp[i]->name };

		if (strcmp(exp[i]->id, exp[first]->id)) {
			first = i;
			continue;
		}
		/* One may be renamed while we look. */
		if (!*exp[i]->id || !exp_is_here(c->p, exp[i]->name) ||
		    !exp_is_here(c->p, exp[first]->name))
			continue;
		strbuf_reset(&path);
		project_exp_path(c->p, exp[i]->name, &path);
		check_found(c, &f, path.buf, "it is the same run as '%s', a "
			    "copy, by the id in its record; remove one of the "
			    "two", exp[first]->name);
	}
	strbuf_release(&path);
	free(exp);
}

/* ---- dependencies -------------------------------------------------------- */

enum tie_state { TIE_GOOD, TIE_MISSING, TIE_AMBIGUOUS, TIE_DIFFERS };

/* Experiments with the same head that can be meant: those of that id, else
 * those whose id is not known. */
static size_t count_others(const struct check *c, const struct tie *tie,
			   bool guess)
{
	size_t same = 0, unknown = 0, i;

	for (i = strvec_from(&c->names, tie->to, NAME_HEAD_LEN);
	     i < c->names.nr &&
	     !strncmp(c->names.v[i], tie->to, NAME_HEAD_LEN); i++) {
		if (!strcmp(c->names.v[i], tie->to))
			continue;
		if (*tie->id && *c->exp[i].id)
			same += !strcmp(tie->id, c->exp[i].id);
		else
			unknown++;
	}
	if (same)
		return same;
	return guess || !*tie->id ? unknown : 0;
}

/* As exp_find_dependency(), of the records that were read. */
static enum tie_state judge(const struct check *c, const struct tie *tie)
{
	size_t others;
	ssize_t at;
	bool here;

	if (!name_is_valid(tie->to))
		return TIE_MISSING;
	at = strvec_find(&c->names, tie->to);
	here = at >= 0;
	if (here && (!*tie->id || !*c->exp[at].id ||
		     !strcmp(tie->id, c->exp[at].id)))
		return TIE_GOOD;
	others = count_others(c, tie, !here);
	if (others == 1)
		return TIE_GOOD;
	if (here)
		return TIE_DIFFERS;
	return others ? TIE_AMBIGUOUS : TIE_MISSING;
}

/*
 * What a store has is not lost. Nor is what this clone never had: a run that
 * came without what it needs (pull --no-dependency), or went to a store, is
 * for the check of that store.
 */
static void tell_missing(struct check *c, struct finding *f, const char *path,
			 const struct tie *tie, const char *to)
{
	const struct check_options *o = c->options;
	struct strbuf word = STRBUF_INIT;

	f->id = "dependency-missing";
	quote_shell(&word, f->name);
	if (o->is_in_store && o->is_in_store(tie->to, o->store_data)) {
		f->level = FINDING_NOTE;
		check_found(c, f, path, "it needs '%s', which is not here but "
			    "in a store; 'resutil pull %s' gets it", to,
			    word.buf);
	} else if (o->is_in_store && o->is_in_store(f->name, o->store_data)) {
		f->level = FINDING_NOTE;
		check_found(c, f, path, "it needs '%s', which is not here; "
			    "'resutil fsck --remote' tells whether the store "
			    "has it, and 'resutil pull %s' gets it", to,
			    word.buf);
	} else {
		check_found(c, f, path, "it needs '%s', which is not here; "
			    "'resutil pull %s' gets it if a store has it", to,
			    word.buf);
	}
	strbuf_release(&word);
}

static void tell_tie(struct check *c, const struct tie *tie,
		     enum tie_state state)
{
	struct finding f = { .level = FINDING_WARNING,
			     .name = c->exp[tie->from].name };
	struct strbuf path = STRBUF_INIT, to = STRBUF_INIT;

	project_exp_path(c->p, f.name, &path);
	quote_terminal(&to, tie->to, strlen(tie->to));
	if (state == TIE_DIFFERS) {
		f.level = FINDING_ERROR;
		f.id = "dependency-differs";
		check_found(c, &f, path.buf, "it needs '%s', but what has that "
			    "name here is another run; rename that with "
			    "'resutil comment', and pull the one that is "
			    "meant", to.buf);
	} else if (state == TIE_AMBIGUOUS) {
		f.id = "dependency-ambiguous";
		check_found(c, &f, path.buf, "it needs '%s', which is not "
			    "here, and several experiments could be it",
			    to.buf);
	} else {
		tell_missing(c, &f, path.buf, tie, to.buf);
	}
	strbuf_release(&to);
	strbuf_release(&path);
}

void ties_check(struct ties *t)
{
	struct check *c = t->c;
	size_t i;

	check_ids(c);
	for (i = 0; i < t->nr; i++) {
		enum tie_state state = judge(c, &t->tie[i]);

		if (state != TIE_GOOD &&
		    exp_is_here(c->p, c->exp[t->tie[i].from].name))
			tell_tie(c, &t->tie[i], state);
	}
}
