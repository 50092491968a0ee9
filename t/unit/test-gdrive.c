/*
 * What answers of Drive say: of a file, and of a page of them; versions, and
 * texts in queries.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/json.h"
#include "transport/gdrive/gdrive-internal.h"
#include "t/unit/unit.h"

#define MD5 "0123456789abcdef0123456789abcdef"

static const struct gdrive_store store = {
	.base = { .url = (char *)"gdrive://F" },
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

/* "ID NAME KIND [SIZE VERSION MODIFIED] [md5] [STATE] [trashed] [in:PARENT]
 * [META...]" */
static void describe(struct strbuf *out, const struct gdrive_file *f)
{
	const struct object *o = &f->object;
	size_t i;

	strbuf_addf(out, "%s '%s' %s", f->id, f->name, f->folder ? "folder" :
		    f->has_bytes ? "file" : "other");
	if (f->has_bytes)
		strbuf_addf(out, " %" PRIu64 " %s %" PRId64, o->size,
			    o->version, f->modified);
	if (o->sums & OBJECT_HAS_MD5)
		strbuf_addf(out, " md5:%02x%02x", o->md5[0], o->md5[15]);
	if (f->pending)
		strbuf_addf(out, " %s", f->state);
	if (f->trashed)
		strbuf_addstr(out, " trashed");
	for (i = 0; i < f->parents.nr; i++)
		strbuf_addf(out, " in:%s", f->parents.v[i]);
	for (i = 0; i < o->meta.nr; i++)
		strbuf_addf(out, " %s", o->meta.v[i]);
}

static void reads(const char *text, const char *want)
{
	struct value *json = parse(text);
	struct gdrive_file f = GDRIVE_FILE_INIT;
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	int ret = gdrive_file_read(&f, json, &err);

	if (ret)
		strbuf_addstr(&out, ret == ERR_CONTENT ? "bad" : "?");
	else
		describe(&out, &f);
	check((ret != 0) == (err.len != 0), "a sentence with a failure");
	check_str(out.buf, want, text);
	gdrive_file_release(&f);
	strbuf_release(&out);
	strbuf_release(&err);
	value_free(json);
}

static void files(void)
{
	reads("{\"id\":\"1a_-B\",\"name\":\"a.zip\",\"mimeType\":\"x/y\","
	      "\"size\":\"12\",\"md5Checksum\":\"" MD5 "\","
	      "\"headRevisionId\":\"0Bx\","
	      "\"modifiedTime\":\"2024-07-04T10:15:55.123Z\"}",
	      "1a_-B 'a.zip' file 12 1a_-B.0Bx 1720088155123 md5:01ef");
	/* the MD5 stands for the revision that is not told */
	reads("{\"id\":\"i\",\"name\":\"a\",\"mimeType\":\"x/y\","
	      "\"size\":\"0\",\"md5Checksum\":\"" MD5 "\"}",
	      "i 'a' file 0 i." MD5 " 0 md5:01ef");
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"7\","
	      "\"headRevisionId\":\"r\"}", "i 'a' file 7 i.r 0");
	/* what says nothing of its content has none */
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"7\"}", "i 'a' other");
	reads("{\"id\":\"i\",\"name\":\"a\",\"headRevisionId\":\"r\"}",
	      "i 'a' other");
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"-7\","
	      "\"headRevisionId\":\"r\"}", "i 'a' other");
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"7\","
	      "\"headRevisionId\":\"a b\"}", "i 'a' other");
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"7\","
	      "\"md5Checksum\":\"0123\"}", "i 'a' other");
	reads("{\"id\":\"i\",\"name\":\"\\u5b9f \\u0001\",\"trashed\":true,"
	      "\"mimeType\":\"application/vnd.google-apps.folder\","
	      "\"parents\":[\"p\",\"q\"]}",
	      "i '\xe5\xae\x9f \x01' folder trashed in:p in:q");
	reads("{\"id\":\"i\",\"name\":\"a\",\"size\":\"7\","
	      "\"headRevisionId\":\"r\",\"mimeType\":"
	      "\"application/vnd.google-apps.document\"}", "i 'a' other");
	/* a name with a NUL is no name */
	reads("{\"id\":\"i\",\"name\":\"a\\u0000b\"}", "i '' other");
	reads("{\"id\":\"i\"}", "i '' other");
	reads("{\"name\":\"a\"}", "bad");
	reads("{\"id\":\"\"}", "bad");
	reads("{\"id\":\"a/b\"}", "bad");
	reads("{\"id\":\"a?b\"}", "bad");
	reads("{\"id\":\"a\\u0000b\"}", "bad");
	reads("{\"id\":7}", "bad");
	reads("[]", "bad");
}

#define FILE_WITH(properties) \
	"{\"id\":\"i\",\"name\":\"a\",\"size\":\"1\"," \
	"\"headRevisionId\":\"r\",\"properties\":" properties "}"

