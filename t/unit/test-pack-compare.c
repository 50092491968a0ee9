#include "lib/base/compat.h"
#include "t/unit/unit.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/exp-links.h"
#include "lib/exp/pack/pack-compare.h"
#include "lib/exp/pack/pack-source.h"
#include "lib/exp/pack/pack-write.h"

static const char *top;

static const char *at(const char *path)
{
	static struct strbuf full[2];
	static int nr;
	struct strbuf *sb = &full[nr++ % 2];

	if (!sb->buf)
		strbuf_init(sb);
	strbuf_reset(sb);
	if (top)
		strbuf_addf(sb, "%s/%s", top, path);
	else
		strbuf_release(sb);
	return sb->buf;
}

static void put(const char *path, const char *text)
{
	check(!write_file_atomic(at(path), text, strlen(text), 0644, 0, NULL),
	      path);
}

static int add(void *data, const void *buf, size_t len,
	       struct strbuf *err UNUSED)
{
	strbuf_add(data, buf, len);
	return 0;
}

static void pack_dir(struct strbuf *out)
{
	const struct pack_options options = { 0 };
	const struct pack_sink sink = { .write = add, .data = out };
	struct pack_result result = PACK_RESULT_INIT;

	strbuf_reset(out);
	check(!pack_write(at("d"), &options, &sink, &result, NULL), "packed");
	pack_result_release(&result);
}

/* want: a part of why it is not the same; NULL: it is. */
static void compare(const struct strbuf *text, const char *want,
		    const char *what)
{
	struct strbuf why = STRBUF_INIT, err = STRBUF_INIT;
	struct pack *pack = NULL;
	bool same = false;
	int ret;

	ret = pack_open(&pack, pack_source_memory(text->buf, text->len), NULL,
			&err);
	if (!ret)
		ret = pack_compare_dir(pack, at("d"), &same, &why, &err);
	check(!ret && same == !want && (!want || strstr(why.buf, want)), what);
	if (ret || (want && !strstr(why.buf, want)))
		printf("# %d '%s' '%s'\n", ret, why.buf, err.buf);
	pack_close(pack);
	strbuf_release(&err);
	strbuf_release(&why);
}

static void check_compare(void)
{
	struct strbuf pack = STRBUF_INIT;

	sys_mkdir(at("d"), 0755);
	sys_mkdir(at("d/sub"), 0755);
	put("d/a", "one");
	put("d/sub/b", "two");
	sys_symlinkat("sub/b", AT_FDCWD, at("d/link"));
	pack_dir(&pack);
	compare(&pack, NULL, "the same");
	sys_mkdir(at("d/empty"), 0755);
	compare(&pack, NULL, "directories do not count");

	put("d/a", "three");
	compare(&pack, "'a' has another size", "another size");
	put("d/a", "six");
	compare(&pack, "'a' has another content", "another content");
	put("d/a", "one");
	put("d/new", "");
	compare(&pack, "'new' is not there", "one more here");
	sys_unlink(at("d/new"));
	sys_unlink(at("d/sub/b"));
	compare(&pack, "1 files are not here", "one less here");
	put("d/sub/b", "two");

	sys_unlink(at("d/link"));
	sys_symlinkat("sub/c", AT_FDCWD, at("d/link"));
	compare(&pack, "'link' leads elsewhere", "a link to another place");
	sys_unlink(at("d/link"));
	put("d/link", "sub/b");
	compare(&pack, "'link' is no file there", "a file for a link");
	pack_dir(&pack);
	compare(&pack, NULL, "the same again");

	sys_unlink(at("d/a"));
	sys_symlinkat("sub/b", AT_FDCWD, at("d/a"));
	compare(&pack, "'a' has another content", "a link for a file");
	put("d/sub/b", "one");
	compare(&pack, "'sub/b' has", "where that leads is compared");
	sys_unlink(at("d/a"));
	sys_symlinkat("nowhere", AT_FDCWD, at("d/a"));
	put("d/sub/b", "two");
	compare(&pack, "'a' leads nowhere", "a link to nothing");
	strbuf_release(&pack);
}

static void check_links(void)
{
	struct strvec out = STRVEC_INIT;

	check(!exp_link_leads_outside("a", "b"), "beside");
	check(!exp_link_leads_outside("x/a", "../b"), "up, but not out");
	check(!exp_link_leads_outside("a", "./x//../b"), "down and up");
	check(exp_link_leads_outside("a", "../b"), "up from the top");
	check(exp_link_leads_outside("x/a", "../../x/a"), "out and in again");
	check(exp_link_leads_outside("x/y/a", "/etc"), "absolute");
	check(exp_link_leads_outside("a", ".."), "the directory above");
	check(!exp_link_leads_outside("a", "..b"), "a name that begins so");

	sys_symlinkat("../..", AT_FDCWD, at("d/sub/out"));
	check(!exp_links_outside(at("d"), &out, NULL) && out.nr == 1 &&
	      !strcmp(out.v[0], "sub/out"), "links are found");
	strvec_release(&out);
}

int main(void)
{
	struct tempfile *scratch = NULL;

	if (tempfile_scratch_dir(&scratch, NULL))
		return 1;
	top = tempfile_path(scratch);
	check_compare();
	check_links();
	top = NULL;
	at("");
	at("");
	tempfile_delete(&scratch);
	return unit_done();
}
