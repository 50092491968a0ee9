/*
 * Uploads into a store that were interrupted here, by their notes. One that a
 * push can go on with stays for a week.
 * Source: resutilformat-upload(5), "WHO REMOVES IT".
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/copy-rest.h"
#include "lib/sync/ledger.h"
#include "lib/sync/uploads.h"

static bool is_changed(const struct store_check *c,
		       const struct upload_note *note)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct exp_tree_sign sign;
	struct strbuf dir = STRBUF_INIT;
	bool changed;

	project_exp_path(c->r->project, note->name, &dir);
	changed = exp_tree_read_signed(&tree, dir.buf, &sign, NULL) ||
		  upload_is_stale(note, &sign);
	exp_tree_release(&tree);
	strbuf_release(&dir);
	return changed;
}

/* By this clone, and it is still there. */
static bool is_sent(const struct store_check *c,
		    const struct upload_note *note)
{
	const struct remote_exp *there = remote_list_find(&c->list,
							  note->name);
	const struct ledger_note *done = c->r->ledger ?
		ledger_done(c->r->ledger, note->name) : NULL;

	return there && done && !done->elsewhere &&
	       !strcmp(done->version, there->version) &&
	       !strcmp(done->info.id, note->id) &&
	       (int64_t)done->info.revision >= note->revision;
}

static int64_t age_of(int64_t since)
{
	/* The clock may have been set back. */
	return MAXIMUM(moment_now().sec - since, INT64_C(0));
}

/* Why nobody will go on with it; NULL: somebody may. */
static const char *why_not_wanted(const struct store_check *c,
				  const struct upload_left *left)
{
	if (!left->usable)
		return "a note of an upload that says nothing";
	if (!exp_name_is_taken(c->r->project, left->note.name))
		return "an interrupted upload of what is not here any more";
	if (is_sent(c, &left->note))
		return "an interrupted upload of what was sent since";
	if (is_changed(c, &left->note))
		return "an interrupted upload of what was changed since";
	if (age_of(left->note.begun) > UPLOAD_AGE_MAX)
		return "an interrupted upload that nobody went on with for a "
		       "week";
	return NULL;
}

static void tell(struct store_check *c, const char *name,
		 struct upload_left *left)
{
	const char *reason = why_not_wanted(c, left);
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_LEFTOVER, .id = "upload-rest",
		.name = name, .bytes = left->bytes
	};
	int ret = 0;

	strbuf_addstr(&text, reason ? reason : "an interrupted upload");
	if (!reason) {
		strbuf_addstr(&text, "; the next push goes on with it");
	} else if (!(c->options->flags & CHECK_PRUNE)) {
		strbuf_addstr(&text, "; it is withdrawn by ");
		check_add_command(c, &text, "gc", "");
	} else if (finding_is_kept(c->options, f.id)) {
		strbuf_addstr(&text, "; --keep leaves it");
	} else if (age_of(left->modified) < (int64_t)c->options->older_than) {
		strbuf_addstr(&text, "; it stays until it is older");
	} else if (c->options->flags & CHECK_DRY_RUN) {
		f.state = FINDING_WOULD;
	} else {
		ret = upload_remove(left, c->r, &why);
		f.state = ret ? FINDING_OPEN : FINDING_REMOVED;
	}
	if (ret)
		strbuf_addf(&text, "; not withdrawn: %s", why.buf);
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&why);
	strbuf_release(&text);
}

void check_upload_notes(struct store_check *c)
{
	struct strvec names = STRVEC_INIT;
	struct upload_left left = UPLOAD_LEFT_INIT;
	size_t i;

	uploads_list(c->r, &names);
	for (i = 0; i < names.nr; i++) {
		if (!upload_look(&left, c->r, names.v[i]))
			continue;
		tell(c, names.v[i], &left);
		upload_left_release(&left);
	}
	strvec_release(&names);
}

/* ---- uploads of copies --------------------------------------------------- */

static void tell_copy(struct store_check *c, struct copy_claim *rest)
{
	const struct copy_note *note = copy_rest_note(rest);
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	char *name = xstrdup(note->name);
	struct finding f = {
		.level = FINDING_LEFTOVER, .id = "upload-rest", .name = name
	};
	bool old = age_of(note->begun) > UPLOAD_AGE_MAX;
	int ret = 0;

	strbuf_addf(&text, "an interrupted copy from '%s'%s", note->from,
		    old ? ", begun more than a week ago" : "; the next copy "
		    "goes on with it");
	if (old && !(c->options->flags & CHECK_PRUNE)) {
		strbuf_addstr(&text, "; its upload is withdrawn by ");
		check_add_command(c, &text, "gc", "");
	} else if (old && finding_is_kept(c->options, f.id)) {
		strbuf_addstr(&text, "; --keep leaves it");
	} else if (old && (c->options->flags & CHECK_DRY_RUN)) {
		f.state = FINDING_WOULD;
	} else if (old) {
		ret = copy_rest_withdraw(rest, c->r, &why);
		f.state = ret ? FINDING_OPEN : FINDING_REMOVED;
	}
	if (ret)
		strbuf_addf(&text, "; not withdrawn: %s", why.buf);
	copy_claim_end(rest, f.state == FINDING_REMOVED);
	f.text = text.buf;
	found_add(c, &f);
	free(name);
	strbuf_release(&why);
	strbuf_release(&text);
}

/* The one of `rests` that nobody is at, if its upload goes into this store. */
static struct copy_claim *open_copy(struct store_check *c, const char *rest)
{
	struct copy_claim *claim = copy_rest_open(c->r->project, rest);
	const struct copy_note *note = claim ? copy_rest_note(claim) : NULL;

	if (claim && (!note->state ||
		      strcmp(note->to, c->r->place))) {
		copy_claim_end(claim, false);
		claim = NULL;
	}
	return claim;
}

void check_copy_notes(struct store_check *c)
{
	struct strvec rests = STRVEC_INIT;
	size_t i;

	copy_rests_list(c->r->project, &rests);
	for (i = 0; i < rests.nr; i++) {
		struct copy_claim *claim = open_copy(c, rests.v[i]);

		if (claim)
			tell_copy(c, claim);
	}
	strvec_release(&rests);
}

static bool is_noted_copy(struct store_check *c, const char *key,
			  const char *id)
{
	struct strvec rests = STRVEC_INIT;
	bool noted = false;
	size_t i;

	copy_rests_list(c->r->project, &rests);
	for (i = 0; i < rests.nr && !noted; i++) {
		struct copy_claim *claim = open_copy(c, rests.v[i]);
		const struct copy_note *note;

		if (!claim)
			continue;
		note = copy_rest_note(claim);
		noted = !strcmp(note->key, key) && strstr(note->state, id);
		copy_claim_end(claim, false);
	}
	strvec_release(&rests);
	return noted;
}

/* ---- both ---------------------------------------------------------------- */

bool check_is_noted(struct store_check *c, const char *key, const char *id)
{
	struct strvec names = STRVEC_INIT;
	struct upload_left left = UPLOAD_LEFT_INIT;
	bool noted = false;
	size_t i;

	uploads_list(c->r, &names);
	for (i = 0; i < names.nr && !noted; i++) {
		/* One that is held is being gone on with. */
		if (!upload_look(&left, c->r, names.v[i]))
			continue;
		/* Whatever its state is, it names what it is of. */
		noted = left.usable && !strcmp(left.note.key, key) &&
			strstr(left.note.state, id);
		upload_left_release(&left);
	}
	strvec_release(&names);
	return noted || is_noted_copy(c, key, id);
}
