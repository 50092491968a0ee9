/*
 * Entries from anywhere: what is hashed is the text that resutilformat-hash(5)
 * asks for, however it is gathered.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/tree-hash.h"
#include "lib/wrap/digest.h"
#include "t/fuzz/fuzz.h"

#define HEAD 14		/* of an entry: mode, size, fill, path's length */

struct entry {
	uint32_t mode;
	uint64_t size;
	unsigned char content[DIGEST_RAWSZ];
	const char *path;
	size_t path_len;
};

/* The next entry of the input, whose last path ends with it; false: none. */
static bool take(struct entry *e, const uint8_t **data, size_t *len)
{
	static const uint32_t kinds[] = { S_IFREG, S_IFDIR, S_IFLNK, 0 };
	const uint8_t *head = *data;
	size_t i;

	if (*len <= HEAD)
		return false;
	e->mode = kinds[head[0] & 3] | ((head[0] >> 2) << 6) | head[1];
	e->size = 0;
	for (i = 0; i < 8; i++)
		e->size = e->size << 8 | head[2 + i];
	for (i = 0; i < sizeof(e->content); i++)
		e->content[i] = (unsigned char)(head[10] + i * head[11]);
	e->path_len = ((size_t)head[12] << 8 | head[13]) + 1;
	e->path_len = MINIMUM(e->path_len, *len - HEAD);
	e->path = (const char *)head + HEAD;
	*data += HEAD + e->path_len;
	*len -= HEAD + e->path_len;
	/* no path holds one */
	return !memchr(e->path, '\0', e->path_len);
}

/* By the words of the page. */
static void add_line(struct strbuf *text, const struct entry *e)
{
	const char *mode = S_ISDIR(e->mode) ? "040000" :
			   S_ISLNK(e->mode) ? "120000" :
			   e->mode & 0100 ? "100755" : "100644";
	size_t i;

	strbuf_addf(text, "%s %" PRIu64 " ", mode,
		    S_ISDIR(e->mode) ? 0 : e->size);
	if (S_ISDIR(e->mode))
		strbuf_addstr(text, "e3b0c44298fc1c149afbf4c8996fb924"
			      "27ae41e4649b934ca495991b7852b855");
	for (i = 0; i < sizeof(e->content) && !S_ISDIR(e->mode); i++)
		strbuf_addf(text, "%02x", e->content[i]);
	strbuf_addch(text, ' ');
	strbuf_add(text, e->path, e->path_len);
	strbuf_addch(text, '\0');
}

static void hash(unsigned char *raw, const struct strbuf *text)
{
	struct digest *d;

	MUST(!digest_start(&d, NULL));
	digest_add(d, text->buf, text->len);
	digest_finish(&d, raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned char got[DIGEST_RAWSZ], want[DIGEST_RAWSZ];
	struct strbuf text = STRBUF_INIT;
	struct tree_hash *h;
	struct entry e;

	MUST(!tree_hash_start(&h, NULL));
	while (take(&e, &data, &len)) {
		add_line(&text, &e);
		tree_hash_add(h, e.mode, e.size, e.content, e.path,
			      e.path_len);
	}
	tree_hash_finish(&h, got);
	hash(want, &text);
	MUST(!h && !memcmp(got, want, sizeof(got)));
	strbuf_release(&text);
	return 0;
}
