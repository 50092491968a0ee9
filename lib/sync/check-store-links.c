/*
 * What the packs of a store say of each other, and what the ledger says of the
 * store: ids, dependencies, what has vanished. All of it may change while it is
 * looked at, so what seems wrong is looked up once more before it is told.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/rename-journal.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "transport/transport.h"

static void add_open(struct store_check *c, enum finding_level level,
		     const char *id, const char *name, const char *fmt, ...)
	PRINTF_LIKE(5, 6);

static void add_open(struct store_check *c, enum finding_level level,
		     const char *id, const char *name, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	struct finding f = { .level = level, .id = id, .name = name };
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&text);
}

/* Whether the second listing has it, as it was read. */
static bool is_still_listed(const struct checked *p)
{
	const struct remote_exp *exp = remote_list_find(&p->check->again,
							p->exp->name);

	return exp && !strcmp(exp->version, p->exp->version);
}

/* ---- one id under two names ---------------------------------------------- */

static bool has_id(const struct checked *p)
{
	return p->has_info && *p->info.id && p->verdict != PACK_GONE;
}

/* Packs with ids, by these, and by names among equals. */
static int compare_ids(const void *a, const void *b)
{
	const struct checked *one = *(struct checked *const *)a;
	const struct checked *two = *(struct checked *const *)b;
	int order = strcmp(one->info.id, two->info.id);

	return order ? order : strcmp(one->exp->name, two->exp->name);
}

static struct checked **sort_by_id(struct store_check *c, size_t *nr)
{
	struct checked **sorted;
	size_t i;

	sorted = xrealloc_array(NULL, c->list.nr + 1, sizeof(*sorted));
	*nr = 0;
	for (i = 0; i < c->list.nr; i++)
		if (has_id(&c->pack[i]))
			sorted[(*nr)++] = &c->pack[i];
	if (*nr)
		qsort(sorted, *nr, sizeof(*sorted), compare_ids);
	return sorted;
}

/* The one of a group whose name this clone knows the run by; else the first. */
static struct checked *choose_kept(struct store_check *c,
				   struct checked **group, size_t nr)
{
	const char *name = ledger_name_of(c->r->ledger, group[0]->info.id);
	size_t i;

	for (i = 0; name && i < nr; i++)
		if (!strcmp(group[i]->exp->name, name))
			return group[i];
	return group[0];
}

static void tell_twin(struct checked *kept, struct checked *p)
{
	struct store_check *c = p->check;
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_ERROR, .id = "duplicate-id",
		.name = p->exp->name
	};

	strbuf_addf(&text, "'%s' and '%s' in '%s' are one run (%s)",
		    kept->exp->name, p->exp->name, c->r->name, p->info.id);
	if (c->options->flags & CHECK_REPAIR)
		f.state = repair_twin(kept, p, &why);
	if (f.state != FINDING_OPEN)
		strbuf_addf(&text, "; '%s' %s", p->exp->name,
			    f.state == FINDING_WOULD ? "would be removed" :
			    "was removed");
	else if (why.len)
		strbuf_addf(&text, "; not repaired: %s", why.buf);
	else
		strbuf_addstr(&text, "; remove the one that is not wanted by "
			      "'resutil rm -r'");
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&why);
	strbuf_release(&text);
}

/* Whoever renames shows both names for a moment; who was killed at it, until
 * the next command finishes it. */
static void check_group(struct store_check *c, struct checked **group,
			size_t nr)
{
	struct checked *kept;
	size_t i, current = 0;

	for (i = 0; i < nr; i++)
		if (check_is_current(group[i]) &&
		    !rename_journal_has(c->r->project, group[i]->exp->name))
			group[current++] = group[i];
	if (current < 2)
		return;
	kept = choose_kept(c, group, current);
	for (i = 0; i < current; i++)
		if (group[i] != kept)
			tell_twin(kept, group[i]);
}

static void check_ids(struct store_check *c, struct checked **sorted,
		      size_t nr)
{
	size_t i, end;

	for (i = 0; i < nr; i = end) {
		for (end = i + 1; end < nr && !strcmp(sorted[i]->info.id,
						      sorted[end]->info.id);
		     end++)
			;
		if (end - i > 1)
			check_group(c, sorted + i, end - i);
	}
}

