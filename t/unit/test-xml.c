#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/xml.h"
#include "t/unit/unit.h"

static struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;

struct seen { size_t nr, stop_at; };

static int add_line(const char *path, const char *text, size_t len,
		    void *data, struct strbuf *why)
{
	struct seen *seen = data;

	strbuf_addf(&got, "%s=", path);
	strbuf_add(&got, text, len);
	strbuf_addch(&got, '\n');
	if (++seen->nr == seen->stop_at)
		return fail(why, ERR_CONFLICT, "enough");
	return 0;
}

static int walk(const char *xml)
{
	struct seen seen = { 0, 0 };

	strbuf_reset(&got);
	strbuf_reset(&err);
	return xml_walk(xml, strlen(xml), add_line, &seen, &err);
}

static void test_walk(void)
{
	check(!walk("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<List xmlns=\"http://s3/\" xmlns:x=\"u\">\n"
		    "  <Contents a='1'><Key>a&amp;b&#x2f;\xc3\xa9</Key>\n"
		    "  <Size>12</Size></Contents><x:Empty/>\n"
		    "  <Text>one<!-- not this --> <![CDATA[<two>]]></Text>\n"
		    "</List>"), "a walk");
	check_str(got.buf, "List/Contents/Key=a&b/\xc3\xa9\n"
		  "List/Contents/Size=12\nList/Contents=\nList/Empty=\n"
		  "List/Text=one <two>\nList=\n", "what it tells");
	check(!walk("<a><b>x</b>y<c/></a>"), "text between elements");
	check_str(got.buf, "a/b=x\na/c=\na=\n", "is for the eye");
	check(!walk("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>"),
	      "another encoding");
	check_str(got.buf, "a=\xc3\xa9\n", "becomes UTF-8");
}

static void test_end_of_walk(void)
{
	const char *xml = "<a><b/><c/><d/></a>";
	struct seen seen = { 0, 2 };

	strbuf_reset(&err);
	check(xml_walk(xml, strlen(xml), add_line, &seen, &err) ==
	      ERR_CONFLICT && seen.nr == 2, "who sees enough ends it");
	check_str(err.buf, "enough", "with a sentence of its own");
}

static void check_refused(const char *xml, const char *word, const char *what)
{
	check(walk(xml) == ERR_CONTENT, what);
	check(strstr(err.buf, word), word);
}

static void test_bad(void)
{
	struct strbuf xml = STRBUF_INIT;
	struct seen seen = { 0, 0 };
	int i;

	check_refused("", "line 1", "nothing");
	check_refused("<a><b></a>", "mismatched tag", "tags that cross");
	check_refused("<a>\n\n<b>", "line 3", "an end that is missing");
	check_refused("<a>&nbsp;</a>", "undefined entity", "an entity");
	check_refused("<a>\xff</a>", "token", "what is not UTF-8");
	check_refused("<html><body><p>Sorry<br></body></html>", "mismatched",
		      "HTML");
	check_refused("<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>",
		      "document type", "a bomb");
	check_refused("<!DOCTYPE html><html/>", "document type",
		      "a document type");
	check(xml_walk("<a>\0</a>", 8, add_line, &seen, &err) != 0,
	      "a NUL");
	for (i = 0; i < XML_DEPTH_MAX; i++)
		strbuf_addstr(&xml, "<a>");
	for (i = 0; i < XML_DEPTH_MAX; i++)
		strbuf_addstr(&xml, "</a>");
	check(!walk(xml.buf), "as deep as may be");
	strbuf_insert(&xml, 0, "<a>", 3);
	strbuf_addstr(&xml, "</a>");
	check_refused(xml.buf, "too deep", "deeper");
	strbuf_reset(&xml);
	strbuf_addstr(&xml, "<a>");
	for (i = 0; i < (int)XML_TEXT_MAX; i++)
		strbuf_addch(&xml, 'x');
	strbuf_addstr(&xml, "</a>");
	check(!walk(xml.buf), "as long as may be");
	strbuf_insert(&xml, 3, "y", 1);
	check_refused(xml.buf, "too long", "longer");
	strbuf_release(&xml);
}

static void test_escape(void)
{
	struct strbuf out = STRBUF_INIT;

	check(!xml_escape(&out, "a<b>&\"c'\r\n\xc3\xa9", &err), "escaping");
	check_str(out.buf, "a&lt;b&gt;&amp;&quot;c'&#13;\n\xc3\xa9",
		  "what it makes");
	strbuf_insert(&out, 0, "<a>", 3);
	strbuf_addstr(&out, "</a>");
	check(!walk(out.buf), "and back");
	check_str(got.buf, "a=a<b>&\"c'\r\n\xc3\xa9\n", "is the same");
	strbuf_reset(&out);
	check(xml_escape(&out, "a\001b", &err) == ERR_USAGE,
	      "what XML cannot hold");
	strbuf_release(&out);
}

int main(void)
{
	test_walk();
	test_end_of_walk();
	test_bad();
	test_escape();
	strbuf_release(&got);
	strbuf_release(&err);
	return unit_done();
}
