/*
 * pack-probe [--only-open]: reads many packs in one process, each to its last
 * byte, for tests that make thousands of them.
 *
 * stdin: for each pack its length, 32 bits little-endian, and its bytes.
 * stdout, for each pack, one line; then one for each entry of a good one:
 *
 *	refused TAB SENTENCE
 *	ok TAB ENTRIES
 *	TAB MODE TAB SIZE TAB SHA-256 TAB PATH TAB NAME
 *
 * PATH and NAME, the raw one of the headers, are in hexadecimal digits.
 *
 * An entry is read in one go and by segments, and the whole pack is verified;
 * that these disagree is a failure of the program (128), not of a pack.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-verify.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/zstream.h"

struct sum {
	struct digest *digest;
	uint32_t crc;
	uint64_t len;
};

static int add_up(const unsigned char *buf, size_t len, uint64_t offset,
		  void *data)
{
	struct sum *sum = data;

	if (offset != sum->len)
		BUG("a piece at %" PRIu64 " after %" PRIu64 " bytes", offset,
		    sum->len);
	digest_add(sum->digest, buf, len);
	sum->crc = zcrc32(sum->crc, buf, len);
	sum->len += len;
	return 0;
}

/* By segments, the last first: nobody may count on an order. */
static int read_parts(const struct pack *p, const struct pack_entry *e,
		      struct pack_reader *r, struct strbuf *err)
{
	size_t nr = pack_segments(e), i;
	uint32_t *crc = xcalloc(nr, sizeof(*crc));
	int ret = 0;

	for (i = nr; !ret && i--; ) {
		struct sum sum = { .len = (uint64_t)i << e->unit_log2 };

		if (digest_start(&sum.digest, err))
			die("%s", err->buf);
		ret = pack_read_segment(p, e, i, r, &crc[i], add_up, &sum,
					err);
		digest_drop(&sum.digest);
		if (!ret && crc[i] != sum.crc)
			BUG("a segment's CRC is not that of its bytes");
	}
	if (!ret)
		ret = pack_check_segments(p, e, crc, err);
	free(crc);
	return ret;
}

static void add_hex(struct strbuf *out, const unsigned char *text, size_t len)
{
	size_t i;

	strbuf_addch(out, '\t');
	for (i = 0; i < len; i++)
		strbuf_addf(out, "%02x", text[i]);
}

static int read_entry(struct strbuf *out, const struct pack *p,
		      const struct pack_entry *e, struct pack_reader *r,
		      struct strbuf *err)
{
	struct sum sum = { .len = 0 };
	struct strbuf other = STRBUF_INIT;
	unsigned char hash[DIGEST_RAWSZ];
	int ret;

	if (digest_start(&sum.digest, err))
		die("%s", err->buf);
	ret = pack_read_entry(p, e, r, add_up, &sum, err);
	digest_finish(&sum.digest, hash);
	if (!ret && (sum.len != e->size || sum.crc != e->crc))
		BUG("taken with %" PRIu64 " bytes of %" PRIu64, sum.len,
		    e->size);
	if (pack_segments(e) > 1 && !read_parts(p, e, r, &other) != !ret)
		BUG("'%s': the whole is %s and its segments are not: %s%s",
		    e->path, ret ? "bad" : "good", err->buf, other.buf);
	strbuf_release(&other);
	if (ret)
		return ret;
	strbuf_addf(out, "\t%06o\t%" PRIu64 "\t", (unsigned)e->mode,
		    e->size);
	digest_hex(out, hash);
	add_hex(out, (const unsigned char *)e->path, e->path_len);
	add_hex(out, e->name, e->name_len);
	strbuf_addch(out, '\n');
	return 0;
}

static void ignore(const char *sentence, void *data)
{
	(void)sentence;
	(void)data;
}

static int probe(struct strbuf *out, struct pack_source *source,
		 bool only_open, struct strbuf *err)
{
	const struct pack_limits limits = { 1u << 28, 100000 };
	struct strbuf other = STRBUF_INIT;
	struct pack_reader *r = NULL;
	struct pack *p = NULL;
	size_t i;
	int ret;

	ret = pack_open(&p, source, &limits, err);
	if (ret)
		goto cleanup;
	strbuf_addf(out, "ok\t%" PRIuMAX "\n", (uintmax_t)p->nr);
	if (only_open)
		goto cleanup;
	r = pack_reader_new();
	for (i = 0; !ret && i < p->nr; i++)
		ret = read_entry(out, p, &p->entry[i], r, err);
	/* What the comment says is checked only by verifying. */
	if (!pack_verify(p, 1, 0, NULL, NULL, ignore, NULL, &other) && ret)
		BUG("verified, but cannot be read: %s", err->buf);
	else if (!ret && !p->info.version)
		ret = pack_verify(p, 2, 0, NULL, NULL, ignore, NULL, err);
	else if (!ret)
		ret = pack_verify(p, 1, 0, NULL, NULL, ignore, NULL, &other);
	if (ret && !err->len)
		strbuf_addstr(err, "does not verify");

cleanup:
	pack_reader_free(r);
	pack_close(p);
	strbuf_release(&other);
	return ret;
}

int main(int argc, char **argv)
{
	struct strbuf in = STRBUF_INIT, out = STRBUF_INIT, err = STRBUF_INIT;
	bool only_open = argc > 1 && !strcmp(argv[1], "--only-open");
	size_t at, len;

	if (strbuf_read_fd(&in, 0, SIZE_MAX / 2))
		die("cannot read stdin");
	for (at = 0; at + 4 <= in.len; at += 4 + len) {
		unsigned char *copy;
		size_t before = out.len;

		len = zip_get32((const unsigned char *)in.buf + at);
		if (len > in.len - at - 4)
			die("stdin ends early");
		/* exactly as large: a sanitizer sees what goes beyond */
		copy = xmalloc(len ? len : 1);
		memcpy(copy, in.buf + at + 4, len);
		strbuf_reset(&err);
		if (probe(&out, pack_source_memory(copy, len), only_open,
			  &err)) {
			strbuf_setlen(&out, before);
			strbuf_addf(&out, "refused\t%s\n", err.buf);
		}
		free(copy);
	}
	if (fwrite(out.buf, 1, out.len, stdout) != out.len || fflush(stdout))
		die("cannot write stdout");
	strbuf_release(&in);
	strbuf_release(&out);
	strbuf_release(&err);
	return 0;
}
