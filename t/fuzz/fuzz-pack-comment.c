/* An archive comment from anywhere: what is read can be written and is then
 * read as the same. */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf err = STRBUF_INIT, text = STRBUF_INIT;
	struct pack_info info, again;
	int ret = pack_info_read(&info, (const char *)data, len, &err);

	MUST(ret == 0 || ret == ERR_CONTENT);
	MUST((ret == 0) == (err.len == 0));
	if (!ret && info.version) {
		MUST(info.version <= PACK_FORMAT);
		pack_info_write(&text, &info);
		MUST(text.len <= 300);
		MUST(!pack_info_read(&again, text.buf, text.len, NULL));
		MUST(!memcmp(again.tree, info.tree, DIGEST_RAWSZ));
		MUST(again.has_record == info.has_record);
		MUST(!memcmp(again.record, info.record, DIGEST_RAWSZ));
		MUST(!strcmp(again.id, info.id));
		MUST(again.revision == info.revision);
	}
	strbuf_release(&text);
	strbuf_release(&err);
	return 0;
}
