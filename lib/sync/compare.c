#include "lib/base/compat.h"
#include "lib/sync/compare.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/pack/pack-compare.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-pack.h"
#include "lib/sync/remote-list.h"

bool sync_same_hashes(const struct pack_info *a, const struct pack_info *b)
{
	return a->version && b->version && a->has_record == b->has_record &&
	       !memcmp(a->tree, b->tree, DIGEST_RAWSZ) &&
	       (!a->has_record || !memcmp(a->record, b->record, DIGEST_RAWSZ));
}

/* One comparison. */
struct pair {
	struct remote *r;
	const struct local_exp *here;
	struct remote_exp *there;
	struct strbuf *why;
};

static int say_why(const struct pair *p, enum sync_relation *out,
		   const char *fmt, ...) PRINTF_LIKE(3, 4);

static int say_why(const struct pair *p, enum sync_relation *out,
		   const char *fmt, ...)
{
	va_list ap;

	*out = SYNC_CONFLICT;
	if (p->why) {
		va_start(ap, fmt);
		strbuf_vaddf(p->why, fmt, ap);
		va_end(ap);
	}
	return 0;
}

/* What is here is what was last sent or fetched; also under another name, when
 * whoever renamed it here died before the ledger said so. */
static bool is_noted_here(const struct pair *p)
{
	const struct local_exp *here = p->here;
	const struct ledger_note *done;
	const char *name;

	if (!p->r->ledger)
		return false;
	done = ledger_done(p->r->ledger, here->name);
	name = !done && *here->info.id ?
	       ledger_name_of(p->r->ledger, here->info.id) : NULL;
	if (name)
		done = ledger_done(p->r->ledger, name);
	return done && sync_same_hashes(&done->info, &here->info);
}

/* So that the next time nothing has to be read, or looked for. */
static int note_there(const struct pair *p, const struct pack_info *info,
		      struct strbuf *err)
{
	const struct ledger_note note = {
		.name = p->here->name, .info = *info,
		.version = p->there->version
	};

	return ledger_note(p->r->ledger, &note, err);
}

/*
 * Under the name that the run had: whoever renamed it there died before the
 * ledger said so. What is known of it by then is noted anew, since a later
 * intent would hide the old name.
 */
static bool is_noted_elsewhere(const struct pair *p)
{
	const struct pack_info *info = &p->there->info;
	const char *name;

	if (!info->version || !*info->id ||
	    strcmp(info->id, p->here->info.id))
		return false;
	name = ledger_name_of(p->r->ledger, info->id);
	return name && strcmp(name, p->here->name) &&
	       ledger_knows(p->r->ledger, name, NULL, info) &&
	       !note_there(p, info, NULL);
}

/* What is there is what was last sent or fetched. */
static bool is_noted_there(const struct pair *p)
{
	if (!p->r->ledger)
		return false;
	return ledger_knows(p->r->ledger, p->here->name, p->there->version,
			    p->there->info.version ? &p->there->info : NULL) ||
	       is_noted_elsewhere(p);
}

/* Whether what a store recorded of the run can still grow. */
static int is_final_there(const struct pair *p, bool *final,
			  struct strbuf *err)
{
	const char *state;
	int ret = remote_learn(p->r, p->there, 1, KNOWN_RECORD, 1, err);

	if (ret)
		return ret;
	state = value_text(value_map_get(p->there->summary, "state"));
	/* What says nothing of it is not taken for unfinished. */
	*final = !state || record_state_is_final(state);
	return 0;
}

static int compare_grown_here(const struct pair *p, enum sync_relation *out,
			      struct strbuf *err)
{
	bool final;
	int ret;

	*out = SYNC_HERE_GROWN;
	if (is_noted_there(p))
		return 0;
	ret = is_final_there(p, &final, err);
	if (ret || !final)
		return ret;
	return say_why(p, out, "'%s' has grown here, and was changed in '%s' "
		       "since this project last sent or fetched it",
		       p->here->name, p->r->name);
}

