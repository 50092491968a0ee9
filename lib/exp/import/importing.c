/*
 * One run of another program into the project.
 *
 * Order of writes: a new one is a birth like any other (files, record, rename).
 * One that has grown gets a higher revision first, so that nobody takes what
 * follows for damage; then its files, each whole in the place of the old one,
 * and its record last: with the record's `imported.sign` as it was, the next
 * import does all of it again.
 */
#include "lib/base/compat.h"
#include "lib/exp/import/importing.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/birth.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/import/import-internal.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/exp/record/tids.h"

#define COMMENT_MAX 60	/* characters of a comment that another program gave */
#define ID_MAX_BYTES 200	/* a byte becomes four where it is shown */

const struct import_format *const import_formats[] = {
	&import_votakvot, &import_mlflow, &import_tensorboard, &import_wandb,
	&import_dvc, NULL
};

const struct import_format *import_format_find(const char *name)
{
	size_t i;

	for (i = 0; import_formats[i]; i++)
		if (!strcmp(import_formats[i]->name, name))
			return import_formats[i];
	return NULL;
}

/* Other programs have it in names of files, which hold any bytes. */
static char *usable_id(const char *id)
{
	struct strbuf shown = STRBUF_INIT;

	quote_terminal(&shown, id, strnlen(id, ID_MAX_BYTES));
	return strbuf_detach(&shown, NULL);
}

void import_found(struct import_entries *out, const char *id, const char *dir,
		  const char *sign)
{
	struct import_entry *e;

	ARRAY_GROW(out->entry, out->nr + 1, out->alloc);
	e = &out->entry[out->nr++];
	e->id = usable_id(id);
	e->dir = xstrdup(dir);
	e->sign = xstrdup(sign);
}

void import_entries_release(struct import_entries *entries)
{
	size_t i;

	for (i = 0; i < entries->nr; i++) {
		free(entries->entry[i].id);
		free(entries->entry[i].dir);
		free(entries->entry[i].sign);
	}
	free(entries->entry);
	memset(entries, 0, sizeof(*entries));
}

/* What a name can hold of it; empty when it may not be public. */
static void usable_comment(struct strbuf *out, const char *text)
{
	const char *at = text;
	size_t left = strlen(text), nr = 0;

	while (left && nr++ < COMMENT_MAX) {
		const char *from = at;
		int32_t c = utf8_next(&at, &left);

		if (c < 0 || utf8_is_control(c) ||
		    (c < 0x80 && strchr("\\/:*?\"<>|", (int)c)))
			strbuf_addch(out, '_');
		else
			strbuf_add(out, from, (size_t)(at - from));
		if (out->len > NAME_MAX_BYTES - NAME_HEAD_LEN - 8) {
			strbuf_setlen(out, out->len - (size_t)(at - from));
			break;
		}
	}
	strbuf_trim(out);
	if (out->len && (name_check_comment(out->buf, out->len, NULL) ||
			 record_check_public(out->buf, NULL)))
		strbuf_reset(out);
}

struct importing {
	const struct project *project;
	const struct import_format *format;
	const struct import_entry *entry;
	unsigned flags;
	struct import_outcome *out;
	struct import_sink sink;
	struct strbuf tid;
	struct moment created;
};

static int64_t usec_of(const struct moment *m)
{
	return m->sec * 1000000 + m->usec;
}

/* Of record_new() only what holds of another's run. */
static struct value *new_record(struct importing *im, const char *name)
{
	static const char *const ours[] = { "cwd", "host", "user", NULL };
	struct value *record = record_new(im->project, name, NULL, NULL,
					  "added", &im->created);
	size_t i;

	for (i = 0; ours[i]; i++)
		value_map_remove(record, ours[i]);
	value_map_set_str(record, "tid", im->tid.buf);
	return record;
}

static struct value *imported(const struct importing *im, struct value *files)
{
	struct value *map = value_new_map();
	struct moment now = moment_now();
	struct strbuf at = STRBUF_INIT;

	moment_format(&at, &now);
	value_map_set_str(map, "format", im->format->name);
	value_map_set_str(map, "id", im->entry->id);
	value_map_set_str(map, "path", im->entry->dir);
	value_map_set_str(map, "sign", im->entry->sign);
	value_map_set_str(map, "at", at.buf);
	value_map_set(map, "series", files);
	strbuf_release(&at);
	return map;
}