static void properties(void)
{
	reads(FILE_WITH("{\"resutil-tree\":\"1a\",\"a\":\"b c\"}"),
	      "i 'a' file 1 i.r 0 a=b c resutil-tree=1a");
	reads(FILE_WITH("{\"resutil-state\":\"pending\",\"a\":\"b\"}"),
	      "i 'a' file 1 i.r 0 pending a=b");
	/* a state that is not known is one, too */
	reads(FILE_WITH("{\"resutil-state\":\"later\"}"),
	      "i 'a' file 1 i.r 0 later");
	/* those of other programs */
	reads(FILE_WITH("{\"A\":\"b\",\"a b\":\"c\",\"\":\"d\","
			"\"e\":\"\\u00e9\",\"f\":\"\\n\",\"g\":7,"
			"\"a-name-longer-than-twenty\":\"h\"}"),
	      "i 'a' file 1 i.r 0");
	reads(FILE_WITH("7"), "i 'a' file 1 i.r 0");
	reads(FILE_WITH("{\"a\":\"\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\","
			"\"e\":\"1\",\"f\":\"1\",\"g\":\"1\",\"h\":\"1\","
			"\"i\":\"1\",\"j\":\"1\",\"k\":\"1\",\"l\":\"1\"}"),
	      "i 'a' file 1 i.r 0 a= b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1");
}

static int tell(struct gdrive_file *f, void *data)
{
	strbuf_addf(data, " %s", f->id);
	return strcmp(f->id, "stop") ? 0 : ERR_NO;
}

/* "CODE TOKEN IDS" */
static void page(const char *text, const char *want)
{
	struct value *json = parse(text);
	struct strbuf token = STRBUF_INIT, ids = STRBUF_INIT;
	struct strbuf out = STRBUF_INIT;
	bool more = true;
	int ret;

	strbuf_addstr(&token, "before");
	ret = gdrive_page_read(&store, json, &token, &more, tell, &ids, NULL);
	strbuf_addf(&out, "%d %s%s%s", ret, token.buf,
		    more != (token.len > 0) ? "?" : "", ids.buf);
	check_str(out.buf, want, text);
	strbuf_release(&out);
	strbuf_release(&ids);
	strbuf_release(&token);
	value_free(json);
}

static void pages(void)
{
	page("{\"files\":[]}", "0 ");
	page("{\"files\":[{\"id\":\"a\"},{\"id\":\"b\"}],"
	     "\"incompleteSearch\":false}", "0  a b");
	page("{\"files\":[{\"id\":\"a\"}],\"nextPageToken\":\"t\"}", "0 t a");
	page("{\"files\":[],\"nextPageToken\":\"t\"}", "0 t");
	page("{\"files\":[{\"id\":\"stop\"},{\"id\":\"b\"}]}", "-9  stop");
	/* in circles; without a file's id; no listing; something left out */
	page("{\"files\":[],\"nextPageToken\":\"before\"}", "-5 before");
	page("{\"files\":[],\"nextPageToken\":\"\"}", "-5 before");
	page("{\"files\":[{\"id\":\"a\"},{}]}", "-5  a");
	page("{\"files\":{}}", "-5 ");
	page("{\"error\":{}}", "-5 ");
	page("{\"files\":[],\"incompleteSearch\":true}", "-7 ");
}

static void version(const char *text, const char *want)
{
	struct strbuf id = STRBUF_INIT, revision = STRBUF_INIT;
	struct strbuf out = STRBUF_INIT;

	if (gdrive_version(text, &id, &revision))
		strbuf_addf(&out, "%s %s", id.buf, revision.buf);
	check_str(out.buf, want, text);
	strbuf_release(&id);
	strbuf_release(&revision);
	strbuf_release(&out);
}

static void quoted(const char *text, const char *want)
{
	struct strbuf out = STRBUF_INIT;

	gdrive_quote(&out, text);
	check_str(out.buf, want, text);
	strbuf_release(&out);
}

static void newer(void)
{
	struct gdrive_file a = { .id = (char *)"a", .modified = 2 };
	struct gdrive_file b = { .id = (char *)"b", .modified = 1 };

	check(gdrive_newer(&a, &b) < 0 && gdrive_newer(&b, &a) > 0,
	      "the later one is newer");
	b.modified = 2;
	check(gdrive_newer(&a, &b) > 0 && gdrive_newer(&b, &a) < 0,
	      "of the same time it is the larger id");
	check(!gdrive_newer(&a, &a), "none is newer than itself");
}

int main(void)
{
	files();
	properties();
	pages();
	version("1a_-.0Bx", "1a_- 0Bx");
	version("a.b.c", "a b.c");
	version("", "");
	version("abc", "");
	version(".b", "");
	version("a.", "");
	version("a/b.c", "");
	version("12-34-56", "");
	quoted("plain", "'plain'");
	quoted("it's \\ \"so\"", "'it\\'s \\\\ \"so\"'");
	quoted("", "''");
	newer();
	return unit_done();
}