static int compare_grown_there(const struct pair *p, enum sync_relation *out)
{
	*out = SYNC_THERE_GROWN;
	if (p->here->live)
		return say_why(p, out, "'%s' runs here, and '%s' has a later "
			       "revision of it", p->here->name, p->r->name);
	if (is_noted_here(p))
		return 0;
	return say_why(p, out, "'%s' has a later revision of '%s', which was "
		       "changed here since this project last sent or fetched "
		       "it", p->r->name, p->here->name);
}

static bool same_record(const struct pack_info *a, const struct pack_info *b)
{
	return a->has_record && b->has_record &&
	       !memcmp(a->record, b->record, DIGEST_RAWSZ);
}

/* A run that died without a word wrote on after its last record, and nobody is
 * left who would raise the revision. */
static bool is_left_unfinished(const struct pair *p)
{
	return !p->here->live && !p->here->elsewhere && !p->here->final &&
	       p->here->info.version &&
	       same_record(&p->here->info, &p->there->info);
}

/* Both packs are ours, and both hashes are not the same. */
static int compare_revisions(const struct pair *p, enum sync_relation *out,
			     struct strbuf *err)
{
	const struct pack_info *here = &p->here->info;
	const struct pack_info *there = &p->there->info;

	if (here->revision > there->revision)
		return compare_grown_here(p, out, err);
	if (here->revision < there->revision)
		return compare_grown_there(p, out);
	/* What a program writes meanwhile raises no revision. */
	if (p->here->live && same_record(here, there)) {
		*out = SYNC_SAME;
		return 0;
	}
	if (is_left_unfinished(p) && is_noted_there(p)) {
		*out = SYNC_HERE_GROWN;
		return 0;
	}
	return say_why(p, out, "'%s' is not what '%s' has, though both are of "
		       "revision %" PRIu64, p->here->name, p->r->name,
		       here->revision);
}

/* Without ids, or revisions, the ledger alone can tell who has changed. */
static int compare_by_ledger(const struct pair *p, const char *difference,
			     enum sync_relation *out)
{
	bool here = is_noted_here(p), there = is_noted_there(p);

	if (here != there) {
		*out = here ? SYNC_THERE_GROWN : SYNC_HERE_GROWN;
		if (!here || !p->here->live)
			return 0;
	}
	return say_why(p, out, "'%s' is not what '%s' has%s%s", p->here->name,
		       p->r->name, *difference ? ": " : "", difference);
}

static int compare_files(const struct pair *p, bool *same,
			 struct strbuf *difference, struct strbuf *err)
{
	struct pack_limits limits = PACK_LIMITS_INIT;
	struct strbuf dir = STRBUF_INIT;
	struct pack *pack = NULL;
	int ret;

	ret = pack_limits_fill(&limits, err);
	if (ret)
		return ret;
	project_exp_path(p->r->project, p->here->name, &dir);
	ret = pack_open(&pack, remote_pack_source(p->r, p->there), &limits,
			err);
	if (!ret)
		ret = pack_compare_dir(pack, dir.buf, same, difference, err);
	pack_close(pack);
	strbuf_release(&dir);
	return ret;
}

static int compare_foreign(const struct pair *p, enum sync_relation *out,
			   struct strbuf *err)
{
	struct strbuf difference = STRBUF_INIT;
	bool same = is_noted_here(p) && is_noted_there(p);
	int ret = 0;

	if (!same) {
		ret = compare_files(p, &same, &difference, err);
		if (!ret && same && p->r->ledger && p->here->info.version)
			ret = note_there(p, &p->here->info, err);
	}
	if (!ret && same)
		*out = SYNC_SAME;
	else if (!ret)
		ret = compare_by_ledger(p, difference.buf, out);
	/* It has no revision, so it is not known to come after ours. */
	if (!ret && *out == SYNC_THERE_GROWN && p->here->info.revision)
		ret = say_why(p, out, "'%s' in '%s' was replaced by another "
			      "tool, and is not what is here: %s",
			      p->here->name, p->r->name, difference.buf);
	strbuf_release(&difference);
	return ret;
}