static int make_new(struct importing *im, struct strbuf *err)
{
	struct strbuf comment = STRBUF_INIT;
	struct value *record = NULL, *files = value_new_map();
	struct birth *birth = NULL;
	int ret;

	usable_comment(&comment, im->sink.comment.buf);
	ret = birth_start(&birth, im->project, &im->created,
			  comment.len ? comment.buf : NULL, err);
	if (!ret)
		ret = import_write_series(&im->sink, birth_dir(birth), files,
					  usec_of(&im->created), err);
	if (!ret && !(im->flags & IMPORT_NO_FILES))
		ret = import_write_items(&im->sink, birth_dir(birth), false,
					 err);
	if (!ret) {
		record = new_record(im, birth_name(birth));
		record_merge(record, im->sink.record);
		value_map_set(record, "imported", imported(im, files));
		files = NULL;
		value_map_set_int(record, "revision", 1);
		record_redact_new(record);
		ret = record_check(record, err);
	}
	if (!ret)
		ret = birth_claim(birth, record, im->sink.series_nr +
				  im->sink.item_nr, err);
	if (!ret) {
		strbuf_addstr(&im->out->name, birth_name(birth));
		im->out->result = IMPORT_NEW;
	}
	value_free(files);
	value_free(record);
	birth_end(&birth);
	strbuf_release(&comment);
	return ret;
}

static int grow(struct importing *im, const char *name,
		const struct value *record, struct strbuf *err)
{
	const struct value *had = value_get(record, "imported.series");
	struct value *files = had ? value_copy(had) : value_new_map();
	struct value *changes = NULL;
	struct strbuf dir = STRBUF_INIT;
	int ret;

	if (files->type != VALUE_MAP) {
		value_free(files);
		files = value_new_map();
	}
	project_exp_path(im->project, name, &dir);
	ret = import_before_adding(im->project, dir.buf, err);
	if (!ret)
		ret = import_write_series(&im->sink, dir.buf, files,
					  usec_of(&im->created), err);
	if (!ret && !(im->flags & IMPORT_NO_FILES))
		ret = import_write_items(&im->sink, dir.buf, true, err);
	if (!ret) {
		changes = value_copy(im->sink.record);
		value_map_set(changes, "imported", imported(im, files));
		files = NULL;
		ret = record_update(im->project, name, changes, err);
	}
	value_free(changes);
	value_free(files);
	strbuf_release(&dir);
	return ret;
}

/* The tid is taken: by what was imported before, or by another's run. */
static int see_there(struct importing *im, const struct value *record,
		     bool *same, struct strbuf *err)
{
	const char *format = value_get_text(record, "imported.format");
	const char *sign = value_get_text(record, "imported.sign");

	if (!format || strcmp(format, im->format->name))
		return fail(err, ERR_CONFLICT, "the experiment '%s' has the id "
			    "'%s', and was not imported", im->out->name.buf,
			    im->tid.buf);
	*same = sign && !strcmp(sign, im->entry->sign);
	return 0;
}

static int read_run(struct importing *im, struct strbuf *err)
{
	const char *created;
	int ret = im->format->read(&im->sink, im->entry, err);

	if (ret)
		return ret;
	created = value_get_text(im->sink.record, "at.created");
	if (!created || !moment_parse(&im->created, created)) {
		im->created = moment_now();
		record_set_moment(im->sink.record, "at.created", &im->created);
	}
	return 0;
}

static int import_locked(struct importing *im, struct strbuf *err)
{
	struct value *record = NULL;
	bool same = false, there;
	int ret;

	ret = tid_find(im->project, im->tid.buf, &im->out->name, &record, err);
	there = !ret;
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (there)
		ret = see_there(im, record, &same, err);
	im->out->result = !there ? IMPORT_NEW : same ? IMPORT_SAME :
			  IMPORT_GROWN;
	if (!ret && !same)
		ret = read_run(im, err);
	if (!ret && !same && !(im->flags & IMPORT_DRY_RUN))
		ret = there ? grow(im, im->out->name.buf, record, err) :
		      make_new(im, err);
	value_free(record);
	return ret;
}

int import_run(struct import_outcome *out, const struct project *p,
	       const struct import_format *format,
	       const struct import_entry *entry, unsigned flags,
	       struct strbuf *err)
{
	struct importing im = {
		.project = p, .format = format, .entry = entry,
		.flags = flags, .out = out, .tid = STRBUF_INIT
	};
	struct tid_lock *lock = NULL;
	size_t i;
	int ret;

	import_sink_init(&im.sink);
	strbuf_addf(&im.tid, "%s:%s", format->name, entry->id);
	ret = tid_check(im.tid.buf, err);
	if (!ret && !(flags & IMPORT_DRY_RUN))
		ret = tid_lock(&lock, p, im.tid.buf, err);
	if (!ret)
		ret = import_locked(&im, err);
	if (!ret && lock && out->result == IMPORT_NEW)
		tid_note(lock, out->name.buf);
	tid_unlock(&lock);
	for (i = 0; i < im.sink.problems.nr; i++)
		strvec_push(&out->problems, im.sink.problems.v[i]);
	strbuf_release(&im.tid);
	import_sink_release(&im.sink);
	return ret;
}
