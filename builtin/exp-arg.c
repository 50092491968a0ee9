#include "lib/base/compat.h"
#include "command.h"
#include "builtin/exp-arg.h"
#include "builtin/remote-rows.h"
#include "builtin/store-exp.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/tags.h"

void exp_arg_release(struct exp_arg *found)
{
	strbuf_release(&found->trial);
	strbuf_release(&found->remote);
	strbuf_release(&found->name);
}

void exp_arg_dir(struct strbuf *dir, const struct exp_arg *found)
{
	if (found->trial.len)
		strbuf_addbuf(dir, &found->trial);
	else
		project_exp_path(the_project, found->name.buf, dir);
}

static bool is_in_results(const char *dir)
{
	struct strbuf first = STRBUF_INIT, rest = STRBUF_INIT;
	bool ret = exp_split_path(the_project, NULL, dir, &first, &rest);

	strbuf_release(&rest);
	strbuf_release(&first);
	return ret;
}

/* A copy of an experiment lies in such a place, too, but has a name. A record
 * that cannot be read counts: the reason is worth to be told. */
static bool has_trial_record(const char *dir)
{
	struct strbuf path = STRBUF_INIT;
	struct value *record = NULL;
	int ret = record_read(&record, dir, NULL);
	bool is_trial;

	strbuf_addf(&path, "%s/" RECORD_FILE, dir);
	if (ret || !path_exists(path.buf))	/* then it is votakvot's */
		is_trial = ret != ERR_NOT_FOUND;
	else
		is_trial = value_map_get(record, "tid") &&
			   !value_map_get(record, "name");
	value_free(record);
	strbuf_release(&path);
	return is_trial;
}

bool exp_arg_find_trial(struct strbuf *dir, const char *arg)
{
	size_t len;

	if ((!strchr(arg, '/') && strcmp(arg, ".")) ||
	    exp_split_remote(arg, &len) || !path_is_dir(arg))
		return false;
	path_absolute(dir, NULL, arg);
	if (!is_in_results(dir->buf) && has_trial_record(dir->buf))
		return true;
	strbuf_reset(dir);
	return false;
}

/* By what the store holds; `not_here` is why it is asked. */
static int find_there(struct exp_arg *found, const char *arg, unsigned flags,
		      const struct strbuf *not_here, struct strbuf *err)
{
	struct remote_rows rows = REMOTE_ROWS_INIT;
	struct strbuf why = STRBUF_INIT, shown = STRBUF_INIT;
	const char *remote = found->remote.buf;
	int ret = remote_rows_read(&rows, remote, flags, 0, &why);

	if (ret) {
		fail(err, ret, "%s%s%s", not_here->buf,
		     not_here->len ? "; and " : "", why.buf);
		goto cleanup;
	}
	ret = remote_rows_choose(&rows, remote, arg, &found->name, &why);
	if (ret == ERR_NOT_FOUND && !(flags & REMOTE_ROWS_LONG) &&
	    !tag_check(arg, NULL)) {
		/* what tags they have stands in the records */
		remote_rows_release(&rows);
		strbuf_reset(&why);
		rows = (struct remote_rows)REMOTE_ROWS_INIT;
		ret = remote_rows_read(&rows, remote,
				       flags | REMOTE_ROWS_LONG, 0, &why);
		if (!ret)
			ret = remote_rows_choose(&rows, remote, arg,
						 &found->name, &why);
	}
	if (ret == ERR_NOT_FOUND && not_here->len) {
		quote_terminal(&shown, arg, strlen(arg));
		fail(err, ret, "there is no experiment '%s' here or in '%s'; "
		     "see 'resutil list'", shown.buf, remote);
	} else {
		strbuf_addbuf(err, &why);
	}

cleanup:
	strbuf_release(&shown);
	strbuf_release(&why);
	remote_rows_release(&rows);
	return ret;
}

int exp_arg_find(struct exp_arg *found, const char *arg, const char *remote,
		 struct strbuf *err)
{
	struct strbuf not_here = STRBUF_INIT;
	size_t len, back;
	const char *word = exp_split_remote(arg, &len);
	int ret = 0;

	if (exp_arg_find_trial(&found->trial, arg)) {
		strbuf_addstr(&found->name, arg);
		goto cleanup;
	}
	if (word) {
		strbuf_add(&found->remote, arg, len);
		ret = find_there(found, word, REMOTE_ROWS_LONG, &not_here,
				 err);
		goto cleanup;
	}
	ret = exp_find(the_project, arg, &found->name, &not_here);
	if (ret == ERR_NOT_FOUND && !strchr(arg, '/') &&
	    !exp_parse_latest(arg, &back)) {
		strbuf_addstr(&found->remote, remote);
		ret = find_there(found, arg, 0, &not_here, err);
	} else {
		strbuf_addbuf(err, &not_here);
	}

cleanup:
	strbuf_release(&not_here);
	return ret;
}

static int load_trial(struct exp_item *item, const struct exp_arg *found,
		      struct strbuf *err)
{
	int ret = record_read(&item->record, found->trial.buf, err);
	const char *tid, *created;

	if (ret)
		item->record = NULL;
	tid = value_get_text(item->record, "tid");
	item->name = xstrdup(tid ? tid : found->name.buf);
	created = value_get_text(item->record, "at.created");
	if (created)
		moment_parse(&item->created, created);
	return ret;
}

int exp_arg_load(struct exp_items *items, const struct exp_arg *found,
		 struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct exp_item *item;
	const char *created;
	int ret = 0;

	if (!found->remote.len && !found->trial.len) {
		strvec_push(&names, found->name.buf);
		exp_load(items, the_project, &names);
		strvec_release(&names);
		if (items->item[0].problem)
			ret = fail(err, items->item[0].code, "%s",
				   items->item[0].problem);
		return ret;
	}
	items->item = xcalloc(1, sizeof(*items->item));
	items->nr = 1;
	item = &items->item[0];
	if (found->trial.len)
		return load_trial(item, found, err);
	item->name = xstrdup(found->name.buf);
	ret = store_exp_record(&item->record, found->remote.buf, item->name,
			       err);
	created = value_get_text(item->record, "at.created");
	if (!created || !moment_parse(&item->created, created))
		item->created = name_moment(item->name);
	return ret;
}
