/*
 * Clauses about reading: ranges, and which version they are of.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/contract/contract-internal.h"

#define TEXT "0123456789"

static bool gives(struct clause *c, uint64_t offset, uint64_t len,
		  const char *text)
{
	return want_code(c, 0, clause_get(c, "a", offset, len, NULL), "get") &&
	       want(c, !strcmp(c->got.buf, text) &&
		    c->got.len == strlen(text),
		    "%" PRIu64 "+%" PRIu64 " is '%s' and not '%s'", offset,
		    len, c->got.buf, text);
}

static bool put_text(struct clause *c)
{
	return want_code(c, 0, clause_put(c, "a", TEXT, EXPECT_ANY, NULL),
			 "put");
}

static bool ranges(struct clause *c)
{
	return put_text(c) && gives(c, 0, RANGE_TO_END, TEXT) &&
	       gives(c, 0, 10, TEXT) && gives(c, 0, 3, "012") &&
	       gives(c, 4, 3, "456") && gives(c, 9, 1, "9") &&
	       gives(c, 7, RANGE_TO_END, "789");
}

static bool empty_ranges(struct clause *c)
{
	return put_text(c) && gives(c, 0, 0, "") && gives(c, 5, 0, "") &&
	       gives(c, 10, 0, "") && gives(c, 10, 5, "") &&
	       gives(c, 10, RANGE_TO_END, "") &&
	       want_code(c, 0, clause_put(c, "a", "", EXPECT_ANY, NULL),
			 "put nothing") &&
	       gives(c, 0, RANGE_TO_END, "") && gives(c, 0, 7, "");
}

static bool behind_the_end(struct clause *c)
{
	return put_text(c) && gives(c, 8, 100, "89") &&
	       gives(c, 0, 11, TEXT) &&
	       gives(c, 3, UINT64_MAX - 1, "3456789") &&
	       want_code(c, ERR_CONTENT, clause_get(c, "a", 11, 1, NULL),
			 "get behind the end") &&
	       want(c, !c->got.len, "there are bytes behind the end") &&
	       want_code(c, ERR_CONTENT,
			 clause_get(c, "a", UINT64_MAX - 1, 1, NULL),
			 "get far behind the end");
}

static bool missing(struct clause *c)
{
	return want_code(c, ERR_NOT_FOUND, clause_stat(c, "a"), "stat") &&
	       want_code(c, ERR_NOT_FOUND,
			 clause_get(c, "a", 0, RANGE_TO_END, NULL), "get") &&
	       want_code(c, ERR_NOT_FOUND,
			 clause_get(c, "d/e/a", 0, 0, NULL), "get deeper") &&
	       want_code(c, ERR_NOT_FOUND, clause_remove(c, "a", NULL),
			 "remove") &&
	       put_text(c) &&
	       want_code(c, ERR_NOT_FOUND, clause_stat(c, "a/b"),
			 "stat below an object") &&
	       want_code(c, ERR_NOT_FOUND, clause_get(c, "a/b", 0, 1, NULL),
			 "get below an object");
}

static bool of_a_version(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool good;

	good = put_text(c);
	if (good)
		strbuf_addstr(&old, c->put.version);
	good = good &&
	       want_code(c, 0, clause_get(c, "a", 2, 2, old.buf),
			 "get of the version") &&
	       want(c, !strcmp(c->got.buf, "23"), "other bytes") &&
	       want(c, !strcmp(c->version.buf, old.buf),
		    "the version is said to be '%s'", c->version.buf) &&
	       want_code(c, 0, clause_put(c, "a", "9876543210", EXPECT_ANY,
					  NULL), "put of as many bytes") &&
	       want(c, strcmp(c->put.version, old.buf),
		    "other bytes have the same version") &&
	       want_code(c, ERR_CONFLICT, clause_get(c, "a", 2, 2, old.buf),
			 "get of a version that was replaced") &&
	       want(c, !c->got.len, "bytes of another version were given") &&
	       want_code(c, 0, clause_get(c, "a", 0, RANGE_TO_END, NULL),
			 "get of any version") &&
	       want(c, !strcmp(c->version.buf, c->put.version),
		    "the version is said to be '%s'", c->version.buf);
	strbuf_release(&old);
	return good;
}

static bool unchanged_version(struct clause *c)
{
	struct strbuf first = STRBUF_INIT;
	bool good = put_text(c) && want_code(c, 0, clause_stat(c, "a"),
					     "stat");

	if (good)
		strbuf_addstr(&first, c->seen.version);
	good = good && gives(c, 0, RANGE_TO_END, TEXT) &&
	       want_code(c, 0, clause_put(c, "b", "other", EXPECT_ANY, NULL),
			 "put of another object") &&
	       want_code(c, 0, clause_remove(c, "b", NULL), "remove") &&
	       want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       want(c, !strcmp(first.buf, c->seen.version),
		    "the version was '%s' and is '%s'", first.buf,
		    c->seen.version);
	strbuf_release(&first);
	return good;
}

static int refuse(void *data, const void *buf UNUSED, size_t len UNUSED,
		  struct strbuf *err)
{
	++*(int *)data;
	return fail(err, ERR_NO, "enough");
}

static bool sink_fails(struct clause *c)
{
	struct object_range range = { 0, RANGE_TO_END, NULL };
	int calls = 0, ret;
	struct object_sink sink = { refuse, &calls };

	if (!put_text(c))
		return false;
	ret = transport_get(c->t, clause_key(c, "a"), &range, &sink, NULL,
			    &c->err);
	return want_code(c, ERR_NO, ret, "get") &&
	       want(c, calls == 1, "the sink was asked %d times", calls);
}

/* Those of the object that was seen last are of `text`. */
static bool sums_are_of(struct clause *c, const char *text)
{
	unsigned char hash[DIGEST_RAWSZ], md5[MD5_RAWSZ];
	size_t len = strlen(text);
	struct digest *d;

	if (!want(c, c->seen.sums != 0, "there is none of '%s'", text) ||
	    !want(c, c->seen.size == len, "the size is %" PRIu64,
		  c->seen.size) ||
	    !want_code(c, 0, digest_start(&d, &c->err), "libcrypto"))
		return false;
	digest_add(d, text, len);
	digest_finish(&d, hash);
	if ((c->seen.sums & OBJECT_HAS_MD5) &&
	    !want_code(c, 0, md5_memory(md5, text, len, &c->err), "MD5"))
		return false;
	return want(c, !(c->seen.sums & OBJECT_HAS_SHA256) ||
		    !memcmp(hash, c->seen.sha256, sizeof(hash)),
		    "the SHA-256 is not that of '%s'", text) &&
	       want(c, !(c->seen.sums & OBJECT_HAS_MD5) ||
		    !memcmp(md5, c->seen.md5, sizeof(md5)),
		    "the MD5 is not that of '%s'", text) &&
	       want(c, !(c->seen.sums & OBJECT_HAS_CRC32C) ||
		    crc32c(0, text, len) == c->seen.crc32c,
		    "the CRC32C is not that of '%s'", text);
}

