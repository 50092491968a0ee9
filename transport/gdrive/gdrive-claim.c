/*
 * Which of several new files of one name becomes the object. Drive has nothing
 * that decides it in one step, so each maker marks its file as pending, looks
 * who else is there, and takes the mark away when nobody is:
 *
 * - Both A and B are listed with what was made before. Of two that are made,
 *   one is made first, and the maker of the other sees it, whenever it looks:
 *   so two never take their marks away without one having seen the other.
 * - Who sees an object withdraws. Who sees a pending file with a smaller id
 *   stands back, and looks again when that is decided; who sees one with a
 *   larger id waits until it has stood back. So one of them goes on.
 * - Nobody decides by a listing in which its own file is not, or not with the
 *   mark that it made last: an index that lags, but keeps the order, decides as
 *   one that does not.
 * - Makers die. A pending file whose mark did not change for GDRIVE_CLAIM_MAX,
 *   by the clock of who looks, is one of a dead maker. So who lives never takes
 *   its mark away later than a quarter of that after it last changed it; it
 *   changes it again (resutil-turn) and looks again.
 *
 * Source: Documentation/technical/store-contract.adoc, "Two who put one name".
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/value.h"
#include "transport/gdrive/gdrive-internal.h"
#include "transport/object.h"

/* For so long an own file may be missing in listings. */
#define UNSEEN_MAX 30000

/* What a listing of the name shows. */
struct view {
	bool seen, done;	/* our own file; and that it is an object */
	bool taken;		/* another object is there */
	bool smaller, larger;	/* others are pending, with such ids */
};

struct claim {
	struct gdrive_store *s;
	const char *key;
	const char *id;		/* of our own file; or NULL */
	bool waiting;		/* it has stood back */
	uint64_t marked;	/* when its mark was last changed */
	struct strbuf turn;	/* by that; "": it was not changed yet */
	uint64_t unseen;	/* since when it is missing; 0: it is not */
	struct gdrive_watch watch;
};

static void claim_init(struct claim *c, struct gdrive_store *s,
		       const char *key, const char *id)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	c->key = key;
	c->id = id;
	strbuf_init(&c->turn);
	gdrive_watch_init(&c->watch);
}

static void claim_release(struct claim *c)
{
	gdrive_watch_release(&c->watch);
	strbuf_release(&c->turn);
}

static int fail_gone(const struct claim *c, struct strbuf *err)
{
	return fail(err, ERR_TRANSIENT, "the new file of '%s' in '%s' was "
		    "taken away by somebody before it was complete", c->key,
		    c->s->base.url);
}

/* ---- the others ---------------------------------------------------------- */

static bool is_silent(struct claim *c, const struct gdrive_file *f)
{
	char *mark = xstrfmt("%s %s", f->state, f->turn ? f->turn : "");
	bool silent = gdrive_is_silent(&c->watch, f->id, mark);

	free(mark);
	return silent;
}

/* A listing may be late, so the file itself is asked before it is given up. Its
 * maker, should it live after all, finds it gone. */
static bool bury(struct claim *c, const char *id)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret = gdrive_by_id(c->s, c->key, id, &now, NULL);
	bool dead = ret == ERR_NOT_FOUND;

	if (!ret && now.state && is_silent(c, &now)) {
		gdrive_delete(c->s, c->key, id, NULL);
		dead = true;
	}
	gdrive_file_release(&now);
	return dead;
}

static void judge(struct claim *c, const struct gdrive_file *f,
		  struct view *view)
{
	int order = c->id ? strcmp(f->id, c->id) : -1;

	if (!order) {
		/* A listing that does not know our last change knows none that
		 * others made before it. */
		view->done = !f->pending;
		view->seen = view->done || !c->turn.len ||
			     (f->turn && !strcmp(f->turn, c->turn.buf));
		return;
	}
	if (!f->pending) {
		view->taken = true;
		return;
	}
	if (!strcmp(f->state, GDRIVE_WAITING))
		return;
	if (gdrive_is_given_up(c->s, f->id)) {
		gdrive_delete(c->s, c->key, f->id, NULL);
		return;
	}
	if (is_silent(c, f) && bury(c, f->id))
		return;
	view->smaller |= order < 0;
	view->larger |= order > 0;
}

static int look(struct claim *c, struct view *view, struct strbuf *err)
{
	struct gdrive_files files = { 0 };
	int ret = gdrive_named(c->s, c->key, &files, err);
	size_t i;

	memset(view, 0, sizeof(*view));
	for (i = 0; !ret && i < files.nr; i++)
		judge(c, &files.v[i], view);
	if (view->seen)
		c->unseen = 0;
	gdrive_files_release(&files);
	return ret;
}

/* ---- our own mark -------------------------------------------------------- */

static struct value *marked_as(const char *state, const char *turn)
{
	struct value *json = value_new_map(), *marks = value_new_map();

	value_map_set_str(marks, GDRIVE_STATE, state);
	value_map_set_str(marks, GDRIVE_TURN, state ? turn : NULL);
	value_map_set(json, GDRIVE_PROPERTIES, marks);
	return json;
}

/* A file in the trash, or under another name, is ours no longer. */
static bool is_in_place(const struct claim *c, const struct gdrive_file *f)
{
	return !f->trashed && !strcmp(f->name, gdrive_basename(c->key));
}

/* state NULL: the mark is taken away. */
static int set_mark(struct claim *c, const char *state,
		    struct gdrive_file *out, struct strbuf *err)
{
	struct gdrive_change change = GDRIVE_CHANGE_INIT(c->key, c->id);
	struct strbuf why = STRBUF_INIT, turn = STRBUF_INIT;
	uint64_t before = gdrive_ticks();
	int ret;

