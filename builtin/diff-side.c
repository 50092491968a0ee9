#include "lib/base/compat.h"
#include "command.h"
#include "builtin/diff-side.h"
#include "builtin/remote-rows.h"
#include "builtin/store-exp.h"
#include "builtin/store-extract.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/sheet/exp-fields.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/series/series.h"

/* Of a run that only a store has. */
#define CODE_MAX_BYTES ((uint64_t)256 << 20)
#define TEXTS_MAX_BYTES ((uint64_t)64 << 20)

static bool is_stored(const struct diff_side *side)
{
	return side->found.remote.len;
}

/* The state that the record means now. */
static void set_state(struct diff_side *side, const struct moment *now)
{
	struct exp_item *item = &side->items.item[0];
	struct exp_row row;

	if (side->found.trial.len)
		exp_row_init_trial(&row, side->found.trial.buf, item, now);
	else
		exp_row_init(&row, the_project, item, now);
	if (is_stored(side))
		remote_row_live(&row, now);
	if (value_map_get(item->record, "state"))
		value_map_set_str(item->record, "state", row.state.buf);
	exp_row_release(&row);
}

int diff_side_open(struct diff_side *side, const char *arg,
		   const char *remote, const struct moment *now,
		   struct strbuf *err)
{
	int ret;

	strbuf_init(&side->found.name);
	strbuf_init(&side->found.remote);
	strbuf_init(&side->found.trial);
	strbuf_init(&side->row);
	strbuf_init(&side->dir);
	strbuf_init(&side->listing);
	ret = exp_arg_find(&side->found, arg, remote, err);
	if (!ret)
		ret = exp_arg_load(&side->items, &side->found, err);
	if (ret)
		return ret;
	side->run.name = side->items.item[0].name;
	side->run.record = side->items.item[0].record;
	set_state(side, now);
	if (!is_stored(side)) {
		exp_arg_dir(&side->dir, &side->found);
		return 0;
	}
	return store_exp_listing(&side->listing, side->found.remote.buf,
				 side->found.name.buf, err);
}

static bool is_code_or_metrics(const struct store_entry *entry,
			       void *data UNUSED)
{
	enum metrics_format format;
	const char *series;
	uint64_t number;
	size_t len;

	return !strcmp(entry->path, "uncommited.patch") ||
	       !strncmp(entry->path, "uncommited_files/", 17) ||
	       metrics_parse_name(entry->path, &format, &number, &series,
				  &len);
}

int diff_side_facts(struct diff_side *side, struct field_names *names,
		    struct strvec *problems, struct strbuf *err)
{
	struct run_facts facts = { .name = side->run.name };
	int ret = 0;

	if (is_stored(side)) {
		ret = tempfile_scratch_dir(&side->scratch, err);
		if (!ret)
			strbuf_addstr(&side->dir,
				      tempfile_path(side->scratch));
		if (!ret)
			ret = store_extract(side->dir.buf,
					    side->found.remote.buf,
					    side->found.name.buf,
					    &side->listing, CODE_MAX_BYTES,
					    is_code_or_metrics, NULL, err);
		if (ret)
			return ret;
		facts.remote = side->found.remote.buf;
	}
	if (side->found.trial.len)
		facts.dir = side->found.trial.buf;
	side->metrics = series_facts(side->dir.buf, problems);
	facts.metrics = side->metrics;
	run_row_build(&side->row, names, side->run.record, &facts);
	side->run.row.name = side->run.name;
	side->run.row.data = (const unsigned char *)side->row.buf;
	side->run.row.len = side->row.len;
	return 0;
}

int diff_side_tree(struct diff_side *side, struct strbuf *err)
{
	const char *at = side->listing.buf, *end = at + side->listing.len;
	struct store_entry entry;

	if (!is_stored(side))
		return diff_tree_read(&side->tree, side->dir.buf, err);
	while ((at = store_entry_next(at, end, &entry)))
		if (!S_ISDIR(entry.mode))
			diff_tree_add(&side->tree, entry.path, entry.mode,
				      entry.size, entry.crc);
	side->tree.has_crc = true;
	diff_tree_sort(&side->tree);
	if (side->dir.len)
		side->tree.dir = xstrdup(side->dir.buf);
	return 0;
}

struct texts {
	diff_wanted_fn wanted;
	void *data;
};

static bool is_wanted(const struct store_entry *entry, void *data)
{
	const struct texts *texts = data;

	return S_ISREG(entry->mode) && entry->size <= DIFF_TEXT_MAX &&
	       texts->wanted(entry->path, texts->data);
}

int diff_side_texts(struct diff_side *side, diff_wanted_fn wanted, void *data,
		    struct strbuf *err)
{
	struct texts texts = { wanted, data };

	if (!is_stored(side) || !side->tree.dir)
		return 0;
	return store_extract(side->tree.dir, side->found.remote.buf,
			     side->found.name.buf, &side->listing,
			     TEXTS_MAX_BYTES, is_wanted, &texts, err);
}

void diff_side_release(struct diff_side *side)
{
	diff_tree_release(&side->tree);
	tempfile_delete(&side->scratch);
	strbuf_release(&side->listing);
	strbuf_release(&side->dir);
	strbuf_release(&side->row);
	value_free(side->metrics);
	exp_items_release(&side->items);
	exp_arg_release(&side->found);
}