static bool checksums(struct clause *c)
{
	return put_text(c) && want_code(c, 0, clause_stat(c, "a"), "stat") &&
	       sums_are_of(c, TEXT);
}

static int sum(struct clause *c, const char *version, bool read)
{
	strbuf_reset(&c->err);
	return transport_sum(c->t, clause_key(c, "a"), version, read, &c->seen,
			     &c->err);
}

static bool sums_on_demand(struct clause *c)
{
	struct strbuf old = STRBUF_INIT;
	bool makes = transport_caps(c->t) & TRANSPORT_CAN_SUM, good;

	good = want_code(c, ERR_NOT_FOUND, sum(c, NULL, true),
			 "sum of nothing") &&
	       put_text(c);
	if (good)
		strbuf_addstr(&old, c->put.version);
	good = good &&
	       want_code(c, 0, sum(c, old.buf, true), "sum of the version") &&
	       sums_are_of(c, TEXT) &&
	       want(c, !strcmp(c->seen.version, old.buf),
		    "the version is said to be '%s'", c->seen.version) &&
	       want_code(c, 0, sum(c, NULL, false), "sum without reading") &&
	       (!makes || sums_are_of(c, TEXT)) &&
	       want_code(c, 0, clause_put(c, "a", "", EXPECT_ANY, NULL),
			 "put nothing") &&
	       want_code(c, ERR_CONFLICT, sum(c, old.buf, true),
			 "sum of a version that was replaced") &&
	       want_code(c, 0, sum(c, NULL, true), "sum of no bytes") &&
	       sums_are_of(c, "") &&
	       want_code(c, 0, clause_remove(c, "a", NULL), "remove") &&
	       want_code(c, ERR_NOT_FOUND, sum(c, old.buf, true),
			 "sum of what is gone");
	strbuf_release(&old);
	return good;
}

static bool presigned(struct clause *c)
{
	int ret;

	if (!put_text(c))
		return false;
	ret = transport_presign(c->t, clause_key(c, "a"), 60, &c->got,
				&c->err);
	return want_code(c, 0, ret, "presign") &&
	       want(c, strstr(c->got.buf, "://") != NULL, "'%s' is no URL",
		    c->got.buf);
}

const struct clause_entry clauses_of_get[] = {
	{ "any range of an object can be read", ranges, 0 },
	{ "empty ranges are nothing", empty_ranges, 0 },
	{ "a range ends with the object, and begins in it", behind_the_end,
	  0 },
	{ "what is not there is not found", missing, 0 },
	{ "a version is read, or it is a conflict", of_a_version, 0 },
	{ "a version stays while the object does", unchanged_version, 0 },
	{ "a reading ends when it is told to", sink_fails, 0 },
	{ "checksums are of the content", checksums, TRANSPORT_CAN_SUMS },
	{ "a checksum of any object can be had", sums_on_demand, 0 },
	{ "URLs of objects can be made", presigned, TRANSPORT_CAN_PRESIGN },
	{ NULL, NULL, 0 }
};
