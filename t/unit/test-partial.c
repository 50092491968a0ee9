#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/exp-remove.h"
#include "lib/exp/record/exp-rename.h"
#include "lib/exp/record/exp-rest.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/conf/project.h"
#include "t/unit/unit.h"

#define ONE "aapfcd_20240704T111555_one"
#define TWO "aapfcd_20240704T111555_two"
#define ID "11111111-2222-4333-8444-555555555555"

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;

static void write_text(const char *path, const char *text)
{
	if (write_file_atomic(path, text, strlen(text), 0666, 0, &err))
		die("%s", err.buf);
}

static void make_exp(const char *name)
{
	struct strbuf path = STRBUF_INIT;

	project_exp_path(&project, name, &path);
	sys_mkdir_all(path.buf, 0777);
	strbuf_addstr(&path, "/resutil-exp.yaml");
	write_text(path.buf, "id: " ID "\nstate: done\n");
	strbuf_release(&path);
}

static int mark(const char *name)
{
	int held, ret = partial_mark(&project, name, &held, &err);

	check(ret ? held < 0 : held >= 0, "a mark is held from the start");
	if (held >= 0)
		close(held);
	return ret;
}

static void test_mark(void)
{
	check(!partial_is(&project, ONE), "nothing is partial at first");
	check(!mark(ONE), "a mark is made");
	check(!mark(ONE), "and once more");
	check(partial_is(&project, ONE), "it is seen");
	check(!partial_is(&project, TWO), "by its own name alone");
	check(!partial_is(&project, "../" ONE), "what is no name is not");
	check(!partial_is(&project, ""), "nor is nothing");
	check(!partial_clear(&project, ONE, &err), "it is taken away");
	check(!partial_is(&project, ONE), "and gone");
	check(!partial_clear(&project, ONE, &err), "none is no error");
	check(!err.len, "success says nothing");
}

static void test_link_for_mark(void)
{
	check(!symlinkat("/nowhere/x", AT_FDCWD, ".resutil/partial/" ONE),
	      "somebody puts a link where the mark is");
	check(mark(ONE) == ERR_FAILED,
	      "which is not followed");
	strbuf_reset(&err);
	check(!partial_clear(&project, ONE, &err), "and can be taken away");
}

static void test_rename(void)
{
	make_exp(ONE);
	check(!mark(ONE) &&
	      !exp_rename_local(&project, ONE, TWO, &err) &&
	      partial_is(&project, TWO) && !partial_is(&project, ONE),
	      "the mark goes with a rename");
	check(path_is_dir("results/" TWO) && !path_exists("results/" ONE),
	      "and so does the experiment");
	check(exp_rename_local(&project, ONE, TWO, &err) == ERR_NOT_FOUND,
	      "what is not here cannot be renamed");
	strbuf_reset(&err);
	make_exp(ONE);
	check(exp_rename_local(&project, ONE, TWO, &err) == ERR_CONFLICT &&
	      path_is_dir("results/" ONE), "nor to what is here");
	strbuf_reset(&err);
	check(!exp_remove_local(&project, TWO, &err) &&
	      !partial_is(&project, TWO), "the mark goes with a removal");
}

/* A recorder's lock on its file, and a record that says that it runs. */
static void test_rest(void)
{
	struct strbuf text = STRBUF_INIT, state = STRBUF_INIT;
	struct live *rest = NULL, *live = NULL;
	char host[256];

	check(!exp_rest_take(&rest, &project, ONE, 0, &err) && rest,
	      "one that is done is at rest");
	live_unlock_writer(&rest);
	gethostname(host, sizeof(host));
	strbuf_addf(&text, "id: " ID "\nstate: running\nhost: '%s'\n", host);
	write_text("results/" ONE "/resutil-exp.yaml", text.buf);
	check(!live_start(&live, &project, ID, &err), "a recorder starts");
	check(exp_rest_take(&rest, &project, ONE, 0, &err) == ERR_CONFLICT &&
	      !rest, "then it is not");
	check(strstr(err.buf, "'" ONE "' is running") != NULL, "which is told");
	check(!exp_is_at_rest(&project, ONE, &state), "also without a lock");
	check_str(state.buf, "running", "with its state");
	strbuf_reset(&err);
	check(exp_rename_local(&project, ONE, TWO, &err) == ERR_CONFLICT,
	      "and it is not renamed");
	strbuf_reset(&err);
	live_end(&live);
	check(!exp_rest_take(&rest, &project, ONE, 0, &err),
	      "a run that was lost is at rest");
	live_unlock_writer(&rest);
	check(exp_rest_take(&rest, &project, TWO, 0, &err) == ERR_NOT_FOUND,
	      "what is not here cannot be held");
	strbuf_reset(&err);
	strbuf_release(&state);
	strbuf_release(&text);
}

int main(void)
{
	struct tempfile *scratch;

	if (tempfile_scratch_dir(&scratch, &err) ||
	    chdir(tempfile_path(scratch)))
		die("%s", err.buf);
	write_text("resutil-conf.yaml", "project_name: p\n"
		   "results_dir: results\nstorage_type: dir\n"
		   "storage_config:\n  path: store\n");
	if (project_open(&project, NULL, &err))
		die("%s", err.buf);
	test_mark();
	test_link_for_mark();
	test_rename();
	test_rest();
	project_release(&project);
	strbuf_release(&err);
	if (chdir("/"))
		die("cannot leave the scratch directory");
	tempfile_delete(&scratch);
	return unit_done();
}
