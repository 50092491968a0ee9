/*
 * restore-tree REPOSITORY EXP_DIR|- [EXP_DIR|-] [OPTION...]: the tree of the
 * recorded code state, one line, and "missing: SENTENCE" for each thing that
 * could not be restored; of two, what git says of their difference, with the
 * options. "-" is the work tree of the project that the working directory is
 * in (only as the second, and alone).
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/tempfile.h"
#include "lib/exp/git/git-restore.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"

static void make_tree(struct git_scratch *s, const char *dir,
		      struct strbuf *tree, struct strvec *missing)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;
	struct project project;
	int ret;

	if (!strcmp(dir, "-")) {
		ret = project_open(&project, NULL, &err);
		if (!ret) {
			ret = git_scratch_work_tree(s, &project, tree, &err);
			project_release(&project);
		}
	} else {
		ret = record_read(&record, dir, &err);
		if (!ret)
			ret = git_scratch_tree(s, record, dir, tree, missing,
					       &err);
	}
	value_free(record);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
}

int main(int argc, char **argv)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT, err = STRBUF_INIT;
	struct strbuf out = STRBUF_INIT;
	struct strvec missing = STRVEC_INIT;
	struct git_scratch *s;
	size_t i;
	int ret;

	if (argc < 3)
		die_status(EXIT_USAGE, "usage: restore-tree REPOSITORY "
			   "EXP_DIR|- [EXP_DIR|-] [OPTION...]");
	atexit(tempfile_remove_all);
	ret = git_scratch_open(&s, argv[1], &err);
	if (ret)
		die_code(ret, &err);
	make_tree(s, argv[2], &a, &missing);
	if (argc == 3)
		printf("%s\n", a.buf);
	for (i = 0; i < missing.nr; i++)
		printf("missing: %s\n", missing.v[i]);
	if (argc > 3) {
		const char *max = getenv("RESTORE_TREE_MAX");

		make_tree(s, argv[3], &b, NULL);
		ret = git_scratch_diff(s, a.buf, b.buf,
				       (const char *const *)argv + 4,
				       max ? strtoul(max, NULL, 10) :
					     1u << 20,
				       &out, &err);
		if (ret)
			die_code(ret, &err);
		fwrite(out.buf, 1, out.len, stdout);
	}
	git_scratch_close(s);
	strvec_release(&missing);
	strbuf_release(&a);
	strbuf_release(&b);
	strbuf_release(&out);
	strbuf_release(&err);
	return fflush(stdout) ? 1 : 0;
}