	change.what = "mark";
	gdrive_add_chance(&turn);
	change.json = marked_as(state, turn.buf);
	/* What takes the mark away must not arrive at some later time. */
	if (!state)
		change.flags = 0;
	ret = gdrive_change(c->s, &change, out, &why);
	if (ret == ERR_NOT_FOUND || (!ret && !is_in_place(c, out)))
		ret = fail_gone(c, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	if (!ret && state) {
		c->waiting = !strcmp(state, GDRIVE_WAITING);
		c->marked = before;
		strbuf_reset(&c->turn);
		strbuf_addbuf(&c->turn, &turn);
		c->watch.looks = 0;
	}
	strbuf_release(&turn);
	strbuf_release(&why);
	gdrive_change_release(&change);
	return ret;
}

static int mark(struct claim *c, const char *state, struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret = set_mark(c, state, &now, err);

	gdrive_file_release(&now);
	return ret;
}

/* ERR_NO: it is pending as before, and all may be looked at again. */
static int unmark(struct claim *c, struct gdrive_file *out,
		  struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = set_mark(c, NULL, out, &why), there;

	if (ret == ERR_TRANSIENT || ret == ERR_UNREACHABLE) {
		there = gdrive_by_id(c->s, c->key, c->id, &now, NULL);
		if (there)
			ret = ERR_TRANSIENT;
		else
			ret = now.pending ? ERR_NO : 0;
		if (!ret) {
			gdrive_file_release(out);
			*out = now;
			now = (struct gdrive_file)GDRIVE_FILE_INIT;
		}
	}
	if (ret && ret != ERR_NO)
		fail(err, ret, "%s", why.buf);
	gdrive_file_release(&now);
	strbuf_release(&why);
	return ret;
}

static int next(int ret)
{
	return ret ? ret : ERR_NO;
}

/* ---- deciding ------------------------------------------------------------ */

/* It is the object: we died, or the answer was lost, after it had become so. */
static int take_done(struct claim *c, struct gdrive_file *out,
		     struct strbuf *err)
{
	int ret = gdrive_by_id(c->s, c->key, c->id, out, err);

	return ret == ERR_NOT_FOUND ? ERR_TRANSIENT : ret;
}

/* 0: it may yet appear. */
static int wait_unseen(struct claim *c, struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	uint64_t clock = gdrive_ticks();
	int ret = 0;

	if (!c->unseen)
		c->unseen = clock;
	if (c->watch.looks)
		ret = gdrive_by_id(c->s, c->key, c->id, &now, NULL);
	if (ret == ERR_NOT_FOUND)
		ret = fail_gone(c, err);
	else if (clock - c->unseen > UNSEEN_MAX)
		ret = fail(err, ERR_TRANSIENT, "'%s' does not list the new "
			   "file of '%s'; is its folder in the trash?",
			   c->s->base.url, c->key);
	else
		ret = 0;
	gdrive_file_release(&now);
	return ret;
}

/* Should both have been listed too late for each other all the same, the larger
 * id leaves, before anybody was told that it is there. */
static int look_after(struct claim *c, struct strbuf *err)
{
	struct gdrive_files files = { 0 };
	int ret = 0;
	size_t i;

	if (!gdrive_named(c->s, c->key, &files, NULL))
		for (i = 0; i < files.nr && !ret; i++)
			if (!files.v[i].pending &&
			    strcmp(files.v[i].id, c->id) < 0)
				ret = object_fail_exists(&c->s->base, c->key,
							 err);
	gdrive_files_release(&files);
	return ret;
}

/* What is to be done next. ERR_NO: look again. */
static int step(struct claim *c, const struct view *view,
		struct gdrive_file *out, struct strbuf *err)
{
	uint64_t now = gdrive_ticks();
	bool rivals = view->smaller || view->larger;
	bool late = now - c->marked > gdrive_claim_max() / 4;
	int ret = 0;

	if (view->done)
		return take_done(c, out, err);
	if (view->taken)
		return object_fail_exists(&c->s->base, c->key, err);
	if (now > c->watch.end)
		return gdrive_fail_busy(c->s, c->key, err);
	if (!view->seen)
		ret = wait_unseen(c, err);
	else if (view->smaller && !c->waiting)
		return next(mark(c, GDRIVE_WAITING, err));
	else if (c->waiting ? !rivals : late)
		return next(mark(c, GDRIVE_PENDING, err));
	else if (!rivals)
		return unmark(c, out, err);
	if (!ret)
		gdrive_watch_pause(&c->watch);
	return next(ret);
}

int gdrive_claim(struct gdrive_store *s, const char *key, const char *id,
		 uint64_t made, struct gdrive_file *out, struct strbuf *err)
{
	struct view view;
	struct claim c;
	int ret;

	claim_init(&c, s, key, id);
	c.marked = made;
	do {
		ret = look(&c, &view, err);
		if (!ret)
			ret = step(&c, &view, out, err);
	} while (ret == ERR_NO);
	if (!ret)
		ret = look_after(&c, err);
	claim_release(&c);
	return ret;
}

int gdrive_await(struct gdrive_store *s, const char *key, const char *id,
		 struct strbuf *err)
{
	struct view view;
	struct claim c;
	int ret;

	claim_init(&c, s, key, id);
	do {
		ret = look(&c, &view, err);
		if (ret)
			break;
		if (view.taken)
			ret = object_fail_exists(&c.s->base, c.key, err);
		else if (!view.smaller && !view.larger)
			break;
		else if (gdrive_ticks() > c.watch.end)
			ret = gdrive_fail_busy(s, key, err);
		else
			gdrive_watch_pause(&c.watch);
	} while (!ret);
	claim_release(&c);
	return ret;
}
