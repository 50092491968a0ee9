/*
 * The cache of hashes, from anybody who can write there: the first byte of the
 * input says whether the rest is made whole with the line before it and the
 * hash behind it, as only the next check would be reached otherwise.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/pack/hash-cache.h"
#include "lib/exp/conf/project.h"
#include "lib/wrap/digest.h"
#include "t/fuzz/fuzz.h"

#define MAGIC "resutil hash cache 1\n"
#define NAME "aapfup_20240704T191555"

static struct project project;
static struct strbuf file = STRBUF_INIT;

static void remove_all(void)
{
	sys_remove_tree(getenv("XDG_CACHE_HOME"));
	strbuf_release(&file);
	free(project.root);
}

static void set_up(void)
{
	static char dir[] = "/tmp/resutil-fuzz-hash.XXXXXX";

	MUST(mkdtemp(dir));
	MUST(!setenv("XDG_CACHE_HOME", dir, 1));
	project.root = xstrdup("/fuzzed");
	MUST(!project_cache(&project, &file, NULL));
	strbuf_addstr(&file, "hash/");
	MUST(!sys_mkdir_all(file.buf, 0700));
	strbuf_addstr(&file, NAME);
	atexit(remove_all);
}

static void put_cache(const uint8_t *data, size_t len)
{
	struct strbuf text = STRBUF_INIT;
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;

	if (len && (data[0] & 1)) {
		strbuf_addstr(&text, MAGIC);
		strbuf_add(&text, data + 1, len - 1);
		MUST(!digest_start(&d, NULL));
		digest_once(d, text.buf, text.len, raw);
		digest_drop(&d);
		strbuf_add(&text, raw, sizeof(raw));
	} else if (len) {
		strbuf_add(&text, data + 1, len - 1);
	}
	MUST(!write_file_atomic(file.buf, text.buf, text.len, 0600, 0, NULL));
	strbuf_release(&text);
}

/* Any run of bytes in the input may be a path that is known. */
static void find_paths(struct hash_cache *c, const char *text, size_t len)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct stat st = { 0 };
	size_t i;

	for (i = 0; i < len && i < 300; i++)
		hash_cache_find(c, text + i, &st, raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const unsigned char hash[DIGEST_RAWSZ] = { 1, 2, 3 };
	unsigned char raw[DIGEST_RAWSZ] = { 0 };
	struct stat st = { .st_size = 5 };
	char *text = xmemdupz(data, len);
	struct hash_cache *c;

	if (!file.len)
		set_up();
	put_cache(data, len);
	c = hash_cache_open(&project, NAME);
	find_paths(c, text, len);
	hash_cache_note(c, "noted", &st, hash);
	hash_cache_note(c, "", &st, hash);
	hash_cache_close(c);

	/* Whatever was there, what is written is good. */
	c = hash_cache_open(&project, NAME);
	MUST(hash_cache_find(c, "noted", &st, raw));
	MUST(!memcmp(raw, hash, sizeof(raw)));
	MUST(hash_cache_find(c, "", &st, raw));
	find_paths(c, text, len);
	hash_cache_drop(c);
	free(text);
	return 0;
}
