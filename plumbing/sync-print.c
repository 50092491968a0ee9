#include "lib/base/compat.h"
#include "plumbing/sync-print.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/strbuf.h"

/* Of many it must be told which one. */
static void add_sentence(struct strbuf *out, const struct sync_result *result)
{
	if (!strstr(result->message, result->name))
		strbuf_addf(out, "'%s': ", result->name);
	strbuf_addstr(out, result->message);
}

void sync_print(const struct sync_result *result, bool json, bool nul,
		struct items *items)
{
	struct strbuf out = STRBUF_INIT, sentence = STRBUF_INIT;

	if (json)
		sync_result_json(&out, result, nul);
	else
		sync_result_line(&out, result, nul);
	out_text(out.buf, out.len);
	/* The next one may take long; what is the same takes no time. */
	if (strcmp(result->status, "same"))
		out_flush();
	items_count(items, result->code);
	add_sentence(&sentence, result);
	if (result->code)
		error("%s", sentence.buf);
	else if (*result->message)
		warning("%s", sentence.buf);
	strbuf_release(&sentence);
	strbuf_release(&out);
}

void sync_print_resumed(const struct sync_result *result, const char *done)
{
	struct strbuf size = STRBUF_INIT;

	if (!result->held)
		return;
	size_format(&size, result->held);
	say("'%s': resumed; %s of it had been %s before", result->name,
	    size.buf, done);
	strbuf_release(&size);
}
