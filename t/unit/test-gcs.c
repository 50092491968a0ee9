/*
 * What answers of Cloud Storage say: of one object, and of a page of them.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/json.h"
#include "transport/gcs/gcs-internal.h"
#include "t/unit/unit.h"

static const struct gcs_store store = {
	.base = { .url = (char *)"gs://lab/p" }, .bucket = (char *)"lab",
	.prefix = (char *)"p/",
};

static struct value *parse(const char *text)
{
	struct value *json = NULL;
	struct strbuf err = STRBUF_INIT;

	check(!json_parse(&json, text, strlen(text), "a test", &err),
	      err.len ? err.buf : text);
	strbuf_release(&err);
	return json;
}

/* "KEY SIZE VERSION MODIFIED [crc32c] [md5] [META...]" */
static void describe(struct strbuf *out, const struct object *o)
{
	size_t i;

	strbuf_addf(out, "%s %" PRIu64 " %s %" PRId64, o->key, o->size,
		    o->version, o->modified);
	if (o->sums & OBJECT_HAS_CRC32C)
		strbuf_addf(out, " crc32c:%08" PRIx32, o->crc32c);
	if (o->sums & OBJECT_HAS_MD5)
		strbuf_addf(out, " md5:%02x%02x", o->md5[0], o->md5[15]);
	for (i = 0; i < o->meta.nr; i++)
		strbuf_addf(out, " %s", o->meta.v[i]);
}

static void reads(const char *text, const char *want)
{
	struct value *json = parse(text);
	struct object o = OBJECT_INIT;
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	int ret = gcs_object_read(&store, json, &o, &err);

	if (ret)
		strbuf_addstr(&out, ret == ERR_CONTENT ? "bad" : "?");
	else
		describe(&out, &o);
	check((ret != 0) == (err.len != 0), "a sentence with a failure");
	check_str(out.buf, want, text);
	object_release(&o);
	strbuf_release(&out);
	strbuf_release(&err);
	value_free(json);
}

#define NAME "\"name\":\"p/a\","

static void test_objects(void)
{
	reads("{" NAME "\"size\":\"5\",\"generation\":\"17\"}", "a 5 17 0");
	reads("{" NAME "\"size\":\"0\",\"generation\":\"17\",\"updated\":"
	      "\"1970-01-01T00:01:00.250Z\",\"crc32c\":\"AAAAAQ==\","
	      "\"md5Hash\":\"1B2M2Y8AsgTpgAmy7PhCfg==\",\"metadata\":"
	      "{\"tree\":\"x y\"}}", "a 0 17 60 crc32c:00000001 md5:d47e "
	      "tree=x y");
	/* what only others can have written */
	reads("{" NAME "\"size\":\"1\",\"generation\":\"1\",\"metadata\":{"
	      "\"Big\":\"x\",\"a=b\":\"x\",\"n\":7,\"nul\":\"a\\u0000b\","
	      "\"utf\":\"\\u00e9\",\"ok\":\"\"}}", "a 1 1 0 ok=");
	reads("{" NAME "\"size\":\"1\",\"generation\":\"1\",\"metadata\":[],"
	      "\"crc32c\":\"AAAA\",\"md5Hash\":\"AAAA\",\"updated\":7}",
	      "a 1 1 0");
	reads("{" NAME "\"size\":\"18446744073709551616\","
	      "\"generation\":\"1\"}", "bad");
	reads("{" NAME "\"size\":\"-1\",\"generation\":\"1\"}", "bad");
	reads("{" NAME "\"generation\":\"1\"}", "bad");
	reads("{" NAME "\"size\":\"1\"}", "bad");
	reads("{" NAME "\"size\":\"1\",\"generation\":\"\"}", "bad");
	reads("{" NAME "\"size\":\"1\",\"generation\":\"1 2\"}", "bad");
	reads("{" NAME "\"size\":\"1\",\"generation\":"
	      "\"11111111111111111111\"}", "bad");
	reads("{\"name\":\"q/a\",\"size\":\"1\",\"generation\":\"1\"}", "bad");
	reads("{\"size\":\"1\",\"generation\":\"1\"}", "bad");
	reads("[]", "bad");
	reads("null", "bad");
}

