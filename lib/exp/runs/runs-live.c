/*
 * The state of a run that has not ended is asked of the kernel each time; what
 * is needed for that is in its row, so no record is read.
 */
#include "lib/base/compat.h"
#include "lib/base/cell.h"
#include "lib/base/value.h"
#include "lib/exp/record/live.h"
#include "lib/exp/runs/runs-internal.h"

void runs_live_fields(struct live_fields *fields, struct field_names *names)
{
	fields->known = field_names_find(names, "state", &fields->state);
	if (fields->known)
		fields->duration = field_names_add(names, "duration",
						   strlen("duration"));
}

static bool get_field(const struct runs *runs, const struct run_row *row,
		      const char *path, struct cell *out)
{
	unsigned id;

	return field_names_find(runs->names, path, &id) &&
	       run_row_get(row, id, out);
}

/* Whether only the kernel knows: live.h, goes_on(). */
static bool has_not_ended(const struct cell *state)
{
	static const char *const words[] = { "started", "running", "resumed" };
	size_t i;

	if (state->type != CELL_TEXT)
		return false;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (state->u.text.len == strlen(words[i]) &&
		    !memcmp(state->u.text.data, words[i], state->u.text.len))
			return true;
	return false;
}

/* As much of the record as says whether it goes on. */
static struct value *make_record(const struct runs *runs,
				 const struct run_row *row)
{
	static const char *const paths[] = {
		"state", "host", "id", "name", "meta.recorder.pid",
		"meta.recorder.start", "meta.recorder.boot_id",
		"meta.process.pid", "meta.process.start",
		"meta.process.boot_id"
	};
	struct value *record = value_new_map();
	struct cell cell;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (get_field(runs, row, paths[i], &cell))
			value_set(record, paths[i], cell_value(&cell));
	return record;
}

static enum live_state ask(const struct runs *runs, const char *dir,
			   const struct value *record, struct strbuf *text)
{
	struct strbuf path = STRBUF_INIT;
	enum live_state state;

	if (dir) {
		strbuf_addf(&path, "%s/" TRIAL_LIVE_FILE, dir);
		live_state_text_at(path.buf, record, text);
		state = live_state_at(path.buf, record);
	} else {
		live_state_text(runs->project, record, text);
		state = live_state_of(runs->project, record);
	}
	strbuf_release(&path);
	return state;
}

/* As `list` has it: what was measured goes before what the clock says. */
static bool find_duration(const struct runs *runs, const struct run_row *row,
			  enum live_state state, struct cell *out)
{
	struct cell cell;
	double wall;

	if (state == LIVE_LOST || state == LIVE_FINAL)
		return false;
	if (get_field(runs, row, "usage.wall", &cell) &&
	    cell_number(&cell, &wall) && wall >= 0)
		return false;
	if (!get_field(runs, row, "at.started", &cell) ||
	    cell.type != CELL_TIME)
		return false;
	out->type = CELL_FLOAT;
	out->u.real = MAXIMUM(moment_diff(&runs->now, &cell.u.time), 0);
	return true;
}

void runs_live_row(const struct runs *runs, const struct live_fields *fields,
		   const char *dir, struct run_row *row, struct strbuf *room)
{
	struct strbuf text = STRBUF_INIT;
	struct run_patch patch[2];
	struct value *record;
	enum live_state state;
	size_t nr = 1;

	if (!fields->known ||
	    !run_row_get(row, fields->state, &patch[0].cell) ||
	    !has_not_ended(&patch[0].cell))
		return;
	record = make_record(runs, row);
	state = ask(runs, dir, record, &text);
	patch[0].id = fields->state;
	patch[0].cell.u.text.data = text.buf;
	patch[0].cell.u.text.len = text.len;
	patch[1].id = fields->duration;
	nr += find_duration(runs, row, state, &patch[1].cell);
	strbuf_reset(room);
	if (!run_row_patch(room, row, patch, nr)) {
		row->data = (const unsigned char *)room->buf;
		row->len = room->len;
	}
	value_free(record);
	strbuf_release(&text);
}
