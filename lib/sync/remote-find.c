/*
 * What an EXP argument means in a store.
 */
#include "lib/base/compat.h"
#include "lib/sync/remote-list.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/tags.h"

/* Wall clocks are 26 hours apart at most; the rest is for names that were made
 * a while before their records. */
#define APART (INT64_C(48) * 3600)

struct dated {
	struct remote_exp *exp;
	struct moment created;
};

/* Newest first; of equal times the last name is the newest. */
static int compare_dated(const void *a, const void *b)
{
	const struct dated *one = a, *two = b;
	int order = moment_compare(&two->created, &one->created);

	return order ? order : strcmp(two->exp->name, one->exp->name);
}

/* Of the first ones the records say when they were made. */
static void date_by_records(struct dated *dated, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		const char *created = value_get_text(dated[i].exp->summary,
						     "created");

		if (created)
			moment_parse(&dated[i].created, created);
	}
}

/* How many of them, newest name first, can be among the first back + 1. */
static size_t count_candidates(const struct dated *dated, size_t nr,
			       size_t back)
{
	size_t n = back + 1;

	while (n < nr && dated[n].created.sec >=
			 dated[back].created.sec - APART)
		n++;
	return n;
}

static int learn_dated(struct remote *r, struct dated *dated, size_t nr,
		       struct strbuf *err)
{
	struct remote_exp *exp = xcalloc(nr, sizeof(*exp));
	size_t i;
	int ret;

	/* remote_learn() wants them in a row; these are lent to it */
	for (i = 0; i < nr; i++)
		exp[i] = *dated[i].exp;
	ret = remote_learn(r, exp, nr, KNOWN_RECORD, 0, err);
	for (i = 0; i < nr; i++)
		*dated[i].exp = exp[i];
	free(exp);
	return ret;
}

static int find_latest(struct remote *r, const struct remote_list *list,
		       size_t back, const char *shown, struct strbuf *name,
		       struct strbuf *err)
{
	struct dated *dated;
	size_t i, nr;
	int ret;

	if (!list->nr)
		return fail(err, ERR_NOT_FOUND, "'%s' means nothing: there are "
			    "no experiments in '%s'", shown, r->name);
	if (back >= list->nr)
		return fail(err, ERR_NOT_FOUND, "'%s' goes too far back: there "
			    "%s %zu experiment%s in '%s'", shown,
			    list->nr == 1 ? "is" : "are", list->nr,
			    list->nr == 1 ? "" : "s", r->name);
	dated = xcalloc(list->nr, sizeof(*dated));
	for (i = 0; i < list->nr; i++) {
		dated[i].exp = &list->exp[i];
		dated[i].created = name_moment(list->exp[i].name);
	}
	qsort(dated, list->nr, sizeof(*dated), compare_dated);
	nr = count_candidates(dated, list->nr, back);
	ret = learn_dated(r, dated, nr, err);
	if (!ret) {
		date_by_records(dated, nr);
		qsort(dated, nr, sizeof(*dated), compare_dated);
		strbuf_addstr(name, dated[back].exp->name);
	}
	free(dated);
	return ret;
}

/* Their records say which tags they have: each version is read once. */
static int find_by_tag(struct remote *r, const struct remote_list *list,
		       const char *arg, struct strbuf *name,
		       struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	char *where = xstrfmt(_("in '%s'"), r->name);
	size_t i;
	int ret = remote_learn(r, list->exp, list->nr, KNOWN_RECORD, 0, err);

	for (i = 0; !ret && i < list->nr; i++)
		if (tags_have(value_map_get(list->exp[i].summary, "tags"),
			      arg))
			strvec_push(&names, list->exp[i].name);
	if (!ret)
		ret = tag_choose(&names, arg, where, name, err);
	strvec_release(&names);
	free(where);
	return ret;
}

static int find_by_text(struct remote *r, const struct remote_list *list,
			const char *arg, struct strbuf *name,
			struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	char *where = xstrfmt(_("in '%s'"), r->name);
	size_t i;
	int ret;

	for (i = 0; i < list->nr; i++)
		strvec_push(&names, list->exp[i].name);
	ret = exp_find_among(&names, arg, where, name, err);
	strvec_release(&names);
	free(where);
	return ret;
}

/* Most words are no tags, and a listing tells of names: so these go first. */
static int find_by_word(struct remote *r, const struct remote_list *list,
			const char *arg, struct strbuf *name,
			struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = find_by_text(r, list, arg, name, &why);

	if (ret == ERR_NOT_FOUND && !tag_check(arg, NULL)) {
		ret = find_by_tag(r, list, arg, name, err);
		if (ret != ERR_NOT_FOUND)
			strbuf_reset(&why);
	}
	if (err)
		strbuf_addbuf(err, &why);
	strbuf_release(&why);
	return ret;
}

int remote_find(struct remote *r, const struct remote_list *list,
		const char *arg, struct strbuf *name, struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	size_t back;
	int ret = 0;

	quote_terminal(&shown, arg, strlen(arg));
	if (!*arg)
		ret = fail(err, ERR_USAGE, "an empty word names no experiment");
	else if (remote_list_find(list, arg))
		strbuf_addstr(name, arg);
	else if (exp_parse_latest(arg, &back))
		ret = find_latest(r, list, back, shown.buf, name, err);
	else
		ret = find_by_word(r, list, arg, name, err);
	strbuf_release(&shown);
	return ret;
}
