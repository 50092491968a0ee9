/*
 * Texts of a code state from anywhere: what they import and name is found, or
 * not, and the walk comes to an end.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/exp/git/code-reach.h"
#include "t/fuzz/fuzz.h"

static const char *const names[] = {
	"a.py", "a/__init__.py", "a/b.py", "c.sh", "src/a.py", "x.js"
};

/* A command's words, then the files, each up to a NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len), *at = text, *end = text + len;
	const char *file[ARRAY_SIZE(names) + 1];
	struct strvec paths = STRVEC_INIT, next = STRVEC_INIT;
	const char *words[] = { "python3", NULL, "a.py", NULL };
	struct code_reach *r;
	size_t i, j, asked = 0;

	for (i = 0; i < ARRAY_SIZE(file); i++) {
		file[i] = at;
		at += strlen(at);
		at += at < end;
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		strvec_push(&paths, names[i]);
	strvec_sort(&paths, true);
	words[1] = file[0];
	r = code_reach_new(&paths);
	code_reach_look_for(r, "HOME");
	code_reach_command(r, words, len % 2 ? "src/" : "");
	code_reach_function(r, file[0], "");
	for (;;) {
		strvec_clear(&next);
		code_reach_next(r, &next);
		if (!next.nr)
			break;
		asked += next.nr;
		for (i = 0; i < next.nr; i++)
			for (j = 0; j < ARRAY_SIZE(names); j++)
				if (!strcmp(next.v[i], names[j]))
					code_reach_text(r, names[j],
							file[j + 1],
							strlen(file[j + 1]));
	}
	MUST(asked <= ARRAY_SIZE(names));
	MUST(code_reach_is_known(r) == (asked > 0));
	for (i = 0, j = 0; i < paths.nr; i++)
		j += code_reach_why(r, paths.v[i]) != NULL;
	MUST(j == asked);
	MUST(!code_reach_why(r, "none") && !code_reach_word(r, "none"));
	code_reach_free(r);
	strvec_release(&next);
	strvec_release(&paths);
	free(text);
	return 0;
}
