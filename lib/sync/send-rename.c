#include "lib/base/compat.h"
#include "lib/sync/send-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/exp/diff/same-run.h"
#include "lib/sync/compare.h"
#include "lib/sync/ledger.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

/* More names in a row than this are never taken. */
#define SECONDS_MAX 100000
/* More that need a run that gets another name are counted. */
#define DEPENDANTS_TOLD 3

/*
 * Whether a name that is not there has to be looked for under others. Where
 * only some names were asked for that costs a listing, and a run that this
 * clone never sent or fetched can hardly be there.
 */
static bool is_worth_listing(const struct send_item *item)
{
	const struct remote *r = item->send->r;

	if (!*item->here.info.id)
		return false;
	return item->send->whole || !r->ledger ||
	       ledger_done(r->ledger, item->name) ||
	       ledger_intent(r->ledger, item->name) ||
	       ledger_name_of(r->ledger, item->here.info.id);
}

/*
 * A listing is no picture of one moment: of what is renamed meanwhile it may
 * have neither name. So a run that was there when we last knew is looked for in
 * a second one before it is sent anew, under its other name.
 */
static bool was_there(const struct send_item *item)
{
	const struct ledger *l = item->send->r->ledger;

	return l && (ledger_done(l, item->name) ||
		     ledger_name_of(l, item->here.info.id));
}

static int find_other(struct send_item *item, struct strbuf *out,
		      struct strbuf *err)
{
	struct send *s = item->send;

	return sync_other_name(s->r, s->whole, item->name, item->here.info.id,
			       out, err);
}

int send_find_other(struct send_item *item, struct strbuf *err)
{
	struct send *s = item->send;
	struct strbuf other = STRBUF_INIT;
	int ret = 0;

	if (!is_worth_listing(item))
		return 0;
	ret = send_list_all(s, err);
	if (!ret)
		ret = find_other(item, &other, err);
	if (ret == ERR_NOT_FOUND && was_there(item)) {
		ret = send_list_again(s, err);
		if (!ret)
			ret = find_other(item, &other, err);
	}
	if (!ret) {
		item->relation = SYNC_RENAMED;
		item->other = remote_list_find(s->whole, other.buf);
	}
	strbuf_release(&other);
	return ret == ERR_NOT_FOUND ? 0 : ret;
}

/* The next name after `name` that is free here and, as listed, there. */
static bool next_free(const struct send *s, struct strbuf *name)
{
	struct name_parts parts;
	struct tm when;
	char *comment;
	int tries;

	if (!name_parse(&parts, name->buf) ||
	    !name_parse_stamp(&when, parts.stamp))
		return false;
	comment = parts.comment ? xstrdup(parts.comment) : NULL;
	for (tries = 0; tries < SECONDS_MAX; tries++) {
		name_next_second(&when);
		strbuf_reset(name);
		name_make(name, &when, comment);
		if (!remote_list_find(s->whole, name->buf) &&
		    !exp_is_here(s->r->project, name->buf))
			break;
	}
	free(comment);
	return tries < SECONDS_MAX;
}

/* 0, 1 when that name was just taken, or ERR_FAILED. */
static int rename_dir(const struct project *p, const char *from,
		      const char *to, struct strbuf *err)
{
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	int ret = 0;

	project_exp_path(p, from, &old);
	project_exp_path(p, to, &new);
	if (sys_rename_noreplace(old.buf, new.buf)) {
		ret = errno == EEXIST || errno == ENOTEMPTY;
		if (!ret)
			ret = fail(err, ERR_FAILED, "cannot rename '%s' to "
				   "'%s': %s", from, to, strerror(errno));
	} else if (sys_fsync_dir(p->results_path)) {
		ret = fail(err, ERR_FAILED, "cannot sync '%s': %s",
			   p->results_path, strerror(errno));
	}
	strbuf_release(&new);
	strbuf_release(&old);
	return ret;
}

/* Under the writer's lock: what has the name by now may be another run, which
 * goes on. */
