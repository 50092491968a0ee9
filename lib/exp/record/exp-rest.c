#include "lib/base/compat.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

/* What writers of the record lock, as record_update() does. */
static const char *lock_name(const struct value *record, const char *name)
{
	const char *id = value_get_text(record, "id");

	return id && record_is_id(id) ? id : name;
}

static void read_record(struct value **out, const struct project *p,
			const char *name)
{
	struct strbuf dir = STRBUF_INIT;

	project_exp_path(p, name, &dir);
	if (record_read_raw(out, dir.buf, NULL))
		*out = NULL;
	strbuf_release(&dir);
}

static bool is_at_rest(const struct project *p, const struct value *record,
		       unsigned flags)
{
	enum live_state now = record ? live_state_of(p, record) : LIVE_FINAL;

	return now == LIVE_FINAL || now == LIVE_LOST ||
	       (now == LIVE_ELSEWHERE && (flags & EXP_REST_COPY));
}

static int check_record(const struct project *p, const char *name,
			const struct value *record, unsigned flags,
			struct strbuf *err)
{
	struct strbuf state = STRBUF_INIT;
	int ret;

	if (is_at_rest(p, record, flags))
		return 0;
	live_state_text(p, record, &state);
	ret = fail(err, ERR_CONFLICT, "'%s' is %s, and stays as it is until "
		   "it ends", name, state.buf);
	strbuf_release(&state);
	return ret;
}

/* The recorder of a debug run is known by the name of its directory. */
static bool debug_is_at_rest(const struct project *p, struct strbuf *state)
{
	struct live *live = NULL;
	bool held = live_start(&live, p, NAME_DEBUG, NULL) == ERR_CONFLICT;

	live_end(&live);
	if (held)
		strbuf_addstr(state, "running");
	return !held;
}

bool exp_is_at_rest(const struct project *p, const char *name,
		    struct strbuf *state)
{
	struct value *record = NULL;
	bool ret;

	if (!exp_is_here(p, name))
		return true;
	if (!strcmp(name, NAME_DEBUG))
		return debug_is_at_rest(p, state);
	read_record(&record, p, name);
	ret = is_at_rest(p, record, 0);
	if (!ret)
		live_state_text(p, record, state);
	value_free(record);
	return ret;
}

int exp_rest_take(struct live **out, const struct project *p, const char *name,
		  unsigned flags, struct strbuf *err)
{
	struct value *before = NULL, *record = NULL;
	bool same;
	int ret;

	*out = NULL;
	do {
		if (!exp_is_here(p, name))
			return fail(err, ERR_NOT_FOUND,
				    "no experiment '%s' here", name);
		read_record(&before, p, name);
		ret = live_lock_writer(out, p, lock_name(before, name), err);
		if (!ret)
			read_record(&record, p, name);
		/* Another experiment may have taken the name meanwhile. */
		same = ret || !strcmp(lock_name(before, name),
				      lock_name(record, name));
		if (!ret && same)
			ret = check_record(p, name, record, flags, err);
		value_free(before);
		value_free(record);
		before = record = NULL;
		if (ret || !same)
			live_unlock_writer(out);
	} while (!ret && !same);
	return ret;
}
