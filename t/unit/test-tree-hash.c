#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/tree-hash.h"
#include "lib/wrap/digest.h"
#include "t/unit/unit.h"

struct line {
	uint32_t mode;
	uint64_t size;
	unsigned char fill;	/* the content's hash is this byte 32 times */
	const char *path;
	size_t path_len;
};

#define PATH(text) (text), sizeof(text) - 1
#define LINE(text) (text), sizeof(text)		/* with the NUL */

static void hash_lines(struct strbuf *hex, const struct line *line, size_t nr)
{
	unsigned char content[DIGEST_RAWSZ], raw[DIGEST_RAWSZ];
	struct strbuf err = STRBUF_INIT;
	struct tree_hash *h;
	size_t i;

	strbuf_reset(hex);
	if (tree_hash_start(&h, &err)) {
		strbuf_addbuf(hex, &err);
		strbuf_release(&err);
		return;
	}
	for (i = 0; i < nr; i++) {
		memset(content, line[i].fill, sizeof(content));
		tree_hash_add(h, line[i].mode, line[i].size, content,
			      line[i].path, line[i].path_len);
	}
	tree_hash_finish(&h, raw);
	check(!h, "finish frees");
	digest_hex(hex, raw);
}

/* The text of resutilformat-hash(5), written by hand. */
static void hash_text(struct strbuf *hex, const char *text, size_t len)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;

	strbuf_reset(hex);
	if (digest_start(&d, hex))
		return;
	digest_once(d, text, len, raw);
	digest_drop(&d);
	digest_hex(hex, raw);
}

#define NOTHING                                                              \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SEVENS                                                               \
	"7777777777777777777777777777777777777777777777777777777777777777"

/* One entry, and its line. */
static const struct {
	struct line line;
	const char *text;
	size_t len;
	const char *what;
} vector[] = {
	{ { S_IFREG | 0644, 3, 0x77, PATH("a") },
	  LINE("100644 3 " SEVENS " a"), "a file" },
	{ { S_IFREG | 0200, 0, 0x77, PATH("a b") },
	  LINE("100644 0 " SEVENS " a b"),
	  "other bits of a mode do not count" },
	{ { S_IFREG | 06100, 10, 0x77, PATH("a") },
	  LINE("100755 10 " SEVENS " a"), "its owner may run it" },
	{ { S_IFREG | 0011, 10, 0x77, PATH("a") },
	  LINE("100644 10 " SEVENS " a"), "others may run it, not its owner" },
	{ { S_IFREG | 0644, UINT64_MAX, 0x77, PATH("a") },
	  LINE("100644 18446744073709551615 " SEVENS " a"),
	  "the greatest size" },
	{ { S_IFLNK | 0777, 5, 0x77, PATH("l") },
	  LINE("120000 5 " SEVENS " l"), "a link" },
	{ { S_IFDIR | 01777, 4096, 0x77, PATH("d/e/") },
	  LINE("040000 0 " NOTHING " d/e/"),
	  "a directory has no size and no content" },
	{ { S_IFREG | 0644, 1, 0x77, PATH("\x01\n\"\\\xff") },
	  LINE("100644 1 " SEVENS " \x01\n\"\\\xff"), "nothing is quoted" },
	{ { 0, 1, 0x77, PATH("a") },
	  LINE("100644 1 " SEVENS " a"), "no mode at all is a plain file" },
};

static void test_lines(void)
{
	struct strbuf got = STRBUF_INIT, want = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		hash_lines(&got, &vector[i].line, 1);
		hash_text(&want, vector[i].text, vector[i].len);
		check_str(got.buf, want.buf, vector[i].what);
	}
	strbuf_release(&got);
	strbuf_release(&want);
}

static void test_nothing(void)
{
	struct strbuf hex = STRBUF_INIT;

	hash_lines(&hex, NULL, 0);
	check_str(hex.buf, NOTHING, "no entry: the hash of nothing");
	strbuf_release(&hex);
}

/* More than is gathered at once. */
static void test_many(void)
{
	struct strbuf text = STRBUF_INIT, got = STRBUF_INIT;
	struct strbuf want = STRBUF_INIT, path = STRBUF_INIT;
	unsigned char content[DIGEST_RAWSZ], raw[DIGEST_RAWSZ];
	struct tree_hash *h;
	int i;

	memset(content, 0x77, sizeof(content));
	if (tree_hash_start(&h, &got))
		abort();
	for (i = 0; i < 3000; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%0*d", i == 1500 ? 65535 : 20, i);
		tree_hash_add(h, S_IFREG, (uint64_t)i, content, path.buf,
			      path.len);
		strbuf_addf(&text, "100644 %d %s %s", i, SEVENS, path.buf);
		strbuf_addch(&text, '\0');
	}
	tree_hash_finish(&h, raw);
	digest_hex(&got, raw);
	hash_text(&want, text.buf, text.len);
	check_str(got.buf, want.buf, "three thousand lines, a long one");
	strbuf_release(&text);
	strbuf_release(&path);
	strbuf_release(&got);
	strbuf_release(&want);
}

static void test_drop(void)
{
	struct strbuf err = STRBUF_INIT;
	unsigned char content[DIGEST_RAWSZ] = { 0 };
	struct tree_hash *h = NULL;

	tree_hash_drop(&h);
	check(!tree_hash_start(&h, &err), "a hash is begun");
	tree_hash_add(h, S_IFREG, 1, content, "a", 1);
	tree_hash_drop(&h);
	check(!h && !err.len, "and dropped");
	strbuf_release(&err);
}

int main(void)
{
	test_nothing();
	test_lines();
	test_many();
	test_drop();
	return unit_done();
}
