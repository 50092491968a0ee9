#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/git/git-internal.h"
#include "lib/exp/git/git-raw.h"
#include "t/unit/unit.h"

#define META(old, new, status) \
	":" old " " new " " "1234567890123456789012345678901234567890" " " \
	"0000000000000000000000000000000000000000" " " status "\0"

/* What the callbacks were told. */
struct told {
	struct strbuf text;
	const char *drop;	/* this path */
	int listed;
	int answer;		/* of the list's callback */
};

static int on_listed(struct git_raw *raw, void *data)
{
	struct told *told = data;
	size_t i;

	told->listed++;
	for (i = 0; i < raw->nr; i++)
		raw->entry[i].drop = told->drop &&
				     !strcmp(told->drop, raw->entry[i].path);
	return told->answer;
}

static int on_part(struct git_raw_entry *entry, bool again, void *data)
{
	struct told *told = data;

	strbuf_addf(&told->text, "<%s%s>", entry->path, again ? "+" : "");
	return 0;
}

static int on_text(const char *text, size_t len, void *data)
{
	struct told *told = data;

	strbuf_add(&told->text, text, len);
	return 0;
}

static void begin(struct git_raw *raw, struct told *told)
{
	git_raw_init(raw);
	raw->listed = on_listed;
	raw->part = on_part;
	raw->text = on_text;
	raw->data = told;
	strbuf_reset(&told->text);
	told->listed = 0;
}

static int read_all(struct git_raw *raw, struct told *told, const char *text,
		    size_t len, size_t step, struct strbuf *err)
{
	size_t at;
	int ret = 0;

	begin(raw, told);
	strbuf_reset(err);
	for (at = 0; at < len && !ret; at += step)
		ret = git_raw_feed(raw, text + at, MINIMUM(step, len - at),
				   err);
	return ret ? ret : git_raw_end(raw, err);
}

static const char sample[] =
	META("100644", "100755", "M") "a b\0"
	META("100644", "000000", "D") "gone\0"
	META("100644", "120000", "T") "kind\0"
	META("100644", "100644", "M") "touched\0"
	META("000000", "100644", "A") "q\"\n\xff\0"
	META("160000", "160000", "M") "sub\0"
	"\0"
	"diff --git a/a b b/a b\nold mode 100644\nnew mode 100755\n"
	"diff --git a/gone b/gone\ndeleted file mode 100644\n"
	"--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-diff --git a/x b/x\n"
	"diff --git a/kind b/kind\ndeleted file mode 100644\n"
	"diff --git a/kind b/kind\nnew file mode 120000\n"
	"* Unmerged path other\n"
	"diff --git \"a/q\\\"\\n\xff\" \"b/q\\\"\\n\xff\"\nnew file\n+x\n"
	"diff --git a/sub b/sub\n-Subproject commit 11\n"
	"+Subproject commit 22-dirty\n";

static const char kept[] =
	"<a b>diff --git a/a b b/a b\nold mode 100644\nnew mode 100755\n"
	"<gone>diff --git a/gone b/gone\ndeleted file mode 100644\n"
	"--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-diff --git a/x b/x\n"
	"<kind>diff --git a/kind b/kind\ndeleted file mode 100644\n"
	"<kind+>diff --git a/kind b/kind\nnew file mode 120000\n"
	"<q\"\n\xff>"
	"diff --git \"a/q\\\"\\n\xff\" \"b/q\\\"\\n\xff\"\nnew file\n+x\n";

static void test_sample(size_t step)
{
	struct told told = { .text = STRBUF_INIT, .drop = "sub" };
	struct strbuf err = STRBUF_INIT;
	struct git_raw raw;
	int ret;

	ret = read_all(&raw, &told, sample, sizeof(sample) - 1, step, &err);
	check(!ret && !err.len, "the sample is read");
	check(told.listed == 1, "the list is told of once");
	check(raw.nr == 6, "six entries");
	check(raw.nr == 6 && raw.entry[0].old_mode == 0100644 &&
	      raw.entry[0].new_mode == 0100755 && raw.entry[0].status == 'M',
	      "modes and status");
	check_str(raw.entry[4].path, "q\"\n\xff", "a path of any bytes");
	check(raw.entry[0].patched && raw.entry[2].patched &&
	      !raw.entry[3].patched, "what was only touched has no part");
	check(told.text.len == sizeof(kept) - 1 &&
	      !memcmp(told.text.buf, kept, sizeof(kept) - 1),
	      "the parts in their order, without the dropped");
	check_str(raw.entry[5].subproject, "22-dirty", "a submodule's commit");
	git_raw_release(&raw);
	strbuf_release(&told.text);
	strbuf_release(&err);
}

