/*
 * The notes of a ledger in memory.
 */
#include "lib/base/compat.h"
#include "lib/sync/ledger-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"

struct entry *notes_entry(struct ledger *l, const char *name)
{
	struct entry *e = strmap_get(&l->entries, name);

	if (e)
		return e;
	e = xcalloc(1, sizeof(*e));
	e->name = xstrdup(name);
	e->made = l->made;
	l->made = e;
	strmap_put(&l->entries, e->name, e);
	return e;
}

void notes_set_store(const struct ledger *l, struct note *n, const char *store)
{
	n->store = store;
	n->note.elsewhere = strcmp(store, STORE_NOT_KNOWN) &&
			    strcmp(l->store, STORE_NOT_KNOWN) &&
			    strcmp(store, l->store);
}

static struct note *new_note(struct ledger *l, const struct entry *e,
			     const struct pack_info *info,
			     const char *version)
{
	struct note *n = xcalloc(1, sizeof(*n));

	n->note.name = e->name;
	n->note.info = *info;
	n->note.version = xstrdup(version);
	notes_set_store(l, n, l->at);
	n->nr = ++l->nr;
	n->made = l->notes;
	l->notes = n;
	if (*info->id)
		strmap_put(&l->ids, n->note.info.id, e->name);
	return n;
}

static void forget_id(struct ledger *l, const struct entry *e,
		      const struct note *n)
{
	const char *id = n->note.info.id;

	if (*id && strmap_get(&l->ids, id) == e->name)
		strmap_put(&l->ids, id, NULL);
}

void notes_drop(struct ledger *l, struct entry *e)
{
	const struct note *n;

	for (n = e->intent; n; n = n->older)
		l->live--;
	if (e->done)
		l->live--;
	e->done = e->intent = NULL;
}

/* Others follow at once, perhaps of another run. */
static void replace_notes(struct ledger *l, struct entry *e)
{
	const struct note *n;

	for (n = e->intent; n; n = n->older)
		forget_id(l, e, n);
	if (e->done)
		forget_id(l, e, e->done);
	notes_drop(l, e);
}

void notes_add_intent(struct ledger *l, const char *name,
		      const struct pack_info *info)
{
	struct entry *e = notes_entry(l, name);
	struct note *n = new_note(l, e, info, "");

	n->older = e->intent;
	e->intent = n;
	l->live++;
}

struct note *notes_add_done(struct ledger *l, const char *name,
			    const struct pack_info *info, const char *version)
{
	struct entry *e = notes_entry(l, name);

	replace_notes(l, e);
	e->done = new_note(l, e, info, version);
	l->live++;
	return e->done;
}

/* Oldest first, which a list of the last first makes a recursion; there are
 * as many as uploads that failed one after the other. */
static void move_intents(struct ledger *l, const char *to,
			 const struct note *n)
{
	struct note *back = NULL;

	for (; n; n = n->older) {
		struct note *copy = xcalloc(1, sizeof(*copy));

		copy->note.info = n->note.info;
		copy->older = back;
		back = copy;
	}
	while (back) {
		struct note *next = back->older;

		notes_add_intent(l, to, &back->note.info);
		free(back);
		back = next;
	}
}

void notes_rename(struct ledger *l, const char *from, const char *to)
{
	struct entry *old = strmap_get(&l->entries, from);
	const struct note *done, *intent;
	struct note *new;

	if (!old || !strcmp(from, to))
		return;
	done = old->done;
	intent = old->intent;
	replace_notes(l, old);
	if (done) {
		new = notes_add_done(l, to, &done->note.info,
				     done->note.version);
		notes_set_store(l, new, done->store);
	}
	move_intents(l, to, intent);
}

void notes_forget(struct ledger *l)
{
	strmap_release(&l->ids);
	strmap_release(&l->entries);
	l->lines = l->live = 0;
	l->pos = 0;
	l->at = STORE_NOT_KNOWN;
}
