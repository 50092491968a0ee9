/*
 * The begin of a trial: directories, lock, record, in that order, so that two
 * who want one tid meet at the lock, and neither sees half of the other's
 * record. What a death leaves between them is an empty directory and a file
 * that locks nothing, which the next one uses.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/record/record-resume.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/base/redact.h"

#define MAX_TRIES 100

struct begin {
	struct recorded *run;
	const char *tid;
	struct strbuf root, cwd;
	struct strvec argv;
	bool resume;
	int64_t resumes;
	const struct value *params;
	const struct value *git;	/* lent; NULL: not wanted */
	const char *repo;
};

static int read_request(struct exchange *x, struct begin *b)
{
	const char *root;
	int ret;

	ret = get_cwd(x, &b->cwd);
	if (!ret)
		ret = get_text(x, "root", true, &root);
	if (!ret)
		ret = get_text(x, "tid", true, &b->tid);
	if (!ret)
		ret = get_bool(x, "resume", &b->resume);
	if (!ret)
		ret = get_map(x, "params", &b->params);
	if (!ret)
		ret = get_words(x, "argv", &b->argv, NULL);
	if (!ret)
		ret = trial_check_tid(b->tid, strlen(b->tid), &x->err);
	if (!ret)
		path_absolute(&b->root, b->cwd.buf, root);
	return ret;
}

/* ---- a new one ---- */

static int add_meta(struct exchange *x, struct begin *b, struct value *record)
{
	struct value *meta;
	int ret = about_trial(x, b->git, b->repo, b->cwd.buf, &meta);

	if (!ret)
		value_map_set(record, "meta", meta);
	b->run->lacks_late = !about_is_complete(x->r);
	return ret;
}

static int make_record(struct exchange *x, struct begin *b,
		       struct value **out)
{
	struct moment created = moment_now();
	struct value *record;
	int ret;

	record = record_new(NULL, b->tid, b->argv.nr ? b->argv.v : NULL,
			    b->cwd.buf, "running", &created);
	/* The name is an experiment's; a trial goes by its tid. */
	value_map_remove(record, "name");
	value_map_set_str(record, "tid", b->tid);
	if (b->git)
		value_map_set(record, "git", value_copy(b->git));
	ret = add_request(x, record, &created);
	if (!ret)
		ret = add_meta(x, b, record);
	if (!ret) {
		record_redact_new(record);
		ret = record_check(record, &x->err);
	}
	if (ret)
		value_free(record);
	else
		*out = record;
	return ret;
}

static int begin_new(struct exchange *x, struct begin *b)
{
	struct recorded *run = b->run;
	struct value *record = NULL;
	int ret;

	ret = make_record(x, b, &record);
	if (ret)
		return ret;
	ret = record_write_sync(record, run->trial.dir.buf, RECORD_SYNC_FILE,
				&x->err);
	run->fresh = true;
	strbuf_addstr(&run->id, value_get_text(record, "id"));
	run->kept = record;
	return ret;
}

/* ---- one that was there ---- */

/* Nobody can tell a secret from another one that is not in the record. */
static bool is_redacted(const struct value *v)
{
	const char *text = value_text(v), *at;
	size_t nr;

	return text && redact_find_mark(text, &at, &nr);
}

static bool is_same(const struct value *a, const struct value *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	if (is_redacted(a) && is_redacted(b))
		return true;
	if (a->type == VALUE_LIST && b->type == VALUE_LIST &&
	    a->u.list.nr == b->u.list.nr) {
		for (i = 0; i < a->u.list.nr; i++)
			if (!is_same(a->u.list.item[i], b->u.list.item[i]))
				return false;
		return true;
	}
	if (a->type == VALUE_MAP && b->type == VALUE_MAP && !a->tag &&
	    !b->tag && a->u.map.nr == b->u.map.nr) {
		for (i = 0; i < a->u.map.nr; i++)
			if (!is_same(a->u.map.pair[i].value,
				     value_map_get(b, a->u.map.pair[i].key)))
				return false;
		return true;
	}
	return value_equal(a, b);
}

static void add_difference(struct value *list, const char *name,
			   const struct value *there, const struct value *now)
{
	struct value *one = value_new_map();

	value_map_set_str(one, "name", name);
	if (there)
		value_map_set(one, "there", value_copy(there));
	if (now)
		value_map_set(one, "now", value_copy(now));
	value_list_add(list, one);
}

