/*
 * The ledger of a store, as a crash, a disk or somebody else left it. The first
 * byte of the input says whether the rest follows the line that begins one, as
 * only the next check would be reached otherwise.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/name.h"
#include "lib/exp/conf/project.h"
#include "lib/sync/ledger.h"
#include "t/fuzz/fuzz.h"

#define HEAD "resutil-ledger 1\n"
#define NAME "aapfup_20240704T191555_noted"
#define OTHER "aapfup_20240704T191555_renamed"
#define ID "11111111-2222-4333-8444-555555555555"

static struct project project;
static char dir[] = "/tmp/resutil-fuzz-ledger.XXXXXX";
static char *file;

static void remove_all(void)
{
	sys_remove_tree(dir);
	free(file);
	free(project.root);
}

static void set_up(void)
{
	char *remotes;

	MUST(mkdtemp(dir));
	project.root = xstrdup(dir);
	remotes = xstrfmt("%s/.resutil/remotes", dir);
	MUST(!sys_mkdir_all(remotes, 0700));
	free(remotes);
	file = xstrfmt("%s/.resutil/remotes/origin.log", dir);
	atexit(remove_all);
}

/* All that it says must be what can be asked for and written. */
static void ask(struct ledger *l)
{
	struct strvec names = STRVEC_INIT;
	size_t i;

	ledger_names(l, &names);
	for (i = 0; i < names.nr; i++) {
		const struct ledger_note *done = ledger_done(l, names.v[i]);

		MUST(name_is_valid(names.v[i]));
		MUST(!i || strcmp(names.v[i - 1], names.v[i]) < 0);
		MUST(done && !strcmp(done->name, names.v[i]));
		MUST(*done->version);
		MUST(ledger_knows(l, names.v[i], done->version, NULL));
		ledger_intent(l, names.v[i]);
	}
	ledger_name_of(l, ID);
	strvec_clear(&names);
}

static void add(struct ledger *l)
{
	struct strbuf err = STRBUF_INIT;
	struct ledger_note note = { .name = (char *)NAME };

	note.info.version = PACK_FORMAT;
	memset(note.info.tree, 1, sizeof(note.info.tree));
	note.version = (char *)"";
	MUST(!ledger_note(l, &note, &err));
	note.version = (char *)"v1";
	MUST(!ledger_note(l, &note, &err));
	MUST(!ledger_sync(l, &err));
	strbuf_release(&err);
}

static bool is_noted(struct ledger *l, const char *name)
{
	const struct ledger_note *note = ledger_done(l, name);

	return note && !strcmp(note->version, "v1") && note->info.tree[0] == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct ledger *l = NULL;

	if (!file)
		set_up();
	if (len && (data[0] & 1))
		strbuf_addstr(&text, HEAD);
	if (len)
		strbuf_add(&text, data + 1, len - 1);
	MUST(!write_file_atomic(file, text.buf, text.len, 0600, 0, NULL));
	if (ledger_open(&l, &project, "origin", &err))
		goto cleanup;
	ask(l);
	add(l);
	MUST(is_noted(l, NAME));
	ask(l);
	ledger_close(l);

	/* Whatever was there, what was added is found. */
	MUST(!ledger_open(&l, &project, "origin", &err));
	MUST(is_noted(l, NAME));
	MUST(!ledger_rename(l, NAME, OTHER, &err));
	MUST(is_noted(l, OTHER) && !ledger_done(l, NAME));
	MUST(!ledger_drop(l, OTHER, &err));
	MUST(!ledger_done(l, OTHER));
	ask(l);

cleanup:
	ledger_close(l);
	strbuf_release(&text);
	strbuf_release(&err);
	return 0;
}
