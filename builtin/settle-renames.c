#include "lib/base/compat.h"
#include "command.h"
#include "builtin/settle-renames.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/rename-journal.h"

void settle_renames_in(const char *remote, unsigned seconds)
{
	const struct rename_limits limits = { seconds * 1000, remote };
	struct strbuf said = STRBUF_INIT, err = STRBUF_INIT;

	if (rename_journal_recover(the_project, &limits, &said, &err))
		warning("%s", err.buf);
	strbuf_trim(&said);
	if (said.len)
		say("%s", said.buf);
	strbuf_release(&err);
	strbuf_release(&said);
}

void settle_renames(unsigned seconds)
{
	settle_renames_in(NULL, seconds);
}
