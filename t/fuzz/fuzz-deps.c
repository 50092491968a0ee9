/* Words of a command line, separated by NUL, as deps_scan() sees them. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "t/fuzz/fuzz.h"

static char root[] = "/nonexistent/p", results_dir[] = "results";
static char results_path[] = "/nonexistent/p/results";
static const char own[] = "aapfup_20240704T191555_own";

/* The path of an input never leads out of its experiment. */
static void check_input(const struct dep_input *input)
{
	const char *path = input->path;

	MUST(name_is_valid(input->name) && strcmp(input->name, own));
	MUST(*path != '/');
	while (*path) {
		size_t n = strcspn(path, "/");

		MUST(n && !(n == 2 && !strncmp(path, "..", 2)));
		path += n;
		path += *path == '/';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const cwd[] = {
		root, results_path, "/nonexistent", "/"
	};
	struct project project = {
		.root = root, .results_dir = results_dir,
		.results_path = results_path
	};
	struct dep_scan scan = DEP_SCAN_INIT;
	struct strvec words = STRVEC_INIT;
	char *text = xmemdupz(data, len);
	size_t at, i, j;

	for (at = 0; at < len; at += strlen(text + at) + 1)
		strvec_push(&words, text + at);
	deps_scan(&scan, &project, cwd[len % ARRAY_SIZE(cwd)], words.v, own);
	for (i = 0; i < scan.nr; i++)
		check_input(&scan.input[i]);
	for (i = 0; i < scan.names.nr; i++)
		for (j = 0; j < i; j++)
			MUST(strcmp(scan.names.v[i], scan.names.v[j]));
	dep_scan_release(&scan);
	strvec_release(&words);
	free(text);
	return 0;
}
