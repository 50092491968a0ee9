#include "lib/base/compat.h"
#include "lib/base/alloc.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Nothing here may allocate, so the message goes out as it stands. */
static void NORETURN out_of_memory(size_t size)
{
	fprintf(stderr, "resutil: out of memory (%zu bytes asked)\n", size);
	exit(128);
}

void *xmalloc(size_t size)
{
	void *ptr = malloc(size ? size : 1);

	if (!ptr)
		out_of_memory(size);
	return ptr;
}

void *xcalloc(size_t nr, size_t size)
{
	void *ptr = nr && size ? calloc(nr, size) : calloc(1, 1);

	if (!ptr)
		out_of_memory(nr);
	return ptr;
}

void *xrealloc(void *ptr, size_t size)
{
	void *grown = realloc(ptr, size ? size : 1);

	if (!grown)
		out_of_memory(size);
	return grown;
}

void *xrealloc_array(void *ptr, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		out_of_memory(SIZE_MAX);
	return xrealloc(ptr, nr * size);
}

char *xstrdup(const char *text)
{
	return xmemdupz(text, strlen(text));
}

char *xmemdupz(const void *data, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		out_of_memory(len);
	copy = xmalloc(len + 1);
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *xstrfmt(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		out_of_memory(strlen(fmt));
	return text;
}

void alloc_keep_freed(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}
