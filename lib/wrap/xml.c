#include "lib/base/compat.h"
#include "lib/wrap/xml.h"

#include <expat.h>
#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/base/quote.h"
#include "lib/wrap/library.h"

#define LIBEXPAT "libexpat.so.1"
/* Names from the root to an element; those of stores have some fifty bytes. */
#define PATH_MAX_LEN 1024

/* By their declarations: a header that has changed one no longer compiles. */
struct expat {
	__typeof__(&XML_ParserCreate) create;
	__typeof__(&XML_ParserFree) drop;
	__typeof__(&XML_SetUserData) set_user_data;
	__typeof__(&XML_SetElementHandler) set_element;
	__typeof__(&XML_SetCharacterDataHandler) set_text;
	__typeof__(&XML_SetStartDoctypeDeclHandler) set_doctype;
	__typeof__(&XML_StopParser) stop;
	__typeof__(&XML_Parse) parse;
	__typeof__(&XML_GetErrorCode) error_code;
	__typeof__(&XML_ErrorString) error_string;
	__typeof__(&XML_GetCurrentLineNumber) line;
};

static struct expat expat;
static pthread_once_t expat_once = PTHREAD_ONCE_INIT;
static char *expat_problem;	/* set once when loading failed */

static const struct library_symbol symbols[] = {
	{ "XML_ParserCreate", &expat.create },
	{ "XML_ParserFree", &expat.drop },
	{ "XML_SetUserData", &expat.set_user_data },
	{ "XML_SetElementHandler", &expat.set_element },
	{ "XML_SetCharacterDataHandler", &expat.set_text },
	{ "XML_SetStartDoctypeDeclHandler", &expat.set_doctype },
	{ "XML_StopParser", &expat.stop },
	{ "XML_Parse", &expat.parse },
	{ "XML_GetErrorCode", &expat.error_code },
	{ "XML_ErrorString", &expat.error_string },
	{ "XML_GetCurrentLineNumber", &expat.line },
};

static void load_expat(void)
{
	if (fault_point(SYS_OPEN, LIBEXPAT, -1) == FAULT_ERROR)
		expat_problem = xstrdup("fails on order");
	else
		expat_problem = library_open(LIBEXPAT, symbols,
					     ARRAY_SIZE(symbols));
}

/* ---- the walk ----------------------------------------------------------- */

struct walk {
	XML_Parser parser;
	xml_element_fn fn;
	void *data;
	struct strbuf *err;
	struct strbuf path, text;
	size_t starts[XML_DEPTH_MAX];	/* of the names in path */
	unsigned depth;
	bool is_leaf;		/* nothing ended since the last start */
	int ret;
};

static void stop(struct walk *w, int ret)
{
	w->ret = ret;
	expat.stop(w->parser, XML_FALSE);
}

static void refuse(struct walk *w, const char *what)
{
	stop(w, fail(w->err, ERR_CONTENT, "the XML of an answer %s, in line "
		     "%lu", what, (unsigned long)expat.line(w->parser)));
}

static void XMLCALL on_start(void *data, const XML_Char *name,
			     const XML_Char **attributes UNUSED)
{
	struct walk *w = data;
	const char *colon = strrchr(name, ':');

	if (w->ret)
		return;
	if (colon && colon[1])
		name = colon + 1;
	if (w->depth == XML_DEPTH_MAX ||
	    w->path.len + strlen(name) >= PATH_MAX_LEN) {
		refuse(w, "is nested too deep");
		return;
	}
	w->starts[w->depth++] = w->path.len;
	if (w->path.len)
		strbuf_addch(&w->path, '/');
	strbuf_addstr(&w->path, name);
	strbuf_reset(&w->text);
	w->is_leaf = true;
}

static void XMLCALL on_end(void *data, const XML_Char *name UNUSED)
{
	struct walk *w = data;
	int ret;

	if (w->ret)
		return;
	if (!w->is_leaf)
		strbuf_reset(&w->text);
	ret = w->fn(w->path.buf, w->text.buf, w->text.len, w->data, w->err);
	if (ret) {
		stop(w, ret);
		return;
	}
	strbuf_setlen(&w->path, w->starts[--w->depth]);
	w->is_leaf = false;
}

static void XMLCALL on_text(void *data, const XML_Char *text, int len)
{
	struct walk *w = data;

	/* What stands between elements is for the eye. */
	if (w->ret || !w->is_leaf)
		return;
	if (w->text.len + (size_t)len > XML_TEXT_MAX)
		refuse(w, "has a text that is too long");
	else
		strbuf_add(&w->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *data, const XML_Char *name UNUSED,
			       const XML_Char *system UNUSED,
			       const XML_Char *public UNUSED,
			       int internal UNUSED)
{
	struct walk *w = data;

	if (!w->ret)
		refuse(w, "declares a document type, as no store does");
}

static void parse(struct walk *w, const char *xml, size_t len)
{
	if (expat.parse(w->parser, xml, (int)len, XML_TRUE) ==
	    XML_STATUS_OK || w->ret)
		return;
	if (expat.error_code(w->parser) == XML_ERROR_NO_MEMORY)
		alloc_failed(0);
	w->ret = fail(w->err, ERR_CONTENT, "what should be XML is none, in "
		      "line %lu: %s",
		      (unsigned long)expat.line(w->parser),
		      expat.error_string(expat.error_code(w->parser)));
}

int xml_walk(const char *xml, size_t len, xml_element_fn fn, void *data,
	     struct strbuf *err)
{
	struct walk w = { .fn = fn, .data = data, .err = err,
			  .path = STRBUF_INIT, .text = STRBUF_INIT };

	pthread_once(&expat_once, load_expat);
	if (expat_problem)
		return fail(err, ERR_FAILED, "cannot load '%s', which answers "
			    "of S3 need: %s; install expat (Debian: "
			    "libexpat1)", LIBEXPAT, expat_problem);
	if (len > INT_MAX)
		return fail(err, ERR_CONTENT, "an XML of %zu bytes is too "
			    "long", len);
	w.parser = expat.create(NULL);
	if (!w.parser)
		alloc_failed(0);
	expat.set_user_data(w.parser, &w);
	expat.set_element(w.parser, on_start, on_end);
	expat.set_text(w.parser, on_text);
	expat.set_doctype(w.parser, on_doctype);
	parse(&w, xml, len);
	expat.drop(w.parser);
	strbuf_release(&w.path);
	strbuf_release(&w.text);
	return w.ret;
}

/* ---- writing ------------------------------------------------------------ */

int xml_escape(struct strbuf *out, const char *text, struct strbuf *err)
{
	const char *at;

	for (at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return fail(err, ERR_USAGE, "XML cannot hold the "
				    "control character %u", c);
	}
	/* A reader makes a line feed of CR, unless it is written so. */
	quote_markup(out, text, strlen(text), "&<>\"\r");
	return 0;
}
