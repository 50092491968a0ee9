/* Words of a command line, separated by NUL, as record_params() sees them. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strvec.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/record.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strvec words = STRVEC_INIT;
	char *text = xmemdupz(data, len);
	struct value *params;
	size_t at, i;

	for (at = 0; at < len; at += strlen(text + at) + 1)
		strvec_push(&words, text + at);
	params = record_params(words.v);
	MUST(params->type == VALUE_MAP && params->u.map.nr <= words.nr);
	for (i = 0; i < params->u.map.nr; i++) {
		const struct value_pair *pair = &params->u.map.pair[i];

		MUST(pair->key_len && *pair->key != '-');
		MUST(utf8_is_valid(pair->key, pair->key_len));
		MUST(!strchr(pair->key, '='));
	}
	value_free(params);
	strvec_release(&words);
	free(text);
	return 0;
}