static void refused(const char *text, size_t len, const char *what)
{
	struct told told = { .text = STRBUF_INIT };
	struct strbuf err = STRBUF_INIT;
	struct git_raw raw;

	check(read_all(&raw, &told, text, len, len + 1, &err) == ERR_CONTENT &&
	      err.len, what);
	git_raw_release(&raw);
	strbuf_release(&told.text);
	strbuf_release(&err);
}

#define REFUSED(text, what) refused(text, sizeof(text) - 1, what)

static void test_refusals(void)
{
	static const char meta[] = META("100644", "100644", "M");
	struct strbuf text = STRBUF_INIT;

	REFUSED("x", "no list");
	REFUSED(":100644 100644 12 00 M", "it ends in the middle of an entry");
	REFUSED(META("100644", "100644", "M"), "it ends before the path");
	REFUSED(META("100644", "100644", "M") "a", "it ends in the path");
	REFUSED(META("100644", "100644", "X") "a\0\0", "an unknown status");
	REFUSED(META("100644", "100644", "R100") "a\0b\0\0", "a rename");
	REFUSED(META("10064x", "100644", "M") "a\0\0", "a bad mode");
	REFUSED(META("100644", "100644", "M") "\0\0", "an empty path");
	REFUSED(META("100644", "100644", "M") "a\0\0diff --git a/b b/b\n",
		"a part about another file");
	REFUSED(META("100644", "100644", "M") "a\0"
		META("100644", "100644", "M") "b\0\0"
		"diff --git a/b b/b\nx\ndiff --git a/a b/a\nx\n",
		"parts out of order");
	strbuf_add(&text, meta, sizeof(meta) - 1);
	while (text.len < GIT_RAW_MAX_PATH + 1000)
		strbuf_addch(&text, 'a');
	refused(text.buf, text.len, "a path without an end");
	strbuf_release(&text);
}

static void test_stop(void)
{
	struct told told = { .text = STRBUF_INIT, .answer = ERR_NO };
	struct strbuf err = STRBUF_INIT;
	struct git_raw raw;

	check(read_all(&raw, &told, sample, sizeof(sample) - 1, 7, &err) ==
	      ERR_NO, "the list's answer ends the reading");
	check(!told.text.len, "and nothing of the patch is told");
	git_raw_release(&raw);
	told.answer = 0;
	check(!read_all(&raw, &told, "", 0, 1, &err) && told.listed == 1 &&
	      !raw.nr, "nothing changed: an empty list");
	git_raw_release(&raw);
	strbuf_release(&told.text);
	strbuf_release(&err);
}

static void test_urls(void)
{
	static const char *const urls[][2] = {
		{ "https://u:p@h/a.git", "https://h/a.git" },
		{ "https://token@h/a?x=1#y", "https://h/a" },
		{ "HTTP://u:p@h:80/a@b", "HTTP://h:80/a@b" },
		{ "ssh://u:p@h:22/a?b", "ssh://u@h:22/a?b" },
		{ "ssh://h/a@b", "ssh://h/a@b" },
		{ "https://u:p@q@h/a", "https://h/a" },
		{ "ssh://:p@h/a", "ssh://h/a" },
		{ "git@h:a/b", "git@h:a/b" },
		{ "/a/b:c@d", "/a/b:c@d" },
		{ "https://u:p@h", "https://h" },
		{ "", "" },
	};
	struct strbuf out = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(urls); i++) {
		strbuf_reset(&out);
		git_redact_url(&out, urls[i][0]);
		check_str(out.buf, urls[i][1], "a URL without secrets");
	}
	strbuf_release(&out);
}

static void test_secrets(void)
{
	static const char key[] = "x\n-----BEGIN OPENSSH PRIVATE KEY-----\n";

	check(git_secret_name("a/.env") && git_secret_name(".env.prod") &&
	      git_secret_name("x/id_rsa") && git_secret_name("A.P12"),
	      "names of secrets");
	check(!git_secret_name(".env.example") && !git_secret_name("a.env") &&
	      !git_secret_name(".env/x") && !git_secret_name("id_rsa.pub") &&
	      !git_secret_name(".p12"), "names of others");
	check(git_secret_text(key, sizeof(key) - 1), "a private key");
	check(!git_secret_text(key, sizeof(key) - 3), "not a whole line");
	check(!git_secret_text("-----BEGIN PUBLIC KEY-----", 26),
	      "a public key");
	check(!git_secret_text("-----BEGIN ", 11) && !git_secret_text("", 0),
	      "ends too early");
	check(git_secret_text("-----BEGIN x-----BEGIN PRIVATE KEY-----", 39),
	      "a beginning inside a beginning");
}

int main(void)
{
	test_sample(sizeof(sample));
	test_sample(1);
	test_sample(13);
	test_refusals();
	test_stop();
	test_urls();
	test_secrets();
	return unit_done();
}