static int check_is_same(const struct send_item *item, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	const char *id = NULL;
	int ret = 0;

	project_exp_path(item->send->r->project, item->name, &dir);
	if (!record_read_raw(&record, dir.buf, NULL))
		id = value_get_text(record, "id");
	if (strcmp(id ? id : "", item->here.info.id))
		ret = fail(err, ERR_CONFLICT, "'%s' was replaced by another "
			   "run meanwhile; try again", item->name);
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

static int claim_free(struct send_item *item, struct strbuf *name,
		      struct strbuf *err)
{
	struct send *s = item->send;
	const struct project *p = s->r->project;
	struct live *lock = NULL;
	int ret = send_list_all(s, err);

	if (!ret && !s->options->dry_run)
		ret = exp_rest_take(&lock, p, item->name, 0, err);
	if (lock && !ret)
		ret = check_is_same(item, err);
	while (!ret) {
		if (!next_free(s, name))
			ret = fail(err, ERR_CONFLICT, "there is no free name "
				   "near '%s'", item->name);
		if (ret || !lock)
			break;
		ret = rename_dir(p, item->name, name->buf, err);
		if (ret != 1)
			break;
		ret = 0;	/* it was just taken */
	}
	live_unlock_writer(&lock);
	return ret;
}

/* Who needs it names it by its time, too, which gets another. Looked for while
 * it can still be found by that. */
static void find_dependants(const struct send_item *item, struct strvec *who)
{
	struct strvec names = STRVEC_INIT, needed = STRVEC_INIT;
	struct strbuf ignored = STRBUF_INIT;

	strvec_push(&names, item->name);
	if (deps_find_dependants(who, &needed, item->send->r->project, &names,
				 &ignored))
		strvec_clear(who);
	strbuf_release(&ignored);
	strvec_release(&needed);
	strvec_release(&names);
}

static void warn_of_dependants(struct send_item *item,
			       const struct strvec *who)
{
	size_t i;

	for (i = 0; i < who->nr && i < DEPENDANTS_TOLD; i++)
		strbuf_addf(&item->message, "%s'%s'", i ? ", " : "",
			    who->v[i]);
	if (who->nr > DEPENDANTS_TOLD)
		strbuf_addf(&item->message, " and %zu more", who->nr -
			    DEPENDANTS_TOLD);
	if (who->nr)
		strbuf_addf(&item->message, " %s it by its old name, which "
			    "is another run's in '%s'; name '%s' in %s by "
			    "'resutil update-exp'", who->nr == 1 ? "needs" :
			    "need", item->send->r->name, item->name,
			    who->nr == 1 ? "its record" : "their records");
}

static void follow_note(struct send_item *item, const char *was)
{
	struct strbuf why = STRBUF_INIT;

	if (git_notes_follow(item->send->r->project, was, item->name, &why))
		strbuf_addf(&item->message, "%sthe note of its commit is as "
			    "it was: %s", item->message.len ? "; " : "",
			    why.buf);
	strbuf_release(&why);
}

/* Here first: a crash then leaves a run that is not sent yet, and nothing
 * twice. */
void send_rename_here(struct send_item *item)
{
	struct send *s = item->send;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec who = STRVEC_INIT;
	int ret = 0;

	if (item->here.live || item->here.elsewhere) {
		send_fail(item, "conflict", ERR_CONFLICT, "%s; this one still "
			  "runs and cannot be renamed", item->why.buf);
		return;
	}
	ret = send_list_all(item->send, &err);
	if (!ret)
		ret = send_find_other(item, &err);
	if (!ret && item->relation == SYNC_RENAMED)
		ret = fail(&err, ERR_CONFLICT, "the run '%s' is called '%s' in "
			   "'%s', where another one has its name; fetch '%s' "
			   "with --rename", item->name, item->other->name,
			   item->send->r->name, item->other->name);
	strbuf_addstr(&name, item->name);
	if (!ret)
		find_dependants(item, &who);
	if (!ret)
		ret = claim_free(item, &name, &err);
	/* Nothing here has the old name any more. */
	if (!ret && !s->options->dry_run && s->r->ledger &&
	    ledger_done(s->r->ledger, item->name))
		ret = ledger_drop(s->r->ledger, item->name, &err);
	if (ret) {
		send_fail(item, ret == ERR_CONFLICT ? "conflict" : "failed",
			  ret, "%s", err.buf);
	} else {
		char *was = item->name;

		item->name = xstrdup(name.buf);
		item->new_name = xstrdup(name.buf);
		free(item->here.name);
		item->here.name = xstrdup(name.buf);
		item->status = "renamed";
		item->relation = SYNC_ABSENT;
		item->there = NULL;
		item->to_send = true;
		warn_of_dependants(item, &who);
		if (!s->options->dry_run)
			follow_note(item, was);
		free(was);
	}
	strvec_release(&who);
	strbuf_release(&err);
	strbuf_release(&name);
}

static int rename_object(struct send_item *item, struct strbuf *err)
{
	struct remote *r = item->send->r;
	struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;
	int ret;

	remote_key(r, item->other->name, &from);
	remote_key(r, item->name, &to);
	ret = transport_rename(r->transport, from.buf, to.buf,
			       item->other->version, err);
	if (!ret)
		remote_forget(r, item->other->name);
	if (!ret && r->ledger)
		ret = ledger_rename(r->ledger, item->other->name, item->name,
				    err);
	strbuf_release(&to);
	strbuf_release(&from);
	return ret;
}

/* That of the batch would have been of a name that is not there. */
static int note_intent(struct send_item *item, struct strbuf *err)
{
	const struct ledger_note note = {
		.name = item->name, .info = item->here.info,
		.version = (char *)""
	};
	struct ledger *l = item->send->r->ledger;
	int ret = l ? ledger_note(l, &note, err) : 0;

	return !ret && l ? ledger_sync(l, err) : ret;
}

int send_rename_there(struct send_item *item)
{
	struct strbuf err = STRBUF_INIT;
	int ret = 0;

	if (exp_is_here(item->send->r->project, item->other->name))
		ret = fail(&err, ERR_CONFLICT, "'%s' and '%s' are the same "
			   "run, and both are here; remove one of them",
			   item->name, item->other->name);
	if (!ret)
		ret = rename_object(item, &err);
	if (!ret)
		ret = send_compare_again(item, &err);
	if (!ret && item->relation != SYNC_SAME &&
	    item->relation != SYNC_HERE_GROWN)
		ret = fail(&err, ERR_CONFLICT, "'%s' is called '%s' in '%s' "
			   "now, and was not sent: %s", item->other->name,
			   item->name, item->send->r->name,
			   item->relation == SYNC_CONFLICT ? item->why.buf :
			   "it has a later revision there");
	if (!ret && item->relation == SYNC_SAME)
		item->bytes = item->there->size;
	else if (!ret)
		ret = note_intent(item, &err);
	if (ret) {
		send_fail(item, ret == ERR_CONFLICT ? "conflict" : "failed",
			  ret, "%s", err.buf);
		send_note_gone(item->send, ret);
	}
	strbuf_release(&err);
	return ret;
}

/* One run and all its files under both names, and no other name is here. */
static int remove_other(struct send_item *item, struct remote_exp *other,
			struct strbuf *err)
{
	struct remote *r = item->send->r;
	struct strbuf key = STRBUF_INIT;
	int ret = remote_learn(r, other, 1, KNOWN_INFO, 0, err);

	if (!ret)
		ret = remote_learn(r, item->there, 1, KNOWN_INFO, 0, err);
	if (ret || other->problem || item->there->problem ||
	    !sync_same_hashes(&other->info, &item->there->info) ||
	    exp_is_here(r->project, other->name))
		return ret;
	remote_key(r, other->name, &key);
	ret = transport_remove(r->transport, key.buf, other->version, err);
	strbuf_release(&key);
	if (ret && ret != ERR_NOT_FOUND)
		return ret;
	remote_forget(r, other->name);
	item->status = "renamed";
	item->new_name = xstrdup(other->name);
	if (r->ledger && ledger_done(r->ledger, other->name))
		return ledger_drop(r->ledger, other->name, err);
	return 0;
}

void send_end_rename(struct send_item *item)
{
	struct send *s = item->send;
	struct strbuf other = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	if (!is_worth_listing(item))
		return;
	ret = send_list_all(s, &err);
	if (!ret)
		ret = sync_other_name(s->r, s->whole, item->name,
				      item->here.info.id, &other, &err);
	if (!ret)
		ret = remove_other(item, remote_list_find(s->whole, other.buf),
				   &err);
	if (ret && ret != ERR_NOT_FOUND)
		send_fail(item, "failed", ret, "%s", err.buf);
	strbuf_release(&err);
	strbuf_release(&other);
}

/* ---- while it was sent --------------------------------------------------- */

int send_check_absent(struct send_item *item, struct strbuf *err)
{
	struct remote *r = item->send->r;
	struct remote_list all = REMOTE_LIST_INIT;
	struct strbuf other = STRBUF_INIT;
	int ret = remote_list(r, &all, err);

	if (!ret)
		ret = sync_other_name(r, &all, item->name, item->here.info.id,
				      &other, err);
	if (!ret)
		ret = fail(err, ERR_CONFLICT, "the run '%s' is called '%s' in "
			   "'%s' by now; --rename gives it the name that it "
			   "has here", item->name, other.buf, r->name);
	else if (ret == ERR_NOT_FOUND)
		ret = 0;
	strbuf_release(&other);
	remote_list_release(&all);
	return ret;
}

/* Who renamed it may have sent it as well: then the one that was put now, which
 * is not newer, is one too many. */
static int settle_twice(struct send_item *item, const char *key,
			const struct pack_info *info, const char *version,
			const char *other, struct strbuf *err)
{
	struct remote *r = item->send->r;
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	struct remote_exp *there;
	int ret;

	strvec_push(&names, other);
	ret = remote_look(r, &names, 1, &list, err);
	there = ret ? NULL : remote_list_find(&list, other);
	if (there)
		ret = remote_learn(r, there, 1, KNOWN_INFO, 1, err);
	if (!ret && there && !there->problem &&
	    !strcmp(there->info.id, info->id) &&
	    there->info.revision >= info->revision)
		ret = transport_remove(r->transport, key, version, err);
	else if (!ret)
		ret = fail(err, ERR_CONFLICT, "'%s' has an older '%s', too",
			   r->name, other);
	if (!ret) {
		remote_forget(r, item->name);
		if (r->ledger)
			ret = ledger_drop(r->ledger, item->name, err);
	}
	strvec_release(&names);
	remote_list_release(&list);
	return ret;
}

void send_follow_rename(struct send_item *item, const struct pack_info *info,
			const char *version)
{
	struct remote *r = item->send->r;
	struct strbuf other = STRBUF_INIT, err = STRBUF_INIT;
	struct strbuf from = STRBUF_INIT, to = STRBUF_INIT;
	int ret;

	if (exp_is_here(r->project, item->name) ||
	    !same_run_here(r->project, NULL, item->name, info->id, &other))
		goto cleanup;
	remote_key(r, item->name, &from);
	remote_key(r, other.buf, &to);
	ret = transport_rename(r->transport, from.buf, to.buf, version, &err);
	if (!ret) {
		remote_forget(r, item->name);
		if (r->ledger)
			ret = ledger_rename(r->ledger, item->name, other.buf,
					    &err);
	} else if (ret == ERR_CONFLICT) {
		strbuf_reset(&err);
		ret = settle_twice(item, from.buf, info, version, other.buf,
				   &err);
	}
	/* Who renamed it may have done that there as well. */
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret) {
		strbuf_addf(&item->message, "%s'%s' was renamed to '%s' here "
			    "while it was sent, and '%s' could not follow: %s",
			    item->message.len ? "; " : "", item->name,
			    other.buf, r->name, err.buf);
	} else {
		item->status = "renamed";
		free(item->new_name);
		item->new_name = xstrdup(other.buf);
	}

cleanup:
	strbuf_release(&to);
	strbuf_release(&from);
	strbuf_release(&err);
	strbuf_release(&other);
}