static struct value *differences(const struct value *there,
				 const struct value *now)
{
	struct value *list = value_new_list();
	size_t i;

	for (i = 0; there && i < there->u.map.nr; i++) {
		const struct value_pair *pair = &there->u.map.pair[i];
		const struct value *other = value_map_get(now, pair->key);

		if (!is_same(pair->value, other))
			add_difference(list, pair->key, pair->value, other);
	}
	for (i = 0; now && i < now->u.map.nr; i++) {
		const struct value_pair *pair = &now->u.map.pair[i];

		if (!value_map_get(there, pair->key))
			add_difference(list, pair->key, NULL, pair->value);
	}
	return list;
}

/* The first one, for a person. */
static int refuse_params(struct exchange *x, const struct begin *b,
			 struct value *list)
{
	const struct value *one = list->u.list.item[0];
	const struct value *there = value_map_get(one, "there");
	const struct value *now = value_map_get(one, "now");
	struct strbuf text = STRBUF_INIT;

	if (there)
		value_format(&text, there);
	else
		strbuf_addstr(&text, "not there");
	strbuf_addstr(&text, " then, ");
	if (now)
		value_format(&text, now);
	else
		strbuf_addstr(&text, "not there");
	fail(&x->err, ERR_CONFLICT, "the parameters of '%s' differ: '%s' was "
	     "%s now", b->tid, value_get_text(one, "name"), text.buf);
	value_map_set(x->answer, "differ", list);
	strbuf_release(&text);
	return ERR_CONFLICT;
}

static int check_params(struct exchange *x, const struct begin *b,
			const struct value *record)
{
	const struct value *there = value_map_get(record, "params");
	struct value *now = value_new_map(), *list;
	int ret = 0;

	if (b->params)
		value_map_set(now, "params", value_copy(b->params));
	record_redact_new(now);
	if (there && there->type != VALUE_MAP)
		there = NULL;
	list = differences(there, value_map_get(now, "params"));
	if (list->u.list.nr)
		ret = refuse_params(x, b, list);
	else
		value_free(list);
	value_free(now);
	return ret;
}

static void remove_key(struct value *changes, const char *key)
{
	value_map_set(changes, key, value_new_null());
}

/* What said how it ended goes, and who records it now is noted. */
static int resume_changes(struct exchange *x, struct begin *b,
			  const struct value *record, struct value *changes)
{
	static const char *const gone[] = {
		"error", "traceback", "exit_code", "signal", "usage", "result"
	};
	struct moment now = moment_now();
	struct value *meta = NULL;
	size_t i;
	int ret;

	ret = about_trial(x, b->git, b->repo, b->cwd.buf, &meta);
	if (ret)
		return ret;
	record_replace_map(meta, value_map_get(record, "meta"));
	value_map_set(changes, "meta", meta);
	if (b->git && record_note_code(record, b->git, &now, changes))
		warn(x, "the code is not what '%s' began with", b->tid);
	b->run->lacks_late = !about_is_complete(x->r);
	for (i = 0; i < ARRAY_SIZE(gone); i++)
		remove_key(changes, gone[i]);
	record_set_moment(changes, "at.resumed", &now);
	record_set_moment(changes, "at.started", &now);
	value_set(changes, "at.finished", value_new_null());
	value_map_set_str(changes, "state", "resumed");
	value_get_int(record, "resumes", &b->resumes);
	if (b->resumes < 0 || b->resumes == INT64_MAX)
		b->resumes = 0;
	value_map_set_int(changes, "resumes", ++b->resumes);
	value_map_set_str(changes, "host", record_host());
	value_map_set_str(changes, "user", record_user());
	return 0;
}