static int add_object(const struct object *o, void *data)
{
	struct strbuf *out = data;

	strbuf_addf(out, "%s(%" PRIu64 ",%s) ", o->key, o->size, o->version);
	return 0;
}

/* want: the objects, then " -> CURSOR"; or "bad" */
static void lists(const char *text, const char *want)
{
	struct value *json = parse(text);
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct strbuf cursor = STRBUF_INIT;
	int ret;

	strbuf_addstr(&cursor, "before");
	ret = gcs_list_read(&store, json, &cursor, add_object, &out, &err);
	if (ret) {
		strbuf_reset(&out);
		strbuf_addstr(&out, ret == ERR_CONTENT ? "bad" : "?");
	} else {
		strbuf_addf(&out, "-> %s", cursor.buf);
	}
	check_str(out.buf, want, text);
	strbuf_release(&cursor);
	strbuf_release(&out);
	strbuf_release(&err);
	value_free(json);
}

#define KIND "\"kind\":\"storage#objects\""
#define REST "\"size\":\"3\",\"generation\":\"9\"}"

static void test_lists(void)
{
	lists("{" KIND "}", "-> ");
	lists("{" KIND ",\"items\":[],\"nextPageToken\":\"t=/+\"}", "-> t=/+");
	lists("{\"items\":[{" NAME REST ",{\"name\":\"p/b/c\"," REST "],"
	      "\"prefixes\":[\"p/d/\",\"p/e/\"]}",
	      "a(3,9) b/c(3,9) d/(0,) e/(0,) -> ");
	/* folders of other tools, and what nobody asked for */
	lists("{\"items\":[{\"name\":\"p/\"," REST ",{\"name\":\"p/x/\"," REST
	      ",{\"name\":\"other\"," REST ",{\"name\":\"p/a\\u0000b\"," REST
	      ",{\"name\":\"\"," REST ",{\"name\":5,"  REST ",7,{" NAME REST
	      "],\"prefixes\":[\"q/\",7,\"p/a\\u0000/\",\"p/d/\"]}",
	      "a(3,9) d/(0,) -> ");
	/* one that is ours says what it is */
	lists("{\"items\":[{" NAME "\"size\":\"3\"}]}", "bad");
	lists("{" KIND ",\"nextPageToken\":\"before\"}", "bad");
	lists("{" KIND ",\"nextPageToken\":7}", "bad");
	lists("{" KIND ",\"nextPageToken\":\"a\\u0000b\"}", "bad");
	lists("{" KIND ",\"nextPageToken\":\"\"}", "-> ");
	lists("{" KIND ",\"items\":{}}", "-> ");
	/* whatever else answers with status 200 is no empty store */
	lists("{}", "bad");
	lists("{\"kind\":\"storage#object\"}", "bad");
	lists("[]", "bad");
	lists("\"x\"", "bad");
}

static void test_paths(void)
{
	struct strbuf path = STRBUF_INIT;

	gcs_path(&store, "a b/c~+%\xc3\xa9", &path);
	check_str(path.buf, "/storage/v1/b/lab/o/p%2Fa%20b%2Fc~%2B%25%C3%A9",
		  "a key is one component");
	strbuf_reset(&path);
	gcs_path(&store, NULL, &path);
	check_str(path.buf, "/storage/v1/b/lab/o", "the objects");
	strbuf_release(&path);
	check(gcs_is_generation("1720091755000000"), "a generation");
	check(!gcs_is_generation(""), "nothing");
	check(!gcs_is_generation("1a"), "no number");
	check(!gcs_is_generation("12345678901234567890"), "too long a number");
}

int main(void)
{
	test_objects();
	test_lists();
	test_paths();
	return unit_done();
}
