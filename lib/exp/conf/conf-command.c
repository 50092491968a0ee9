#include "lib/base/compat.h"
#include "lib/exp/conf/conf-command.h"

#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/settings.h"

bool conf_command_switch(const struct value *value, bool *on)
{
	const char *text = value_text(value);
	bool yes;

	if (value->type == VALUE_BOOL) {
		*on = value->u.truth;
		return true;
	}
	if (!text || !settings_parse_bool(text, &yes))
		return false;
	*on = yes;
	return true;
}

bool conf_command_words(const struct value *value, struct strvec *out)
{
	struct strbuf text = STRBUF_INIT;
	bool good = value->type == VALUE_LIST && value->u.list.nr;
	size_t i;

	if (value->type == VALUE_TEXT)
		good = strlen(value->u.text.text) == value->u.text.len &&
		       !unquote_shell(out, value->u.text.text, NULL);
	for (i = 0; good && value->type == VALUE_LIST && i < value->u.list.nr;
	     i++) {
		const struct value *word = value->u.list.item[i];

		strbuf_reset(&text);
		good = word->type != VALUE_LIST && word->type != VALUE_MAP &&
		       word->type != VALUE_NULL;
		if (good)
			value_format(&text, word);
		good = good && strlen(text.buf) == text.len;
		strvec_push(out, text.buf);
	}
	strbuf_release(&text);
	return good && out->nr && *out->v[0];
}
