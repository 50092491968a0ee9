#include "lib/base/compat.h"
#include "lib/exp/diff/same-run.h"

#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

/* 1: it is that run; 0: another one; -1: it is not there. */
static int has_id(const struct project *p, const char *name, const char *id)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	const char *text = NULL;
	int ret = -1;

	project_exp_path(p, name, &dir);
	if (!record_read_raw(&record, dir.buf, NULL)) {
		text = value_get_text(record, "id");
		ret = text && !strcmp(text, id);
	} else if (exp_is_here(p, name)) {
		ret = 0;
	}
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

/* gone: one of the names is not there any more. */
static bool find(const struct project *p, const struct strvec *names,
		 const char *name, const char *id, struct strbuf *out,
		 bool *gone)
{
	size_t i;

	*gone = false;
	for (i = strvec_from(names, name, NAME_HEAD_LEN); i < names->nr &&
	     !strncmp(names->v[i], name, NAME_HEAD_LEN); i++) {
		int found;

		if (!strcmp(names->v[i], name))
			continue;
		found = has_id(p, names->v[i], id);
		if (found > 0) {
			strbuf_addstr(out, names->v[i]);
			return true;
		}
		if (found < 0)
			*gone = true;
	}
	return false;
}

bool same_run_here(const struct project *p, const struct strvec *names,
		   const char *name, const char *id, struct strbuf *out)
{
	struct strvec now = STRVEC_INIT;
	bool found = false, again = !names;

	if (!*id)
		return false;
	if (names)
		found = find(p, names, name, id, out, &again);
	if (!found && again && !exp_list_names(p, &now, NULL))
		found = find(p, &now, name, id, out, &again);
	strvec_release(&now);
	return found;
}
