#include "lib/base/compat.h"
#include "lib/sync/pack-arg.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/pack/pack-limits.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/store/remotes.h"
#include "lib/sync/remote-internal.h"
#include "lib/sync/remote-pack.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"

#define TRIES 4

static bool ends_in_zip(const char *word)
{
	size_t len = strlen(word);

	return len > 4 && !strcmp(word + len - 4, ".zip");
}

static bool is_file(const struct pack_arg *a, const char *word)
{
	struct stat st;
	size_t len;

	if (a->remote_name)
		return false;
	if (!a->project || !strcmp(word, "-") || ends_in_zip(word))
		return true;
	if (strchr(word, '/') && !exp_split_remote(word, &len))
		return true;
	return !stat(word, &st) && !S_ISDIR(st.st_mode);
}

static void close_remote(struct pack_arg *a)
{
	remote_list_release(&a->list);
	remote_close(a->remote);
	a->remote = NULL;
	a->listed = false;
}

/* The one that is open stays open for as long as words are of it. */
static int need_remote(struct pack_arg *a, const char *name,
		       struct strbuf *err)
{
	if (a->remote && (!name || !strcmp(name, a->remote->name)))
		return 0;
	close_remote(a);
	if (!a->project)
		return fail(err, ERR_NOT_FOUND, "an experiment in a store is "
			    "looked for from within a project, and there is "
			    "none here; 'resutil clone' makes one from a "
			    "store");
	return remote_open(&a->remote, a->project, name,
			   TRANSPORT_PATIENCE_DEFAULT, err);
}

static int find_in_list(struct pack_arg *a, const char *word,
			struct strbuf *err)
{
	int ret = 0;

	if (!a->listed)
		ret = remote_list(a->remote, &a->list, err);
	if (ret)
		return ret;
	a->listed = true;
	return remote_find(a->remote, &a->list, word, &a->name, err);
}

static int find_name(struct pack_arg *a, const char *word, struct strbuf *err)
{
	const char *remote = a->remote_name;
	size_t len;
	const char *rest = exp_split_remote(word, &len);
	char *other = NULL;
	int ret;

	if (rest)
		remote = other = xmemdupz(word, len);
	ret = need_remote(a, remote ? remote : REMOTE_ORIGIN, err);
	if (!ret && name_is_valid(word))
		strbuf_addstr(&a->name, word);
	else if (!ret)
		ret = find_in_list(a, rest ? rest : word, err);
	free(other);
	return ret;
}

static int look_once(struct pack_arg *a, struct remote_list *out,
		     struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	int ret;

	strvec_push(&names, a->name.buf);
	ret = remote_look(a->remote, &names, 1, out, err);
	if (!ret && !out->nr)
		ret = fail(err, ERR_NOT_FOUND, "there is no experiment '%s' in "
			   "'%s'", a->name.buf, a->remote->name);
	strvec_release(&names);
	return ret;
}

static int open_remote_pack(struct pack **out, struct pack_arg *a,
			    struct strbuf *err)
{
	struct remote_list list = REMOTE_LIST_INIT;
	struct strbuf why = STRBUF_INIT;
	int tries, ret;

	ret = look_once(a, &list, &why);
	for (tries = 0; !ret && tries < TRIES; tries++) {
		ret = pack_open(out, remote_pack_source(a->remote, list.exp),
				&a->limits, &why);
		if (ret != ERR_CONFLICT || tries == TRIES - 1)
			break;
		strbuf_reset(&why);
		ret = remote_look_again(a->remote, list.exp, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	remote_list_release(&list);
	strbuf_release(&why);
	return ret;
}

int pack_arg_open(struct pack **out, struct pack_arg *a, const char *word,
		  struct strbuf *err)
{
	int ret;

	*out = NULL;
	strbuf_reset(&a->name);
	a->is_remote = !is_file(a, word);
	if (!a->is_remote) {
		strbuf_addstr(&a->name, word);
		return pack_open_path(out, word, NULL, &a->limits, err);
	}
	ret = pack_limits_fill(&a->limits, err);
	if (!ret)
		ret = find_name(a, word, err);
	return ret ? ret : open_remote_pack(out, a, err);
}

void pack_arg_release(struct pack_arg *a)
{
	close_remote(a);
	strbuf_release(&a->name);
}