/* Of an end that is none any more. */
static int remove_traceback(struct exchange *x, const char *dir)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addf(&path, "%s/traceback.txt", dir);
	if (sys_unlink(path.buf) && errno != ENOENT)
		ret = fail_errno(&x->err, "cannot remove '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}

static int begin_again(struct exchange *x, struct begin *b,
		       const struct value *record)
{
	struct recorded *run = b->run;
	struct value *changes = value_new_map();
	struct record_change change = { .merge = changes,
					.after = &run->kept };
	int ret;

	trial_clean(&run->trial);
	ret = resume_changes(x, b, record, changes);
	if (!ret)
		ret = remove_traceback(x, run->trial.dir.buf);
	if (!ret)
		ret = record_update_at(run->trial.dir.buf, NULL, &change,
				       RECORD_SYNC_FILE, NULL, &x->err);
	if (!ret && value_get_text(record, "id"))
		strbuf_addstr(&run->id, value_get_text(record, "id"));
	value_free(changes);
	return ret;
}

/* 1: it is done, and said so. */
static int look_at_old(struct exchange *x, struct begin *b,
		       struct value *record)
{
	const char *state = value_get_text(record, "state");
	int ret;

	if (!b->resume)
		return fail(&x->err, ERR_CONFLICT, "there is a trial '%s' in "
			    "'%s' already (state '%s'), choose another id or "
			    "resume it", b->tid, b->root.buf,
			    state ? state : "-");
	ret = check_params(x, b, record);
	if (ret || !state || strcmp(state, "done"))
		return ret;
	value_map_set(x->answer, "done", value_new_bool(true));
	value_map_set_str(x->answer, "dir", b->run->trial.dir.buf);
	if (value_get_text(record, "id"))
		value_map_set_str(x->answer, "id",
				  value_get_text(record, "id"));
	value_map_set(x->answer, "record", value_copy(record));
	return 1;
}

/* ---- both ---- */

/* The directory, with its lock. Somebody who gave up may take the directory
 * away between the two. */
static int take_place(struct exchange *x, struct begin *b)
{
	struct strbuf why = STRBUF_INIT;
	int ret, tries = MAX_TRIES;

	do {
		strbuf_reset(&why);
		ret = trial_open(&b->run->trial, b->root.buf, b->tid, &why);
		if (ret)
			break;
		ret = trial_lock(&b->run->trial, b->tid, x->r->program, &why);
	} while (ret == ERR_NOT_FOUND && --tries);
	if (ret)
		fail(&x->err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/* 1: nothing begins, and all is said. */
static int begin_in_place(struct exchange *x, struct begin *b)
{
	struct strbuf why = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	ret = record_read(&record, b->run->trial.dir.buf, &why);
	if (ret == ERR_NOT_FOUND) {
		ret = begin_new(x, b);
	} else if (ret) {
		fail(&x->err, ret, "%s", why.buf);
	} else {
		ret = look_at_old(x, b, record);
		if (!ret)
			ret = begin_again(x, b, record);
	}
	value_free(record);
	strbuf_release(&why);
	return ret;
}

static void say_trial(struct exchange *x, const struct begin *b)
{
	const struct recorded *run = b->run;

	value_map_set_int(x->answer, "run", run->nr);
	value_map_set_str(x->answer, "id", run->id.buf);
	value_map_set_str(x->answer, "tid", b->tid);
	value_map_set_str(x->answer, "dir", run->trial.dir.buf);
	value_map_set(x->answer, "resumed", value_new_bool(!run->fresh));
	value_map_set_int(x->answer, "resumes", b->resumes);
}

/*
 * One that is done is told without its lock: where it lies may be read-only by
 * now, and many may ask at once. 1: it is, and it is said.
 */
static int look_for_done(struct exchange *x, struct begin *b)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	const char *state;
	int ret = 0;

	if (!b->resume)
		return 0;
	path_absolute(&dir, b->root.buf, b->tid);
	if (!record_read(&record, dir.buf, NULL)) {
		state = value_get_text(record, "state");
		if (state && !strcmp(state, "done")) {
			strbuf_addbuf(&b->run->trial.dir, &dir);
			ret = look_at_old(x, b, record);
		}
	}
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

int begin_trial(struct exchange *x)
{
	struct begin b = { .run = recorded_new(), .root = STRBUF_INIT,
			   .cwd = STRBUF_INIT, .argv = STRVEC_INIT };
	int ret;

	b.run->is_trial = true;
	ret = read_request(x, &b);
	if (!ret) {
		about_use_dir(x, b.cwd.buf);
		ret = look_for_done(x, &b);
	}
	if (!ret)
		ret = code_git(x, b.cwd.buf, &b.git, &b.repo);
	if (!ret)
		ret = take_place(x, &b);
	if (!ret)
		ret = begin_in_place(x, &b);
	if (!ret) {
		recorded_hold(b.run);
		recorded_keep(x->r, b.run);
		trial_root_note(&x->r->roots, b.root.buf);
		say_trial(x, &b);
	} else {
		trial_undo(&b.run->trial);
		recorded_free(b.run);
	}
	strvec_release(&b.argv);
	strbuf_release(&b.cwd);
	strbuf_release(&b.root);
	return ret > 0 ? 0 : ret;
}
