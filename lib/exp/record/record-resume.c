#include "lib/base/compat.h"
#include "lib/exp/record/record-resume.h"
#include "lib/exp/record/record.h"

/* Commits that are noted of one run; the oldest give way. */
#define MAX_COMMITS 100

void record_replace_map(struct value *map, const struct value *old)
{
	size_t i;

	for (i = 0; old && old->type == VALUE_MAP && i < old->u.map.nr; i++) {
		const struct value_pair *pair = &old->u.map.pair[i];
		struct value *now = value_map_get(map, pair->key);

		if (!now)
			value_map_set(map, pair->key, value_new_null());
		else if (now->type == VALUE_MAP)
			record_replace_map(now, pair->value);
	}
}

/* Null means the same as an absent key. */
static bool same_commit(const struct value *a, const struct value *b)
{
	const char *one = value_get_text(a, "commit_hash");
	const char *two = value_get_text(b, "commit_hash");

	return one && two ? !strcmp(one, two) : one == two;
}

/* A new list: the changed files that git tracks. Others are mostly what runs
 * leave behind, and differ each time. */
static struct value *tracked_changes(const struct value *git)
{
	const struct value *all = value_map_get(git, "uncommited_files");
	const struct value *others = value_map_get(git, "untracked_files");
	struct value *list = value_new_list();
	size_t i, k;

	for (i = 0; all && all->type == VALUE_LIST && i < all->u.list.nr; i++) {
		const struct value *item = all->u.list.item[i];
		bool tracked = true;

		for (k = 0; others && others->type == VALUE_LIST &&
		     k < others->u.list.nr && tracked; k++)
			tracked = !value_equal(item, others->u.list.item[k]);
		if (tracked)
			value_list_add(list, value_copy(item));
	}
	return list;
}

bool record_note_code(const struct value *record, const struct value *git,
		      const struct moment *now, struct value *changes)
{
	static const char *const keys[] = { "commit_hash", "branch" };
	const struct value *old = value_map_get(record, "git");
	const struct value *list = value_map_get(old, "resumed"), *last = old;
	struct value *entry, *all, *files, *before;
	bool same;
	size_t i;

	if (list && list->type != VALUE_LIST)
		list = NULL;
	if (list && list->u.list.nr)
		last = list->u.list.item[list->u.list.nr - 1];
	files = tracked_changes(git);
	before = tracked_changes(last);
	same = same_commit(last, git) && value_equal(before, files);
	value_free(before);
	if (same) {
		value_free(files);
		return false;
	}
	entry = value_new_map();
	record_set_moment(entry, "at", now);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (value_map_get(git, keys[i]))
			value_map_set(entry, keys[i],
				      value_copy(value_map_get(git, keys[i])));
	value_map_set(entry, "uncommited_files", files);
	all = value_new_list();
	i = list && list->u.list.nr >= MAX_COMMITS ?
	    list->u.list.nr - MAX_COMMITS + 1 : 0;
	for (; list && i < list->u.list.nr; i++)
		value_list_add(all, value_copy(list->u.list.item[i]));
	value_list_add(all, entry);
	value_set(changes, "git.resumed", all);
	return true;
}