int sync_compare(enum sync_relation *out, struct remote *r,
		 const struct local_exp *here, struct remote_exp *there,
		 struct strbuf *why, struct strbuf *err)
{
	const struct pair p = { r, here, there, why };
	int ret;

	if (!there) {
		*out = SYNC_ABSENT;
		return 0;
	}
	ret = remote_learn(r, there, 1, KNOWN_INFO, 1, err);
	if (ret)
		return ret;
	if (there->problem)
		return say_why(&p, out, "what '%s' has as '%s' cannot be "
			       "read: %s", r->name, here->name,
			       there->problem);
	if (!there->info.version)
		return compare_foreign(&p, out, err);
	if (sync_same_hashes(&here->info, &there->info)) {
		*out = SYNC_SAME;
		return 0;
	}
	if (*here->info.id && *there->info.id &&
	    strcmp(here->info.id, there->info.id))
		return say_why(&p, out, "'%s' has another run that is called "
			       "'%s'", r->name, here->name);
	if (!*here->info.id || !*there->info.id)
		return compare_by_ledger(&p, "", out);
	return compare_revisions(&p, out, err);
}

/* ---- the same run under another name ------------------------------------ */

static bool has_id(const struct remote_exp *e, const char *id)
{
	return e->level >= KNOWN_INFO && !strcmp(e->info.id, id);
}

/* It was listed, and could not be read: if it has gone since, the run that is
 * looked for may be there under a name that was not listed. */
static int check_still_there(struct remote *r, const char *name,
			     struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	int ret;

	strvec_push(&names, name);
	ret = remote_look(r, &names, 1, &list, err);
	if (!ret && !list.nr)
		ret = fail(err, ERR_CONFLICT, "'%s' was just renamed or "
			   "removed in '%s'; try again", name, r->name);
	remote_list_release(&list);
	strvec_release(&names);
	return ret;
}

/* Learns what there is, unless it is known. */
static int ask_id(struct remote *r, struct remote_exp *e, const char *id,
		  struct strbuf *out, struct strbuf *err)
{
	int ret = remote_learn(r, e, 1, KNOWN_INFO, 1, err);

	if (!ret && e->problem)
		ret = check_still_there(r, e->name, err);
	if (ret)
		return ret;
	if (!has_id(e, id))
		return ERR_NOT_FOUND;
	strbuf_addstr(out, e->name);
	return 0;
}

int sync_other_name(struct remote *r, const struct remote_list *list,
		    const char *name, const char *id, struct strbuf *out,
		    struct strbuf *err)
{
	const char *noted = r->ledger ? ledger_name_of(r->ledger, id) : NULL;
	struct remote_exp *e;
	size_t i;
	int ret = ERR_NOT_FOUND;

	if (!*id)
		return ERR_NOT_FOUND;
	/* PREFIX_TIMESTAMP is what a comment leaves as it is. */
	for (i = remote_list_from(list, name, NAME_HEAD_LEN);
	     ret == ERR_NOT_FOUND && i < list->nr &&
	     !strncmp(list->exp[i].name, name, NAME_HEAD_LEN); i++)
		if (strcmp(list->exp[i].name, name))
			ret = ask_id(r, &list->exp[i], id, out, err);
	e = noted && strcmp(noted, name) ? remote_list_find(list, noted) :
					   NULL;
	if (ret == ERR_NOT_FOUND && e)
		ret = ask_id(r, e, id, out, err);
	for (i = 0; ret == ERR_NOT_FOUND && i < list->nr; i++) {
		if (!has_id(&list->exp[i], id) ||
		    !strcmp(list->exp[i].name, name))
			continue;
		strbuf_addstr(out, list->exp[i].name);
		ret = 0;
	}
	return ret;
}
