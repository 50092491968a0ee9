/*
 * A disk that loses bits cannot be had; a cache that remembers other ones can.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/pack/exp-cache.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/check/finding-list.h"
#include "lib/exp/pack/hash-dir.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/check-ledger.h"
#include "t/unit/unit.h"

#define ONE "aapfcd_20240704T111555_one"
#define DIR_ONE "results/" ONE

static struct project project = PROJECT_INIT;
static struct strbuf err = STRBUF_INIT;

static void write_text(const char *path, const char *text)
{
	if (write_file_atomic(path, text, strlen(text), 0666, 0, &err))
		die("%s", err.buf);
}

/* The id of what is wrong, or "". */
static const char *look(struct finding_list *list)
{
	static const struct check_options all = { .flags = CHECK_READ_DATA };

	finding_list_release(list);
	if (check_content(&project, &all, finding_list_take, list, &err))
		die("%s", err.buf);
	return list->nr ? list->finding[0].id : "";
}

/* Remembers the tree as it is now, its hash with `change` over it. */
static void remember(unsigned char change)
{
	struct exp_cache *cache = exp_cache_open(&project);
	struct exp_tree tree = EXP_TREE_INIT;
	struct dir_hash hash = DIR_HASH_INIT;
	struct exp_known known = { .final = true };
	struct exp_tree_sign sign;

	if (exp_tree_read_signed(&tree, DIR_ONE, &sign, &err) ||
	    hash_dir(&hash, DIR_ONE, 1, NULL, NULL, &err))
		die("%s", err.buf);
	known.info.version = PACK_FORMAT;
	memcpy(known.info.tree, hash.tree, DIGEST_RAWSZ);
	known.info.tree[7] ^= change;
	exp_cache_note(cache, ONE, &sign, &known);
	exp_cache_close(cache);
	dir_hash_release(&hash);
	exp_tree_release(&tree);
}

static void test_rot(void)
{
	struct finding_list list = FINDING_LIST_INIT;

	check_str(look(&list), "", "nothing is known, nothing is wrong");
	remember(0);
	check_str(look(&list), "", "what was hashed is still the same");
	remember(0x10);
	check_str(look(&list), "content-differs", "it has lost a bit");
	check(list.nr == 1 && list.finding[0].level == FINDING_ERROR &&
	      !strcmp(list.finding[0].where, DIR_ONE) &&
	      !strcmp(list.finding[0].name, ONE), "which is an error");
	write_text(DIR_ONE "/file", "datb");
	check_str(look(&list), "", "what was written since is no loss");
	finding_list_release(&list);
}

int main(void)
{
	static const char conf[] = "project_name: p\nresults_dir: results\n"
		"storage_type: dir\nstorage_config:\n  path: store\n";
	struct tempfile *scratch;
	char later[32];

	/* Only what was old when it was hashed is remembered. */
	snprintf(later, sizeof(later), "%lld", (long long)time(NULL) + 60);
	if (tempfile_scratch_dir(&scratch, &err) ||
	    chdir(tempfile_path(scratch)) || sys_mkdir_all(DIR_ONE, 0777) ||
	    setenv("XDG_CACHE_HOME", tempfile_path(scratch), 1) ||
	    setenv("RESUTIL_TEST_NOW", later, 1))
		die("cannot begin: %s", err.buf);
	write_text("resutil-conf.yaml", conf);
	write_text(DIR_ONE "/resutil-exp.yaml", "state: done\n");
	write_text(DIR_ONE "/file", "data");
	if (project_open(&project, NULL, &err))
		die("%s", err.buf);
	test_rot();
	project_release(&project);
	strbuf_release(&err);
	if (chdir("/"))
		die("cannot leave the scratch directory");
	tempfile_delete(&scratch);
	return unit_done();
}
