/* What git might say of changes: whole, and in pieces, it means the same. */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/git/git-raw.h"
#include "t/fuzz/fuzz.h"

struct reading {
	struct strbuf text;
	int listed;
};

/* Every third entry is kept out of the patch. */
static int on_listed(struct git_raw *raw, void *data)
{
	struct reading *r = data;
	size_t i;

	r->listed++;
	for (i = 0; i < raw->nr; i += 3)
		raw->entry[i].drop = true;
	return 0;
}

static int on_part(struct git_raw_entry *entry, bool again, void *data)
{
	struct reading *r = data;

	MUST(r->listed == 1);
	MUST(!entry->drop && entry->patched);
	strbuf_addf(&r->text, "[%d %s]", again, entry->path);
	return 0;
}

static int on_text(const char *text, size_t len, void *data)
{
	struct reading *r = data;

	strbuf_add(&r->text, text, len);
	return 0;
}

static int read_all(struct reading *r, const uint8_t *data, size_t len,
		    size_t step)
{
	struct git_raw raw;
	struct strbuf err = STRBUF_INIT;
	size_t at, i;
	int ret = 0;

	strbuf_init(&r->text);
	r->listed = 0;
	git_raw_init(&raw);
	raw.listed = on_listed;
	raw.part = on_part;
	raw.text = on_text;
	raw.data = r;
	for (at = 0; at < len && !ret; at += step)
		ret = git_raw_feed(&raw, (const char *)data + at,
				   MINIMUM(step, len - at), &err);
	if (!ret)
		ret = git_raw_end(&raw, &err);
	for (i = 0; i < raw.nr; i++)
		MUST(raw.entry[i].path && *raw.entry[i].path);
	MUST(r->listed <= 1);
	MUST(!ret == !err.len);
	git_raw_release(&raw);
	strbuf_release(&err);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reading whole, pieces;
	int a, b;

	a = read_all(&whole, data, len, len + 1);
	b = read_all(&pieces, data, len, 1 + len % 7);
	MUST(a == b && whole.listed == pieces.listed);
	/* where it fails, how much was handed on before is open */
	if (!a)
		MUST(whole.text.len == pieces.text.len &&
		     !memcmp(whole.text.buf, pieces.text.buf, whole.text.len));
	strbuf_release(&whole.text);
	strbuf_release(&pieces.text);
	return 0;
}