static struct checked *find_id(struct checked **sorted, size_t nr,
			       const char *id)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(id, sorted[middle]->info.id);

		if (!order)
			return sorted[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- dependencies -------------------------------------------------------- */

static const char *id_of(const struct store_check *c,
			 const struct remote_exp *exp)
{
	return c->pack[exp - c->list.exp].info.id;
}

/* Two ids that are known, and are not one. */
static bool is_other(const char *a, const char *b)
{
	return *a && *b && strcmp(a, b);
}

/* Whether a name of the list begins with PREFIX_TIMESTAMP of `name`. */
static const struct remote_exp *first_of_head(const struct remote_list *list,
					      const char *name)
{
	size_t i = remote_list_from(list, name, NAME_HEAD_LEN);

	return i < list->nr && !strncmp(list->exp[i].name, name,
					NAME_HEAD_LEN) ?
	       &list->exp[i] : NULL;
}

static bool is_same_head(const struct store_check *c,
			 const struct remote_exp *exp, const char *name)
{
	return exp < c->list.exp + c->list.nr &&
	       !strncmp(exp->name, name, NAME_HEAD_LEN);
}

enum dependency { DEP_FOUND, DEP_MISSING, DEP_DIFFERS };

/* By its exact name, else by PREFIX_TIMESTAMP; ids decide where both are
 * known. */
static enum dependency look_up(const struct store_check *c, const char *name,
			       const char *id)
{
	const struct remote_exp *exp = remote_list_find(&c->list, name);

	if (exp && !is_other(id_of(c, exp), id))
		return DEP_FOUND;
	exp = first_of_head(&c->list, name);
	for (; exp && is_same_head(c, exp, name); exp++)
		if (!is_other(id_of(c, exp), id))
			return DEP_FOUND;
	return remote_list_find(&c->list, name) ? DEP_DIFFERS : DEP_MISSING;
}

static int compare_head(const void *head, const void *name)
{
	return strncmp(head, *(const char *const *)name, NAME_HEAD_LEN);
}

static bool is_dependency_here(const struct store_check *c, const char *name,
			       const char *id)
{
	struct strbuf found = STRBUF_INIT, ignored = STRBUF_INIT;
	int ret;

	/* Thousands may need what is nowhere. */
	if (!bsearch(name, c->here.v, c->here.nr, sizeof(*c->here.v),
		     compare_head))
		return false;
	ret = exp_find_dependency(c->r->project, name, *id ? id : NULL,
				  &found, &ignored);

	strbuf_release(&ignored);
	strbuf_release(&found);
	return !ret;
}

static int check_dependency(struct checked *p, const char *name,
			    const char *id, struct strbuf *err)
{
	struct store_check *c = p->check;
	enum dependency state = look_up(c, name, id);
	int ret;

	if (state == DEP_FOUND || is_dependency_here(c, name, id))
		return 0;
	if (state == DEP_DIFFERS) {
		add_open(c, FINDING_ERROR, "dependency-differs", p->exp->name,
			 "'%s' in '%s' needs '%s' (%s), and another run has "
			 "that name there", p->exp->name, c->r->name, name,
			 id);
		return 0;
	}
	/* It may have been sent since the listing. */
	ret = check_list_again(c, err);
	if (!ret && !first_of_head(&c->again, name) && is_still_listed(p))
		add_open(c, FINDING_WARNING, "dependency-missing",
			 p->exp->name, "'%s' in '%s' needs '%s', which is "
			 "neither there nor here; a clone that has it can "
			 "push it", p->exp->name, c->r->name, name);
	return ret;
}

static int check_dependencies(struct checked *p, struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < p->deps.nr && !ret; i++)
		/* What is no name (NAME_DEBUG too) never goes to a store; and
		 * nobody needs itself. */
		if (name_is_valid(p->deps.v[i]) &&
		    strcmp(p->deps.v[i], p->exp->name))
			ret = check_dependency(p, p->deps.v[i],
					       p->dep_ids.v[i], err);
	return ret;
}

/* ---- what the ledger had ------------------------------------------------- */

/* Here there is nothing to send again, there nothing to fetch: what the ledger
 * says of it is of no use to anybody. */
static enum finding_state forget(struct store_check *c, const char *name,
				 struct strbuf *why)
{
	int ret;

	if (c->options->flags & CHECK_DRY_RUN)
		return FINDING_WOULD;
	ret = ledger_drop(c->r->ledger, name, why);
	if (!ret)
		ret = ledger_sync(c->r->ledger, why);
	return ret ? FINDING_OPEN : FINDING_MENDED;
}

static void tell_vanished(struct store_check *c, const char *name)
{
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_WARNING, .id = "vanished", .name = name
	};

	strbuf_addf(&text, "'%s' has no '%s' any more, which this clone sent "
		    "or fetched; ", c->r->name, name);
	if (check_is_here(c, name)) {
		strbuf_addstr(&text, "it is here, and 'resutil push ");
		quote_shell(&text, name);
		strbuf_addstr(&text, "' sends it again");
	} else {
		strbuf_addstr(&text, "it is not here either");
		if (c->options->flags & CHECK_REPAIR)
			f.state = forget(c, name, &why);
		if (f.state != FINDING_OPEN)
			strbuf_addstr(&text, f.state == FINDING_WOULD ?
				      ", and would be forgotten" :
				      ", and was forgotten");
		else
			strbuf_addf(&text, "%s%s", why.len ? ": " : "",
				    why.buf);
	}
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&why);
	strbuf_release(&text);
}

static int check_vanished(struct store_check *c, struct checked **by_id,
			  size_t nr, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	const struct ledger_note *note;
	size_t i;
	int ret = 0;

	if (c->r->ledger)
		ledger_names(c->r->ledger, &names);
	for (i = 0; i < names.nr && !ret; i++) {
		const char *name = names.v[i];

		note = ledger_done(c->r->ledger, name);
		if (!note || note->elsewhere ||
		    remote_list_find(&c->list, name))
			continue;
		/* Renamed by somebody, it has not gone. */
		if (*note->info.id && find_id(by_id, nr, note->info.id))
			continue;
		ret = check_list_again(c, err);
		if (!ret && !first_of_head(&c->again, name))
			tell_vanished(c, name);
	}
	strvec_release(&names);
	return ret;
}

int check_links(struct store_check *c, struct strbuf *err)
{
	struct checked **sorted;
	size_t nr, i;
	int ret = 0;

	sorted = sort_by_id(c, &nr);
	for (i = 0; i < c->list.nr && !ret; i++)
		if (c->pack[i].verdict == PACK_GOOD)
			ret = check_dependencies(&c->pack[i], err);
	if (!ret)
		ret = check_vanished(c, sorted, nr, err);
	/* last, since a repair takes names away */
	if (!ret)
		check_ids(c, sorted, nr);
	free(sorted);
	return ret;
}
