#include "lib/base/compat.h"
#include "lib/exp/git/hook-table.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/sys-hold.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/leftovers.h"
#include "lib/wrap/json.h"

#define TABLE_FILE "hooks.json"

const struct hook_event hook_events[] = {
	{ "post-commit", 0 },
	{ "post-merge", 0 },
	{ "post-checkout", 0 },
	{ "post-rewrite", HOOK_EVENT_STDIN },
	{ "pre-commit", HOOK_EVENT_PRE },
	{ "pre-merge-commit", HOOK_EVENT_PRE },
	{ "pre-push", HOOK_EVENT_PRE | HOOK_EVENT_STDIN },
	{ "pre-rebase", HOOK_EVENT_PRE },
	{ NULL, 0 }
};

const struct hook_event *hook_event_find(const char *name)
{
	const struct hook_event *e;

	for (e = hook_events; e->name; e++)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

bool hook_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len <= HOOK_MAX_NAME && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			    "WXYZ0123456789_-") == len;
}

static void release_hook(struct hook *h)
{
	free(h->name);
	free(h->project);
	strvec_release(&h->options);
	strvec_release(&h->argv);
}

static void clear_items(struct hook_table *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		release_hook(&t->item[i]);
	free(t->item);
	t->item = NULL;
	t->nr = t->alloc = t->strange = 0;
}

void hook_table_release(struct hook_table *t)
{
	clear_items(t);
	value_free(t->root);
	t->root = NULL;
}

void hook_table_path(const char *common, struct strbuf *out)
{
	strbuf_addf(out, "%s/resutil/" TABLE_FILE, common);
}

/* ---- reading ------------------------------------------------------------ */

/* Words for execve(2): without a NUL. */
static bool get_words(const struct value *list, struct strvec *out)
{
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return false;
	for (i = 0; i < list->u.list.nr; i++) {
		const struct value *word = list->u.list.item[i];
		const char *text = value_text(word);

		if (!text || strlen(text) != word->u.text.len)
			return false;
		strvec_push(out, text);
	}
	return true;
}

static bool get_flag(const struct value *entry, const char *key, bool *out)
{
	const struct value *value = value_map_get(entry, key);

	*out = value && value->type == VALUE_BOOL && value->u.truth;
	return !value || value->type == VALUE_BOOL;
}

/* A path below the top, in its one spelling. */
static bool is_project_path(const char *path)
{
	struct strbuf whole = STRBUF_INIT;
	const char *below;
	bool good;

	path_absolute(&whole, "/top", path);
	below = path_below(whole.buf, "/top");
	good = below && *path != '/' &&
	       (*below ? !strcmp(below, path) : !strcmp(path, "."));
	strbuf_release(&whole);
	return good;
}

static bool take_entry(struct hook *h, const struct value *entry)
{
	const char *on = value_get_text(entry, "on");
	const char *name = value_get_text(entry, "name");
	const char *project = value_get_text(entry, "project");

	memset(h, 0, sizeof(*h));
	strvec_init(&h->options);
	strvec_init(&h->argv);
	h->entry = entry;
	h->on = on ? hook_event_find(on) : NULL;
	h->name = xstrdup(name ? name : "");
	h->project = xstrdup(project ? project : ".");
	return h->on && hook_name_is_valid(h->name) &&
	       is_project_path(h->project) &&
	       get_flag(entry, "async", &h->async) &&
	       get_flag(entry, "each", &h->each) &&
	       get_flag(entry, "during_rebase", &h->during) &&
	       (!value_map_get(entry, "options") ||
		get_words(value_map_get(entry, "options"), &h->options)) &&
	       get_words(value_map_get(entry, "argv"), &h->argv) &&
	       h->argv.nr && *h->argv.v[0];
}

