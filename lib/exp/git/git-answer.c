#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"

/* Cuts the last line off `text`; lent until `text` changes. */
static char *last_line(struct strbuf *text)
{
	char *line;

	while (text->len && text->buf[text->len - 1] == '\n')
		strbuf_setlen(text, text->len - 1);
	line = strrchr(text->buf, '\n');
	if (!line)
		return NULL;
	strbuf_setlen(text, (size_t)(line - text->buf));
	return line + 1;
}

/*
 * Lines: format, top (which may hold newlines itself), commit, ref. Without
 * a commit git stops after the second, or says "HEAD" as a third.
 */
bool git_answer_head(struct git_state *state, struct strbuf *top)
{
	struct git_ask *a = &state->ask[ASK_HEAD];
	struct strbuf *text = &a->text;
	const char *end = strchr(text->buf, '\n');
	char *line;

	if (!end)
		return true;
	state->format = strncmp(text->buf, "sha256\n", 7) ? "sha1" : "sha256";
	if (!a->status) {
		/* each copied at once: cutting ends the lending */
		line = last_line(text);
		if (line && !strncmp(line, "refs/", 5))
			state->ref = xstrdup(line);
		line = last_line(text);
		if (line)
			state->commit = xstrdup(line);
	} else if (text->len > 5 &&
		   !strcmp(text->buf + text->len - 6, "\nHEAD\n")) {
		strbuf_setlen(text, text->len - 6);
	}
	if (state->bare || end - text->buf + 1 >= (ptrdiff_t)text->len)
		return true;
	end++;
	while (text->len && a->status && text->buf[text->len - 1] == '\n')
		strbuf_setlen(text, text->len - 1);
	if (!strcmp(end, state->top))
		return true;
	strbuf_reset(top);
	strbuf_addstr(top, end);
	free(state->commit);
	free(state->ref);
	state->commit = state->ref = NULL;
	return false;
}

/*
 * A user's name may be part of how to reach a host (ssh), or a token
 * (https): there the whole of it goes, as does a query.
 */
void git_redact_url(struct strbuf *out, const char *url)
{
	const char *sep = strstr(url, "://"), *host, *at, *p;
	bool http = !strncasecmp(url, "http:", 5) ||
		    !strncasecmp(url, "https:", 6);
	size_t len;

	if (!sep) {	/* a path, or host:path as ssh takes it */
		strbuf_addstr(out, url);
		return;
	}
	host = sep + 3;
	strbuf_add(out, url, (size_t)(host - url));
	len = strcspn(host, "/?#");
	for (at = NULL, p = host; p < host + len; p++)
		if (*p == '@')
			at = p;
	if (at) {
		size_t user = strcspn(host, ":@");

		if (!http && user) {
			strbuf_add(out, host, user);
			strbuf_addch(out, '@');
		}
		host = at + 1;
	}
	strbuf_add(out, host, http ? strcspn(host, "?#") : strlen(host));
}

/* The value after `key`'s newline when the key is PREFIX `name` SUFFIX. */
static const char *value_of(const char *record, const char *prefix,
			    const char *name, const char *suffix)
{
	size_t prefix_len = strlen(prefix), suffix_len = strlen(suffix);
	const char *newline = strstr(record, suffix);
	size_t name_len = name ? strlen(name) : 0;

	if (strncmp(record, prefix, prefix_len))
		return NULL;
	if (name)
		return !strncmp(record + prefix_len, name, name_len) &&
		       !strncmp(record + prefix_len + name_len, suffix,
				suffix_len) ?
		       record + prefix_len + name_len + suffix_len : NULL;
	return newline ? newline + suffix_len : NULL;
}

/* Goes through the records "key NEWLINE value NUL". */
static const char *find_value(const struct strbuf *text, const char *prefix,
			      const char *name, const char *suffix, bool last)
{
	const char *p = text->buf, *end = p + text->len, *found = NULL, *value;

	for (; p < end; p += strlen(p) + 1) {
		value = value_of(p, prefix, name, suffix);
		if (value && (last || !found))
			found = value;
	}
	return found;
}

void git_answer_remote(struct git_state *state)
{
	const struct git_ask *a = &state->ask[ASK_CONFIG];
	const char *remote = NULL, *url = NULL;
	struct strbuf redacted = STRBUF_INIT;

	if (a->status || a->failed)
		return;
	if (state->ref && !strncmp(state->ref, "refs/heads/", 11))
		remote = find_value(&a->text, "branch.", state->ref + 11,
				    ".remote\n", true);
	if (remote && strcmp(remote, "."))
		url = find_value(&a->text, "remote.", remote, ".url\n", false);
	if (!url)
		url = find_value(&a->text, "remote.", "origin", ".url\n",
				 false);
	if (!url)
		url = find_value(&a->text, "remote.", NULL, ".url\n", false);
	if (url) {
		git_redact_url(&redacted, url);
		state->remote = strbuf_detach(&redacted, NULL);
	}
	strbuf_release(&redacted);
}
