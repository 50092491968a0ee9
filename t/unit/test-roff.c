#include "lib/base/compat.h"
#include "lib/base/roff.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static void check_page(const char *page, const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT;

	roff_to_text(&out, page, strlen(page), 40);
	check_str(out.buf, want, what);
	strbuf_release(&out);
}

static void test_text(void)
{
	check_page("'\\\" t\n.\\\" remark\n.TH \"X\" \"1\"\n.SH \"NAME\"\n"
		   "a \\- \\fBb\\fP\n",
		   "NAME\n       a - b\n", "headings, remarks, fonts");
	check_page(".SH \"A\"\none two three four five six seven eight nine\n",
		   "A\n       one two three four five six seven\n"
		   "       eight nine\n", "lines are filled");
	check_page(".SH \"A\"\none\n.sp\ntwo\n.br\nthree\n",
		   "A\n       one\n\n       two\n       three\n",
		   "paragraphs and breaks");
	check_page(".SH \"A\"\nx\n.SS \"B C\"\ny\n",
		   "A\n       x\n\n   B C\n       y\n", "subsections");
	check_page("\\(aq\\*(Aq\\(rs\\e\\(bu\\f(CRx\\fP\\&.\\~z\n",
		   "       ''\\\\\xe2\x80\xa2x. z\n", "characters");
	check_page("\\&.x\n.unknown y\nz\n", "       .x z\n",
		   "requests that are not known");
}

static void test_blocks(void)
{
	check_page(".sp\n.if n .RS 4\n.nf\n.fam C\n$ a  b\n\\&.c\n.fam\n.fi\n"
		   ".if n .RE\nd\n",
		   "           $ a  b\n           .c\n       d\n",
		   "literal text keeps its lines");
	check_page("\\f(CR\\-x\\fP\n.RS 4\ntext\n.sp\nmore\n.RE\nend\n",
		   "       -x\n           text\n\n           more\n"
		   "       end\n", "definitions");
	check_page(".RS 4\n.ie n \\{\\\n\\h'-04'\\(bu\\h'+03'\\c\n.\\}\n"
		   ".el \\{\\\n.  sp -1\n.  IP \\(bu 2.3\n.\\}\nitem\n.RE\n",
		   "       \xe2\x80\xa2   item\n", "an item of a list");
	check_page("see \\c\n.URL \"https://x.invalid\" \"this\" \".\"\n",
		   "       see this <https://x.invalid>.\n", "links");
	check_page(".de URL\n\\fI\\\\$2\\fP\n..\n.if \\n[.g] \\{\\\n. mso x\n"
		   ".\\}\nx\n", "       x\n",
		   "definitions and other conditions are left out");
	check_page(".TS\nallbox tab(:);\nlt lt.\nT{\n.sp\na\nT}:T{\n.sp\nb\n"
		   "T}\nT{\nc\nT}:T{\nd\nT}\n.TE\nx\n",
		   "       a: b\n       c: d\n\n       x\n", "tables");
}

static void test_hostile(void)
{
	static const char *const pages[] = {
		"\\", ".", ".SH", ".SH \"", "\\f", "\\f(", "\\[x", "\\h'",
		"\\h'+999999999'x", ".if", ".if n ", ".ie n \\{\\", ".TS",
		".TS\nT{\n", ".URL", ".RE\n.RE\nx", "\\*", "\\*(A", ".de",
	};
	struct strbuf out = STRBUF_INIT, deep = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		roff_to_text(&out, pages[i], strlen(pages[i]), 0);
	check(out.len > 0, "broken pages end");

	for (i = 0; i < 200; i++)
		strbuf_addstr(&deep, ".RS 4\n");
	strbuf_addstr(&deep, "deep\n");
	for (i = 0; i < 200; i++)
		strbuf_addstr(&deep, ".RE\n");
	strbuf_addstr(&deep, "back\n");
	strbuf_reset(&out);
	roff_to_text(&out, deep.buf, deep.len, 80);
	check(strstr(out.buf, " deep\n") && strstr(out.buf, "\n       back\n"),
	      "indents have an end, and are undone in pairs");
	strbuf_release(&out);
	strbuf_release(&deep);
}

int main(void)
{
	test_text();
	test_blocks();
	test_hostile();
	return unit_done();
}
