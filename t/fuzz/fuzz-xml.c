/*
 * XML from anywhere, as a server may send it: paths are as deep as they may be,
 * texts as long; and what xml_escape() makes of a text comes back as that.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/xml.h"
#include "t/fuzz/fuzz.h"

static int check_element(const char *path, const char *text, size_t len,
			 void *data, struct strbuf *err UNUSED)
{
	unsigned depth = 1;
	const char *at;

	for (at = path; *at; at++)
		depth += *at == '/';
	MUST(*path && depth <= XML_DEPTH_MAX && len <= XML_TEXT_MAX);
	MUST(strlen(text) == len);
	strbuf_reset(data);
	strbuf_add(data, text, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT, last = STRBUF_INIT;
	struct strbuf escaped = STRBUF_INIT;
	char *text = xmemdupz(data, len);
	int ret;

	ret = xml_walk(text, len, check_element, &last, &err);
	MUST(!ret == !err.len);
	strbuf_addstr(&escaped, "<a>");
	strbuf_reset(&err);
	if (!xml_escape(&escaped, text, &err)) {
		strbuf_addstr(&escaped, "</a>");
		if (!xml_walk(escaped.buf, escaped.len, check_element, &last,
			      &err))
			MUST(!strcmp(last.buf, text));
	}
	strbuf_release(&escaped);
	strbuf_release(&last);
	strbuf_release(&err);
	free(text);
	return 0;
}
