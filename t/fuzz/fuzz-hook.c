/*
 * What hooks are read from: the first byte says whether the rest is a table, a
 * queue, a script or a note. What is wrong with JSON is told in its own bytes,
 * and escaped by who prints it.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/exp/git/hook-script.h"
#include "lib/exp/git/hook-table.h"
#include "t/fuzz/fuzz.h"

static void table(const char *text, size_t len)
{
	struct hook_table t = HOOK_TABLE_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t i;

	if (hook_table_parse(&t, text, len, "table", &err)) {
		MUST(err.len);
	} else {
		for (i = 0; i < t.nr; i++) {
			const struct hook *h = &t.item[i];

			MUST(h->on && hook_name_is_valid(h->name));
			MUST(h->argv.nr && *h->argv.v[0]);
			MUST(*h->project && *h->project != '/');
			MUST(hook_table_find(&t, h->on->name, h->name) == h);
		}
		while (t.nr)
			hook_table_remove(&t, 0);
	}
	hook_table_release(&t);
	strbuf_release(&err);
}

static void queue(const char *text, size_t len)
{
	struct strbuf err = STRBUF_INIT;
	struct value *root = NULL;

	if (hook_queue_parse(&root, text, len, "queue", &err))
		MUST(err.len);
	else
		MUST(value_map_get(root, "waiting")->type == VALUE_LIST);
	value_free(root);
	strbuf_release(&err);
}

static void script(const char *text, size_t len)
{
	struct strvec repositories = STRVEC_INIT;
	size_t i;

	if (hook_script_parse(text, len, &repositories))
		for (i = 0; i < repositories.nr; i++)
			MUST(*repositories.v[i] == '/');
	else
		MUST(!repositories.nr);
	strvec_release(&repositories);
}

static void note(const char *text, size_t len)
{
	struct strbuf buf = STRBUF_INIT;

	strbuf_add(&buf, text, len);
	git_note_edit(&buf, "a b", "done a b", true);
	/* There it is, and to say it again changes nothing. */
	MUST(!git_note_edit(&buf, "a b", "done a b", true));
	MUST(git_note_edit(&buf, "a b", NULL, false));
	MUST(!git_note_edit(&buf, "a b", NULL, false));
	strbuf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const readers[])(const char *, size_t) = {
		table, queue, script, note
	};
	struct strbuf text = STRBUF_INIT;

	if (!len)
		return 0;
	strbuf_add(&text, data + 1, len - 1);
	readers[data[0] % ARRAY_SIZE(readers)](text.buf, text.len);
	strbuf_release(&text);
	return 0;
}
