/*
 * --interactive: both sides of a pattern, then the question what to do, in the
 * words of the S3 utilities.
 */
#include "lib/base/compat.h"
#include "builtin/bucket.h"

#include "builtin/ask-comment.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/quote.h"

static void print_key(const char *key, size_t len)
{
	struct strbuf line = STRBUF_INIT;

	quote_c(&line, key, len);
	strbuf_addch(&line, '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

static void print_total(const struct bucket_keys *k)
{
	struct strbuf size = STRBUF_INIT;

	size_format(&size, k->bytes);
	out_printf(k->nr == 1 ?
		   _("Total: %" PRIu64 " file, %" PRIu64 " bytes (%s)\n\n") :
		   _("Total: %" PRIu64 " files, %" PRIu64 " bytes (%s)\n\n"),
		   k->nr, k->bytes, size.buf);
	strbuf_release(&size);
}

/* ---- both sides --------------------------------------------------------- */

static void add(const struct bucket_entry *e, void *data)
{
	print_key(e->key, e->key_len);
	bucket_keys_add(data, e->key, e->key_len, e->size);
}

static int show_here(struct bucket *b, struct bucket_keys *keys)
{
	int status;

	out_printf(_("Local files matching pattern:\n"));
	out_flush();
	status = bucket_read_here(b, add, keys);
	if (!status)
		print_total(keys);
	out_flush();
	return status;
}

static int show_there(struct bucket *b, struct bucket_keys *keys)
{
	int status;

	out_printf(_("%s files matching pattern:\n"),
		   b->title ? b->title : _("Store"));
	out_flush();
	status = bucket_read_store(b, add, keys);
	if (!status)
		print_total(keys);
	out_flush();
	return status;
}

/* ---- the question ------------------------------------------------------- */

enum { NO_ACTION = BUCKET_DELETE + 1, BAD_ACTION };

static int read_action(struct strbuf *answer)
{
	static const struct {
		const char *word;
		int action;
	} known[] = {
		{ "delete", BUCKET_DELETE }, { "remove", BUCKET_REMOVE },
		{ "download", BUCKET_DOWNLOAD }, { "upload", BUCKET_UPLOAD },
		{ "exit", NO_ACTION }, { "", NO_ACTION }
	};
	size_t i;

	strbuf_trim(answer);
	for (i = 0; i < answer->len; i++)
		answer->buf[i] = (char)tolower((unsigned char)answer->buf[i]);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].word, answer->buf))
			return known[i].action;
	return BAD_ACTION;
}

static int ask_action(const struct bucket *b)
{
	struct strbuf prompt = STRBUF_INIT, answer = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	int action = NO_ACTION, ret;

	strbuf_addf(&prompt, _("Choose an action [delete (local), remove (%s),"
			       " download, upload, exit]: "),
		    b->title ? b->title : _("store"));
	ret = ask_line(&answer, prompt.buf, NULL, &err);
	if (!ret)
		action = read_action(&answer);
	else if (ret != ERR_NO)
		error("%s", err.buf);
	strbuf_release(&prompt);
	strbuf_release(&answer);
	strbuf_release(&err);
	return action;
}

static int act(struct bucket *b, int action, struct bucket_keys *here,
	       struct bucket_keys *there)
{
	bool is_there = action == (int)BUCKET_REMOVE ||
			action == (int)BUCKET_DOWNLOAD;
	struct bucket_keys *k = is_there ? there : here;

	if (!k->nr)
		return bucket_tell_nothing(b, !is_there, is_there);
	if (!bucket_confirm(b, (enum bucket_action)action, k))
		return EXIT_NO;
	return bucket_run(b, (enum bucket_action)action, k);
}

int bucket_interactive(struct bucket *b)
{
	struct bucket_keys here = { NULL, 0, 0 }, there = { NULL, 0, 0 };
	int status = show_here(b, &here), action;

	if (!status)
		status = show_there(b, &there);
	if (status || b->signo)
		goto cleanup;
	if (!here.nr && !there.nr) {
		status = bucket_tell_nothing(b, true, true);
		goto cleanup;
	}
	action = ask_action(b);
	if (action == BAD_ACTION) {
		say(_("Invalid action"));
		status = EXIT_USAGE;
	} else if (action != NO_ACTION) {
		status = act(b, action, &here, &there);
	}

cleanup:
	bucket_keys_release(&here);
	bucket_keys_release(&there);
	return status;
}
