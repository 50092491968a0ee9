#include "lib/base/compat.h"
#include "lib/exp/record/tags.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/sys.h"
#include "lib/base/utf8.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

#define LOCK_FILE "tags.lock"
#define NAMES_AT_ONCE 64	/* of one piece of work */
#define MAX_CANDIDATES 20	/* a sentence with more helps nobody */

/* PREFIX_2...: a name that is typed in part must not mean a tag. */
static bool looks_like_name(const char *tag)
{
	size_t i;

	for (i = 0; i < NAME_PREFIX_LEN; i++)
		if (tag[i] < 'a' || tag[i] > 'z')
			return false;
	return tag[i] == '_' && tag[i + 1] >= '0' && tag[i + 1] <= '9';
}

int tag_check(const char *tag, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (!*tag)
		ret = fail(err, ERR_USAGE, "an empty word is no tag");
	else if (strchr("@-.", *tag))
		ret = fail(err, ERR_USAGE, "a tag cannot begin with '%c'",
			   *tag);
	else if (name_check_comment(tag, strlen(tag), &why))
		/* "a comment cannot hold ...": the rules are the same */
		ret = fail(err, ERR_USAGE, "no tag, since %s", why.buf);
	else if (utf8_length(tag, strlen(tag)) > TAG_MAX_CHARACTERS)
		ret = fail(err, ERR_USAGE, "a tag has at most %d characters",
			   TAG_MAX_CHARACTERS);
	else if (looks_like_name(tag) || !strcmp(tag, NAME_DEBUG))
		ret = fail(err, ERR_USAGE, "'%s' would be taken for the name "
			   "of an experiment", tag);
	strbuf_release(&why);
	return ret;
}

bool tags_have(const struct value *tags, const char *tag)
{
	size_t i;

	for (i = 0; tags && tags->type == VALUE_LIST && i < tags->u.list.nr;
	     i++) {
		const char *text = value_text(tags->u.list.item[i]);

		if (text && !strcmp(text, tag))
			return true;
	}
	return false;
}

/* ---- who has which ---- */

void tag_list_release(struct tag_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		free(list->item[i].tag);
		free(list->item[i].name);
	}
	free(list->item);
	*list = (struct tag_list)TAG_LIST_INIT;
}

static void add_tagged(struct tag_list *list, const char *tag,
		       const char *name)
{
	struct tagged *t;

	ARRAY_GROW(list->item, list->nr + 1, list->alloc);
	t = &list->item[list->nr++];
	t->tag = xstrdup(tag);
	t->name = xstrdup(name);
}

/* Some experiments whose records one worker reads. */
struct batch {
	struct work work;	/* first */
	const struct project *project;
	const char *const *names;
	size_t nr;
	const char *tag;	/* NULL: all */
	struct tag_list found;
};

static void take_tags(struct batch *batch, const char *name,
		      const struct strbuf *text)
{
	struct value *record = NULL;
	const struct value *tags;
	size_t i;

	if (record_parse(&record, text->buf, text->len, RECORD_FILE, NULL))
		return;
	tags = value_map_get(record, "tags");
	for (i = 0; tags && tags->type == VALUE_LIST && i < tags->u.list.nr;
	     i++) {
		const char *tag = value_text(tags->u.list.item[i]);

		if (tag && (!batch->tag || !strcmp(tag, batch->tag)))
			add_tagged(&batch->found, tag, name);
	}
	value_free(record);
}

/* Most records have no tags, which is seen without parsing. */
static void read_batch(struct work *work, unsigned worker UNUSED)
{
	struct batch *batch = (struct batch *)work;
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < batch->nr; i++) {
		strbuf_reset(&path);
		strbuf_reset(&text);
		project_exp_path(batch->project, batch->names[i], &path);
		strbuf_addstr(&path, "/" RECORD_FILE);
		if (!read_file(&text, path.buf, RECORD_MAX_BYTES, NULL) &&
		    memmem(text.buf, text.len, "tags", 4))
			take_tags(batch, batch->names[i], &text);
	}
	strbuf_release(&text);
	strbuf_release(&path);
}

static int compare_tagged(const void *a, const void *b)
{
	const struct tagged *one = a, *two = b;
	int order = strcmp(one->tag, two->tag);

	return order ? order : strcmp(one->name, two->name);
}

int tag_list_read(struct tag_list *out, const struct project *p,
		  const char *tag, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	struct workers *workers = NULL;
	struct batch *batches = NULL;
	size_t nr, i, k;
	int ret = exp_list_names(p, &names, err);

	if (ret || !names.nr)
		goto cleanup;
	nr = (names.nr + NAMES_AT_ONCE - 1) / NAMES_AT_ONCE;
	batches = xcalloc(nr, sizeof(*batches));
	workers = workers_start(nr < workers_default() ? nr : 0);
	for (i = 0; i < nr; i++) {
		struct batch *b = &batches[i];

		b->work.fn = read_batch;
		b->project = p;
		b->tag = tag;
		b->names = names.v + i * NAMES_AT_ONCE;
		b->nr = MINIMUM((size_t)NAMES_AT_ONCE,
				names.nr - i * NAMES_AT_ONCE);
		workers_add(workers, &b->work);
	}
	workers_stop(&workers);
	for (i = 0; i < nr; i++) {
		struct tag_list *found = &batches[i].found;

		for (k = 0; k < found->nr; k++)
			add_tagged(out, found->item[k].tag,
				   found->item[k].name);
		tag_list_release(found);
	}
	if (out->nr)
		qsort(out->item, out->nr, sizeof(*out->item), compare_tagged);

cleanup:
	free(batches);
	strvec_release(&names);
	return ret;
}

