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
 * - Nobody decides by a listing in which its own file is not: an index that
 *   lags, but keeps the order, decides as one that does not.
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

#include <sys/random.h>

/* Milliseconds between two looks at those who are about to decide. */
#define LOOK_FIRST 50
#define LOOK_LAST 2000
/* For so long an own file may be missing in listings. */
#define UNSEEN_MAX 30000

/* A pending file of somebody else. */
struct rival {
	char *id;
	char *mark;		/* its state and turn, as seen last */
	uint64_t since;		/* when it was first seen so */
};

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
	uint64_t unseen;	/* since when it is missing; 0: it is not */
	uint64_t end;		/* it is given up then */
	unsigned looks;		/* since something happened */
	struct rival *rival;
	size_t nr, alloc;
};

/* Milliseconds. */
static uint64_t claim_max(void)
{
	const char *test = getenv("RESUTIL_TEST_GDRIVE_CLAIM");

	return test ? strtoull(test, NULL, 10) :
		      (uint64_t)GDRIVE_CLAIM_MAX * 1000;
}

static void claim_init(struct claim *c, struct gdrive_store *s,
		       const char *key, const char *id)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	c->key = key;
	c->id = id;
	c->end = gdrive_ticks() + 2 * claim_max() + UNSEEN_MAX;
}

static void claim_release(struct claim *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		free(c->rival[i].id);
		free(c->rival[i].mark);
	}
	free(c->rival);
}

/* Longer each time, and not all at once. */
static void pause_between(struct claim *c)
{
	uint64_t ms = LOOK_FIRST, chance = 0;
	struct timespec left;
	unsigned i;

	for (i = 0; i < c->looks && ms < LOOK_LAST; i++)
		ms *= 2;
	c->looks++;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = gdrive_ticks();
	ms = ms / 2 + chance % ms;
	left.tv_sec = (time_t)(ms / 1000);
	left.tv_nsec = (long)(ms % 1000) * 1000000;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int fail_taken(const struct claim *c, struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "'%s' is in '%s' already", c->key,
		    c->s->base.url);
}

static int fail_gone(const struct claim *c, struct strbuf *err)
{
	return fail(err, ERR_TRANSIENT, "the new file of '%s' in '%s' was "
		    "taken away by somebody before it was complete", c->key,
		    c->s->base.url);
}

/* ---- the others ---------------------------------------------------------- */

static struct rival *find_rival(struct claim *c, const char *id)
{
	struct rival *r;
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (!strcmp(c->rival[i].id, id))
			return &c->rival[i];
	ARRAY_GROW(c->rival, c->nr + 1, c->alloc);
	r = &c->rival[c->nr++];
	memset(r, 0, sizeof(*r));
	r->id = xstrdup(id);
	return r;
}

/* Whether it shows no sign of life, and has not for as long as is said. */
static bool is_silent(struct rival *r, const struct gdrive_file *f)
{
	char *mark = xstrfmt("%s %s", f->state, f->turn ? f->turn : "");
	bool same = r->mark && !strcmp(r->mark, mark);

	free(r->mark);
	r->mark = mark;
	if (!same)
		r->since = gdrive_ticks();
	return same && gdrive_ticks() - r->since >= claim_max();
}

/* A listing may be late, so the file itself is asked before it is given up. Its
 * maker, should it live after all, finds it gone. */
static bool bury(struct claim *c, struct rival *r)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret = gdrive_by_id(c->s, c->key, r->id, &now, NULL);
	bool dead = ret == ERR_NOT_FOUND;

	if (!ret && now.state && is_silent(r, &now)) {
		gdrive_delete(c->s, c->key, r->id, NULL);
		dead = true;
	}
	gdrive_file_release(&now);
	return dead;
}

static void judge(struct claim *c, const struct gdrive_file *f,
		  struct view *view)
{
	int order = c->id ? strcmp(f->id, c->id) : -1;
	struct rival *r;

	if (!order) {
		view->seen = true;
		view->done = !f->pending;
		return;
	}
	if (!f->pending) {
		view->taken = true;
		return;
	}
	if (!strcmp(f->state, GDRIVE_WAITING))
		return;
	r = find_rival(c, f->id);
	if (is_silent(r, f) && bury(c, r))
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

static struct value *marked_as(const char *state)
{
	struct value *json = value_new_map(), *marks = value_new_map();
	uint64_t chance = 0;
	char *turn;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = gdrive_ticks();
	turn = xstrfmt("%016" PRIx64, chance);
	value_map_set(marks, GDRIVE_STATE, value_new_str(state));
	value_map_set(marks, GDRIVE_TURN, value_new_str(state ? turn : NULL));
	value_map_set(json, GDRIVE_PROPERTIES, marks);
	free(turn);
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
	struct strbuf why = STRBUF_INIT;
	uint64_t before = gdrive_ticks();
	int ret;

	change.what = "mark";
	change.json = marked_as(state);
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
		c->looks = 0;
	}
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
	if (c->looks)
		ret = gdrive_by_id(c->s, c->key, c->id, &now, NULL);
	if (ret == ERR_NOT_FOUND || (!ret && c->looks && !is_in_place(c, &now)))
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
				ret = fail_taken(c, err);
	gdrive_files_release(&files);
	return ret;
}

static int fail_busy(const struct claim *c, struct strbuf *err)
{
	return fail(err, ERR_CONFLICT, "somebody else is about to put '%s' "
		    "into '%s'; try again when that is done", c->key,
		    c->s->base.url);
}

/* What is to be done next. ERR_NO: look again. */
static int step(struct claim *c, const struct view *view,
		struct gdrive_file *out, struct strbuf *err)
{
	uint64_t now = gdrive_ticks();
	bool rivals = view->smaller || view->larger;
	bool late = now - c->marked > claim_max() / 4;
	int ret = 0;

	if (view->done)
		return take_done(c, out, err);
	if (view->taken)
		return fail_taken(c, err);
	if (now > c->end)
		return fail_busy(c, err);
	if (!view->seen)
		ret = wait_unseen(c, err);
	else if (view->smaller && !c->waiting)
		return next(mark(c, GDRIVE_WAITING, err));
	else if (c->waiting ? !rivals : late)
		return next(mark(c, GDRIVE_PENDING, err));
	else if (!rivals)
		return unmark(c, out, err);
	if (!ret)
		pause_between(c);
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
			ret = fail_taken(&c, err);
		else if (!view.smaller && !view.larger)
			break;
		else if (gdrive_ticks() > c.end)
			ret = fail_busy(&c, err);
		else
			pause_between(&c);
	} while (!ret);
	claim_release(&c);
	return ret;
}
