/*
 * Lines of the cache of what a store holds: what one says can be written and
 * read again, and is the same.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/name.h"
#include "lib/sync/known.h"
#include "t/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *line = xmemdupz(data, len);
	struct strbuf once = STRBUF_INIT, copy = STRBUF_INIT;
	struct strbuf twice = STRBUF_INIT;
	struct known_exp e, again;

	if (!memchr(data, '\n', len) && known_read_line(&e, line)) {
		MUST(name_is_valid(e.name));
		MUST(*e.version && !strpbrk(e.version, " \t\n"));
		known_write_line(&once, &e);
		MUST(once.len && once.buf[once.len - 1] == '\n');
		strbuf_add(&copy, once.buf, once.len - 1);
		MUST(known_read_line(&again, copy.buf));
		MUST(again.size == e.size && again.level == e.level);
		known_write_line(&twice, &again);
		MUST(!strcmp(once.buf, twice.buf));
	}
	strbuf_release(&once);
	strbuf_release(&copy);
	strbuf_release(&twice);
	free(line);
	return 0;
}
