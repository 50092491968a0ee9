#include "lib/base/compat.h"
#include "command.h"
#include "builtin/rm-notes.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"

void rm_notes_read(const struct strvec *names, struct strvec *commits)
{
	struct strbuf dir = STRBUF_INIT;
	bool wanted = false;
	size_t i;

	if (git_notes_wanted(&wanted, NULL) || !wanted)
		return;
	for (i = 0; i < names->nr; i++) {
		struct value *record = NULL;
		const char *commit = NULL;

		strbuf_reset(&dir);
		project_exp_path(the_project, names->v[i], &dir);
		if (!record_read(&record, dir.buf, NULL))
			commit = value_get_text(record, "git.commit_hash");
		strvec_push(commits, commit ? commit : "");
		value_free(record);
	}
	strbuf_release(&dir);
}

void rm_notes_remove(const struct strvec *names, const struct strvec *commits,
		     const struct strvec *gone)
{
	struct strbuf err = STRBUF_INIT;
	size_t i;

	for (i = 0; i < commits->nr; i++) {
		if (!*commits->v[i] || strvec_find(gone, names->v[i]) < 0)
			continue;
		strbuf_reset(&err);
		if (git_notes_rename(the_project, commits->v[i], names->v[i],
				     NULL, &err))
			warning(_("the note of the commit of '%s' is as it "
				  "was: %s"), names->v[i], err.buf);
	}
	strbuf_release(&err);
}
