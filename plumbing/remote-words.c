#include "lib/base/compat.h"
#include "plumbing/remote-words.h"

#include "lib/base/error.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "command.h"

static int find_there(struct remote_words *w, const char *word,
		      struct strbuf *name, struct strbuf *err)
{
	int ret = 0;

	if (!w->listed)
		ret = remote_list(w->remote, &w->all, err);
	w->listed = !ret;
	return ret ? ret : remote_find(w->remote, &w->all, word, name, err);
}

/* `REMOTE/@`: of the one remote that is asked. */
static int find_latest(struct remote_words *w, const char *word, size_t len,
		       const char *rest, struct strbuf *name,
		       struct strbuf *err)
{
	const char *remote = w->remote->name;

	if (strlen(remote) != len || memcmp(remote, word, len))
		return fail(err, ERR_USAGE, "'%s' is not in '%s'; give its "
			    "remote by --remote", word, remote);
	return find_there(w, rest, name, err);
}

static int find_name(struct remote_words *w, const char *word,
		     struct strbuf *name, struct strbuf *err)
{
	struct strbuf here = STRBUF_INIT;
	const char *rest;
	size_t len;
	int ret;

	if (name_is_valid(word)) {
		strbuf_addstr(name, word);
		return 0;
	}
	rest = exp_split_remote(word, &len);
	if (rest)
		return find_latest(w, word, len, rest, name, err);
	ret = exp_find(the_project, word, name, &here);
	if (ret == ERR_NOT_FOUND)
		ret = find_there(w, word, name, err);
	else if (ret)
		fail(err, ret, "%s", here.buf);
	strbuf_release(&here);
	return ret;
}

/* For items_each(), whose count is not used: what is found is counted when it
 * was looked at. */
static int take_word(const char *word, void *data)
{
	struct remote_words *w = data;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret = find_name(w, word, &name, &err);

	if (ret) {
		error("%s", err.buf);
		items_count(&w->items, ret);
	} else {
		strvec_push(&w->names, name.buf);
	}
	strbuf_release(&err);
	strbuf_release(&name);
	return ret;
}

int remote_words_read(struct remote_words *w, const char *const *words,
		      bool from_stdin, int term, struct strbuf *err)
{
	struct items ignored = { 0 };

	return items_each(&ignored, words, from_stdin ? stdin : NULL, term,
			  take_word, w, err);
}

void remote_words_missing(struct remote_words *w, const char *name)
{
	error("there is no experiment '%s' in '%s'", name, w->remote->name);
	items_count(&w->items, ERR_NOT_FOUND);
}

void remote_words_release(struct remote_words *w)
{
	remote_list_release(&w->all);
	strvec_release(&w->names);
}