/* What is written by `root` is what the items say. */
static void take_entries(struct hook_table *t)
{
	const struct value *list = value_map_get(t->root, "hooks");
	size_t i;

	for (i = 0; list && i < list->u.list.nr; i++) {
		struct hook h;

		if (!take_entry(&h, list->u.list.item[i]) ||
		    hook_table_find(t, h.on->name, h.name) ||
		    hook_table_count(t, h.on->name) == HOOK_MAX_EACH) {
			release_hook(&h);
			t->strange++;
			continue;
		}
		ARRAY_GROW(t->item, t->nr + 1, t->alloc);
		t->item[t->nr++] = h;
	}
}

int hook_table_parse(struct hook_table *t, const char *text, size_t len,
		     const char *name, struct strbuf *err)
{
	const struct value *list;
	int64_t version;
	int ret = json_parse(&t->root, text, len, name, err);

	if (ret)
		return ret;
	list = value_map_get(t->root, "hooks");
	if (!value_get_int(t->root, "version", &version) || version < 1 ||
	    (list && list->type != VALUE_LIST))
		ret = fail(err, ERR_CONTENT, "'%s' is no table of hooks",
			   name);
	else if (version > HOOK_TABLE_VERSION)
		ret = fail(err, ERR_CONTENT, "'%s' is of version %" PRId64
			   ", and this resutil knows only version %d", name,
			   version, HOOK_TABLE_VERSION);
	if (ret) {
		value_free(t->root);
		t->root = NULL;
		return ret;
	}
	take_entries(t);
	return 0;
}

