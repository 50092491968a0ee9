#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/glob.h"
#include "lib/base/path.h"
#include "lib/base/redact.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/conf/secret-name.h"
#include "lib/exp/conf/settings.h"

#define READ_SIZE (256u << 10)

bool git_secret_name(const char *path)
{
	const char *name = path_basename(path);

	return secret_name(name, strlen(name));
}

/* A pattern with a '/' is about the path, others about its last part. */
static bool matches(const struct strvec *globs, const char *path)
{
	size_t i;

	for (i = 0; i < globs->nr; i++)
		if (glob_match(globs->v[i], strchr(globs->v[i], '/') ?
			       path : path_basename(path)))
			return true;
	return false;
}

void git_secret_rules(struct git_state *state)
{
	strvec_clear(&state->secret_files);
	strvec_clear(&state->allowed_files);
	settings_get_lists("secrets.files", &state->secret_files);
	settings_get_lists("secrets.allow-files", &state->allowed_files);
}

bool git_secret_is_allowed(const struct git_state *state, const char *path)
{
	return matches(&state->allowed_files, path);
}

bool git_secret_path(const struct git_state *state, const char *path)
{
	return matches(&state->secret_files, path) || git_secret_name(path) ||
	       git_secret_text(path, strlen(path));
}

bool git_secret_text(const char *text, size_t len)
{
	const char *at, *kind;

	return redact_find_token(text, len, &at, &kind) > 0;
}

/*
 * All of it, for a note book has its tokens anywhere. A piece is looked at
 * together with the end of the one before: see REDACT_OVERLAP.
 */
int git_secret_file(int fd)
{
	size_t kept = 0, room = READ_SIZE;
	struct stat st;
	off_t at = 0;
	ssize_t n;
	char *buf;
	int ret = 0;

	/* most are small: no memory that must come from the kernel */
	if (!fstat(fd, &st) && st.st_size < READ_SIZE)
		room = (size_t)st.st_size + 1;
	buf = xmalloc(REDACT_OVERLAP + room);
	while (!ret) {
		n = pread(fd, buf + kept, room, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += n;
		ret = git_secret_text(buf, kept + (size_t)n);
		kept += (size_t)n;
		if (kept > REDACT_OVERLAP) {
			memmove(buf, buf + kept - REDACT_OVERLAP,
				REDACT_OVERLAP);
			kept = REDACT_OVERLAP;
		}
	}
	if (!ret && n < 0)
		ret = -1;
	at = errno;
	free(buf);
	errno = (int)at;
	return ret;
}

bool git_secret_part(struct git_state *state, const char *text, size_t len)
{
	struct strbuf *held = &state->part_held;
	bool ret;

	/* pieces are lines, but for those that a buffer of git's cut */
	if (!held->len && len && text[len - 1] == '\n')
		return git_secret_text(text, len);
	strbuf_add(held, text, len);
	ret = git_secret_text(held->buf, held->len);
	if (held->len && held->buf[held->len - 1] == '\n')
		strbuf_reset(held);
	else if (held->len > REDACT_OVERLAP)
		strbuf_splice(held, 0, held->len - REDACT_OVERLAP, NULL, 0);
	return ret;
}