int tag_choose(const struct strvec *names, const char *tag, const char *where,
	       struct strbuf *name, struct strbuf *err)
{
	struct strbuf shown = STRBUF_INIT;
	size_t i;
	int ret;

	if (!names->nr)
		return ERR_NOT_FOUND;
	if (names->nr == 1) {
		strbuf_addstr(name, names->v[0]);
		return 0;
	}
	quote_terminal(&shown, tag, strlen(tag));
	ret = fail(err, ERR_USAGE, "'%s' is a tag of several experiments %s",
		   shown.buf, where);
	for (i = 0; err && i < names->nr && i < MAX_CANDIDATES; i++)
		strbuf_addf(err, "\n  %s", names->v[i]);
	if (err && i < names->nr)
		strbuf_addf(err, _("\n  ... and %zu more"), names->nr - i);
	strbuf_release(&shown);
	return ret;
}

int tag_find(const struct project *p, const char *tag, struct strbuf *name,
	     struct strbuf *err)
{
	struct tag_list list = TAG_LIST_INIT;
	struct strvec names = STRVEC_INIT;
	size_t i;
	int ret = tag_check(tag, NULL) ? ERR_NOT_FOUND :
		  tag_list_read(&list, p, tag, err);

	for (i = 0; i < list.nr; i++)
		strvec_push(&names, list.item[i].name);
	if (!ret)
		ret = tag_choose(&names, tag, _("here"), name, err);
	strvec_release(&names);
	tag_list_release(&list);
	return ret;
}

/* ---- moves ---- */

/* Two that move tags at once: one waits. Returns the descriptor that holds the
 * lock, or a negative code. */
static int lock_tags(const struct project *p, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int fd = -1, ret = project_private(p, LOCK_FILE, &path, err);

	if (!ret) {
		fd = filelock_open(path.buf, 0666);
		if (fd < 0)
			ret = fail_errno(err, "cannot lock '%s'", path.buf);
	}
	strbuf_release(&path);
	return ret ? ret : fd;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(value_text(*(struct value *const *)a),
		      value_text(*(struct value *const *)b));
}

/* Changes the record of `name`; sorted, each once, and none is null. */
static int set_tag(const struct project *p, const char *name, const char *tag,
		   bool have, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL, *changes = value_new_map();
	struct value *list = value_new_list();
	const struct value *tags;
	size_t i;
	int ret;

	project_exp_path(p, name, &dir);
	ret = record_read(&record, dir.buf, err);
	tags = value_map_get(record, "tags");
	for (i = 0; tags && tags->type == VALUE_LIST && i < tags->u.list.nr;
	     i++) {
		const char *text = value_text(tags->u.list.item[i]);

		if (text && strcmp(text, tag))
			value_list_add(list, value_new_str(text));
	}
	if (have)
		value_list_add(list, value_new_str(tag));
	if (list->u.list.nr) {
		qsort(list->u.list.item, list->u.list.nr,
		      sizeof(*list->u.list.item), compare_texts);
		value_map_set(changes, "tags", list);
	} else {
		value_free(list);
		value_map_set(changes, "tags", value_new_null());
	}
	if (!ret && tags_have(tags, tag) != have)
		ret = record_update(p, name, changes, err);
	value_free(changes);
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

int tag_move(const struct project *p, const char *tag, const char *to,
	     unsigned flags, struct strvec *from, struct strbuf *err)
{
	struct tag_list list = TAG_LIST_INIT;
	size_t i, others = 0;
	int fd = lock_tags(p, err), ret = fd < 0 ? fd : 0;

	if (!ret)
		ret = tag_list_read(&list, p, tag, err);
	for (i = 0; i < list.nr; i++) {
		strvec_push(from, list.item[i].name);
		others += !to || strcmp(list.item[i].name, to);
	}
	if (!ret && others > 1 && !(flags & TAG_FORCE))
		ret = fail(err, ERR_CONFLICT, "'%s' is a tag of %zu "
			   "experiments; --force takes it from all of them",
			   tag, others);
	if (ret || flags & TAG_DRY_RUN)
		goto cleanup;
	if (to)
		ret = set_tag(p, to, tag, true, err);
	for (i = 0; !ret && i < list.nr; i++)
		if (!to || strcmp(list.item[i].name, to))
			ret = set_tag(p, list.item[i].name, tag, false, err);

cleanup:
	if (fd >= 0)
		close(fd);
	tag_list_release(&list);
	return ret;
}