int hook_table_read(struct hook_table *t, const char *common,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret;

	hook_table_path(common, &path);
	if (!path_exists(path.buf)) {
		strbuf_release(&path);
		return 0;
	}
	ret = read_own_file(&text, path.buf, HOOK_TABLE_MAX_BYTES, err);
	if (!ret)
		ret = hook_table_parse(t, text.buf, text.len, path.buf, err);
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

const struct hook *hook_table_find(const struct hook_table *t,
				   const char *event, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (!strcmp(t->item[i].on->name, event) &&
		    !strcmp(t->item[i].name, name))
			return &t->item[i];
	return NULL;
}

size_t hook_table_count(const struct hook_table *t, const char *event)
{
	size_t i, nr = 0;

	for (i = 0; i < t->nr; i++)
		nr += !strcmp(t->item[i].on->name, event);
	return nr;
}

/* ---- changing ----------------------------------------------------------- */

int hook_table_lock(const char *common, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	int fd = -1;

	strbuf_addf(&dir, "%s/resutil", common);
	strbuf_addf(&path, "%s/hooks.lock", dir.buf);
	while (fd < 0) {
		if (sys_mkdir_all(dir.buf, 0777)) {
			fail_errno(err, "cannot make '%s'", dir.buf);
			break;
		}
		fd = filelock_open(path.buf, 0666);
		if (fd < 0 && errno == ENOENT)
			continue;	/* the last one leaves just now */
		if (fd < 0) {
			fail_errno(err, "cannot lock '%s'", path.buf);
			break;
		}
		if (!hold_has_name(fd, AT_FDCWD, path.buf)) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		leftover_sweep(dir.buf, TABLE_FILE);
	strbuf_release(&path);
	strbuf_release(&dir);
	return fd < 0 ? ERR_FAILED : fd;
}

void hook_table_unlock(const char *common, int fd)
{
	struct strbuf path = STRBUF_INIT;

	hook_table_path(common, &path);
	if (!path_exists(path.buf)) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/resutil/hooks.lock", common);
		sys_unlink(path.buf);
		strbuf_setlen(&path, path.len - strlen("/hooks.lock"));
		sys_rmdir(path.buf);	/* only when nothing is left in it */
	}
	close(fd);
	strbuf_release(&path);
}

static struct value *words_value(const struct strvec *words)
{
	struct value *list = value_new_list();
	size_t i;

	for (i = 0; i < words->nr; i++)
		value_list_add(list, value_new_text(words->v[i],
						    strlen(words->v[i])));
	return list;
}

static struct value *entry_of(const struct hook *h)
{
	struct value *entry = value_new_map();

	value_map_set_str(entry, "on", h->on->name);
	value_map_set_str(entry, "name", h->name);
	value_map_set(entry, "project", value_new_text(h->project,
						       strlen(h->project)));
	value_map_set(entry, "async", value_new_bool(h->async));
	value_map_set(entry, "each", value_new_bool(h->each));
	value_map_set(entry, "during_rebase", value_new_bool(h->during));
	value_map_set(entry, "options", words_value(&h->options));
	value_map_set(entry, "argv", words_value(&h->argv));
	return entry;
}

static struct value *entries(struct hook_table *t)
{
	struct value *list;

	if (!t->root) {
		t->root = value_new_map();
		value_map_set_int(t->root, "version", HOOK_TABLE_VERSION);
	}
	list = value_map_get(t->root, "hooks");
	if (!list) {
		list = value_new_list();
		value_map_set(t->root, "hooks", list);
	}
	return list;
}

/* The items are read anew, since they lend from the tree. */
static void take_again(struct hook_table *t)
{
	clear_items(t);
	take_entries(t);
}

static void remove_entry(struct hook_table *t, const struct value *entry)
{
	struct value *list = entries(t);
	size_t i;

	for (i = 0; i < list->u.list.nr; i++) {
		if (list->u.list.item[i] != entry)
			continue;
		value_free(list->u.list.item[i]);
		list->u.list.nr--;
		memmove(list->u.list.item + i, list->u.list.item + i + 1,
			(list->u.list.nr - i) * sizeof(*list->u.list.item));
		return;
	}
}

/* In its place; takes `fresh`. What the old one said besides goes with it. */
static void replace_entry(struct hook_table *t, const struct value *entry,
			  struct value *fresh)
{
	struct value *list = entries(t);
	size_t i;

	for (i = 0; i < list->u.list.nr; i++) {
		if (list->u.list.item[i] != entry)
			continue;
		value_free(list->u.list.item[i]);
		list->u.list.item[i] = fresh;
		return;
	}
	value_free(fresh);
}

void hook_table_remove(struct hook_table *t, size_t pos)
{
	remove_entry(t, t->item[pos].entry);
	take_again(t);
}

int hook_table_add(struct hook_table *t, const struct hook *h,
		   struct strbuf *err)
{
	const struct hook *old = hook_table_find(t, h->on->name, h->name);

	if (!old && hook_table_count(t, h->on->name) == HOOK_MAX_EACH)
		return fail(err, ERR_CONFLICT, "there are %d hooks on %s "
			    "already", HOOK_MAX_EACH, h->on->name);
	if (old)
		replace_entry(t, old->entry, entry_of(h));
	else
		value_list_add(entries(t), entry_of(h));
	take_again(t);
	return 0;
}

/* For good: or it would name hooks again whose scripts are gone. */
static int remove_table(const char *path, struct strbuf *err)
{
	char *dir = xmemdupz(path, (size_t)(path_basename(path) - path));
	int ret = 0;

	if (sys_unlink(path) ? errno != ENOENT : sys_fsync_dir(dir)) {
		fail_errno(err, "cannot remove '%s'", path);
		ret = ERR_FAILED;
	}
	free(dir);
	return ret;
}

int hook_table_write(const struct hook_table *t, const char *common,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret = 0;

	hook_table_path(common, &path);
	if (!t->nr && !t->strange) {
		ret = remove_table(path.buf, err);
		goto cleanup;
	}
	json_write(&text, t->root);
	strbuf_addch(&text, '\n');
	if (text.len > HOOK_TABLE_MAX_BYTES)
		ret = fail(err, ERR_FAILED, "the table of hooks would be "
			   "larger than %u KiB", HOOK_TABLE_MAX_BYTES >> 10);
	else
		ret = write_file_atomic(path.buf, text.buf, text.len, 0666,
					TEMPFILE_SYNC, err);
	/* the directory may be new */
	if (!ret && sys_fsync_dir(common))
		ret = fail_errno(err, "cannot sync '%s'", common);

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}
