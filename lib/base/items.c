#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/strbuf.h"

void items_count(struct items *items, int code)
{
	if (!code) {
		items->done++;
		return;
	}
	if (!items->failed++)
		items->code = code;
	else if (items->code != code)
		items->mixed = true;
}

int items_status(const struct items *items)
{
	if (!items->failed)
		return 0;
	if (items->done || items->mixed)
		return EXIT_PARTLY;
	return exit_status_of(items->code);
}

int items_each(struct items *items, const char *const *words, FILE *more,
	       int term, item_fn fn, void *data, struct strbuf *err)
{
	struct strbuf record = STRBUF_INIT;
	int ret = 0, got;

	for (; *words; words++)
		items_count(items, fn(*words, data));
	while (more && !ret) {
		strbuf_reset(&record);
		got = strbuf_getdelim(&record, more, term);
		if (!got)
			break;
		if (got < 0)
			ret = fail_errno(err, "cannot read the names from "
					 "standard input");
		else if (strlen(record.buf) != record.len)
			ret = fail(err, ERR_CONTENT, "a line of standard "
				   "input holds a NUL; -z reads names that "
				   "end in NUL");
		else
			items_count(items, fn(record.buf, data));
	}
	strbuf_release(&record);
	return ret;
}
