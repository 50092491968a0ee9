#include "lib/base/compat.h"
#include "lib/sync/sync-result.h"

#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

void sync_result_line(struct strbuf *out, const struct sync_result *result,
		      bool nul)
{
	strbuf_addstr(out, result->status);
	strbuf_addch(out, '\t');
	/* A name that is none may hold anything. */
	if (nul)
		strbuf_addstr(out, result->name);
	else
		quote_c(out, result->name, strlen(result->name));
	strbuf_addf(out, "\t%" PRIu64 "\t%s", result->bytes,
		    *result->other ? result->other : "-");
	strbuf_addch(out, nul ? '\0' : '\n');
}

static struct value *text_or_null(const char *text)
{
	return *text ? value_new_text(text, strlen(text)) : value_new_null();
}

void sync_result_json(struct strbuf *out, const struct sync_result *result,
		      bool nul)
{
	struct value *map = value_new_map();

	value_map_set_str(map, "status", result->status);
	value_map_set(map, "name", value_new_text(result->name,
						  strlen(result->name)));
	value_map_set_int(map, "bytes", (int64_t)result->bytes);
	value_map_set(map, "other", text_or_null(result->other));
	value_map_set(map, "message", text_or_null(result->message));
	json_write(out, map);
	value_free(map);
	strbuf_addch(out, nul ? '\0' : '\n');
}
