#include "lib/base/compat.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/git/git-internal.h"

void git_state_head(struct git_state *state, struct git_head *head)
{
	git_gather(state);
	head->top = state->top;
	head->commit = state->commit;
	head->branch = state->ref;
	if (head->branch && !strncmp(head->branch, "refs/heads/", 11))
		head->branch += 11;
	head->error = state->error.len ? state->error.buf : NULL;
}
