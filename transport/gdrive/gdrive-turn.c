/*
 * Of several who replace one content, who does. Each says that it is about to,
 * in a property of its own, and the answer to that shows those of all others,
 * and what the content is by then. Of two the second one sees the first, or
 * what it did: it takes its own away, and waits. So nobody's content is
 * replaced by who has not seen it.
 *
 * Like a claim (gdrive-claim.c) this does not outlive its maker for long, and
 * nobody replaces anything later than a quarter of that after it said so.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/value.h"
#include "transport/gdrive/gdrive-internal.h"
#include "transport/object.h"

/* text NULL: the property is taken away. */
static int set_turn(struct gdrive_store *s, const char *key, const char *id,
		    const char *turn, const char *text,
		    struct gdrive_file *out, struct strbuf *err)
{
	struct gdrive_change c = GDRIVE_CHANGE_INIT(key, id);
	struct value *marks = value_new_map();
	int ret;

	value_map_set_str(marks, turn, text);
	c.what = "replace";
	c.json = value_new_map();
	value_map_set(c.json, GDRIVE_PROPERTIES, marks);
	ret = gdrive_change(s, &c, out, err);
	if (ret == ERR_CREDENTIALS)
		gdrive_tell_owner(s, key, id, err);
	gdrive_change_release(&c);
	return ret;
}

void gdrive_leave(struct gdrive_store *s, const char *key, const char *id,
		  const char *turn)
{
	if (set_turn(s, key, id, turn, NULL, NULL, NULL))
		gdrive_give_up(s, turn);
}

/* Whether it is somebody else's, who lives. What the dead left goes. */
static bool is_taken(struct gdrive_store *s, const char *key,
		     const struct gdrive_file *f, const char *turn,
		     struct gdrive_watch *w)
{
	bool taken = false;
	size_t i, len;
	char *who;

	for (i = 0; i < f->turns.nr; i++) {
		len = strcspn(f->turns.v[i], "=");
		who = xmemdupz(f->turns.v[i], len);
		if (turn && !strcmp(who, turn))
			;
		else if (gdrive_is_given_up(s, who) ||
			 gdrive_is_silent(w, who, f->turns.v[i]))
			set_turn(s, key, f->id, who, NULL, NULL, NULL);
		else
			taken = true;
		free(who);
	}
	return taken;
}

static bool is_changed(const char *key, const struct gdrive_file *f,
		       const struct gdrive_file *now)
{
	return now->trashed || strcmp(now->name, gdrive_basename(key)) ||
	       !now->object.version ||
	       strcmp(now->object.version, f->object.version);
}

/* Until nobody is at it, or it has changed. */
static int wait_for_others(struct gdrive_store *s, const char *key,
			   const struct gdrive_file *f,
			   struct gdrive_watch *w, struct strbuf *err)
{
	bool free = false;
	int ret = 0;

	while (!ret && !free) {
		struct gdrive_file now = GDRIVE_FILE_INIT;

		gdrive_watch_pause(w);
		ret = gdrive_look_at(s, key, f->id, &now, err);
		if (!ret && is_changed(key, f, &now))
			ret = object_fail_changed(&s->base, key, err);
		else if (!ret)
			free = !is_taken(s, key, &now, NULL, w);
		/* Also when it is free, so that luck has an end, too. */
		if (!ret && gdrive_ticks() > w->end)
			ret = gdrive_fail_busy(s, key, err);
		gdrive_file_release(&now);
	}
	return ret;
}

static int try_to_enter(struct gdrive_store *s, const char *key,
			const struct gdrive_file *f, const char *turn,
			struct gdrive_watch *w, struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	struct strbuf text = STRBUF_INIT;
	int ret;

	gdrive_add_chance(&text);
	ret = set_turn(s, key, f->id, turn, text.buf, &now, err);
	if (!ret && is_changed(key, f, &now))
		ret = object_fail_changed(&s->base, key, err);
	else if (!ret && is_taken(s, key, &now, turn, w))
		ret = ERR_NO;
	if (ret && ret != ERR_CREDENTIALS)
		gdrive_leave(s, key, f->id, turn);
	gdrive_file_release(&now);
	strbuf_release(&text);
	return ret;
}

int gdrive_enter(struct gdrive_store *s, const char *key,
		 const struct gdrive_file *f, const char *turn,
		 struct strbuf *err)
{
	struct gdrive_watch w;
	int ret;

	gdrive_watch_init(&w);
	do {
		ret = try_to_enter(s, key, f, turn, &w, err);
		if (ret != ERR_NO)
			break;
		ret = wait_for_others(s, key, f, &w, err);
	} while (!ret);
	gdrive_watch_release(&w);
	return ret;
}
