#include "lib/base/compat.h"
#include "lib/base/secret.h"

#include <pthread.h>
#include <sys/resource.h>

#include "lib/base/path.h"
#include "lib/base/process.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

static pthread_once_t hide_once = PTHREAD_ONCE_INIT;

/* What it starts (a program that says keys) need not leave one either. */
static void hide_process(void)
{
	struct rlimit limit;

	process_hide();
	if (!getrlimit(RLIMIT_CORE, &limit)) {
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

void secret_hide(void)
{
	pthread_once(&hide_once, hide_process);
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void secret_reset(struct strbuf *sb)
{
	if (sb->alloc)
		explicit_bzero(sb->buf, sb->alloc);
	strbuf_reset(sb);
}

void secret_release(struct strbuf *sb)
{
	secret_reset(sb);
	strbuf_release(sb);
}

static void wipe_value(struct value *v)
{
	size_t i;

	if (v->type == VALUE_TEXT || v->type == VALUE_BINARY)
		explicit_bzero(v->u.text.text, v->u.text.len);
	for (i = 0; v->type == VALUE_LIST && i < v->u.list.nr; i++)
		wipe_value(v->u.list.item[i]);
	for (i = 0; v->type == VALUE_MAP && i < v->u.map.nr; i++)
		wipe_value(v->u.map.pair[i].value);
}

void secret_free_value(struct value *v)
{
	if (v)
		wipe_value(v);
	value_free(v);
}

int secret_read_file(struct strbuf *out, const char *path, size_t max,
		     struct strbuf *err)
{
	struct stat st;

	secret_hide();
	/* room for all of it at once: growing would leave copies behind */
	if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (uint64_t)st.st_size <= max)
		strbuf_grow(out, (size_t)st.st_size + 1);
	return read_file(out, path, max, err);
}

void secret_take_out(struct strbuf *text, const char *secret)
{
	static const char mark[] = "[redacted]";	/* fits into XML */
	size_t len = secret ? strlen(secret) : 0;
	size_t from = 0;
	const char *at;

	if (len < strlen(mark))
		return;
	/* onwards: a secret that is like the mark ends, too */
	while ((at = memmem(text->buf + from, text->len - from, secret,
			    len))) {
		from = (size_t)(at - text->buf);
		strbuf_splice(text, from, len, mark, strlen(mark));
		from += strlen(mark);
	}
}
