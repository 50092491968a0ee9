#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

const char *strvec_empty[] = { NULL };

void strvec_init(struct strvec *vec)
{
	vec->v = strvec_empty;
	vec->nr = 0;
	vec->alloc = 0;
}

void strvec_release(struct strvec *vec)
{
	size_t i;

	if (vec->v != strvec_empty) {
		for (i = 0; i < vec->nr; i++)
			free((char *)vec->v[i]);
		free(vec->v);
	}
	strvec_init(vec);
}

void strvec_clear(struct strvec *vec)
{
	strvec_release(vec);
}

/* Takes ownership of `text`. */
static const char *push_owned(struct strvec *vec, char *text)
{
	if (vec->v == strvec_empty)
		vec->v = NULL;
	ARRAY_GROW(vec->v, vec->nr + 2, vec->alloc);
	vec->v[vec->nr++] = text;
	vec->v[vec->nr] = NULL;
	return text;
}

const char *strvec_push(struct strvec *vec, const char *text)
{
	return push_owned(vec, xstrdup(text));
}

const char *strvec_pushn(struct strvec *vec, const char *text, size_t len)
{
	return push_owned(vec, xmemdupz(text, len));
}

const char *strvec_pushf(struct strvec *vec, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return push_owned(vec, strbuf_detach(&text, NULL));
}

void strvec_pushl(struct strvec *vec, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, vec);
	while ((text = va_arg(ap, const char *)))
		strvec_push(vec, text);
	va_end(ap);
}

void strvec_pushv(struct strvec *vec, const char *const *list)
{
	for (; *list; list++)
		strvec_push(vec, *list);
}

void strvec_remove(struct strvec *vec, size_t pos)
{
	assert(pos < vec->nr);
	free((char *)vec->v[pos]);
	memmove(vec->v + pos, vec->v + pos + 1,
		(vec->nr - pos) * sizeof(*vec->v));
	vec->nr--;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void strvec_sort(struct strvec *vec, bool unique)
{
	size_t i, kept = 0;

	if (vec->nr < 2)
		return;
	qsort(vec->v, vec->nr, sizeof(*vec->v), compare_text);
	if (!unique)
		return;
	for (i = 1; i < vec->nr; i++) {
		if (!strcmp(vec->v[kept], vec->v[i]))
			free((char *)vec->v[i]);
		else
			vec->v[++kept] = vec->v[i];
	}
	vec->nr = kept + 1;
	vec->v[vec->nr] = NULL;
}

ssize_t strvec_find(const struct strvec *vec, const char *text)
{
	size_t low = 0, high = vec->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(vec->v[mid], text);

		if (!order)
			return (ssize_t)mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

size_t strvec_from(const struct strvec *vec, const char *text, size_t len)
{
	size_t low = 0, high = vec->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(vec->v[mid], text, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

ssize_t strvec_index(const struct strvec *vec, const char *text)
{
	size_t i;

	for (i = 0; i < vec->nr; i++)
		if (!strcmp(vec->v[i], text))
			return (ssize_t)i;
	return -1;
}
