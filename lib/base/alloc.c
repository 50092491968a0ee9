#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/coverage.h"
#include "lib/base/fault.h"

#include <sys/syscall.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

static void (*at_end[4])(void);
static unsigned at_end_nr;

void alloc_at_end(void (*fn)(void))
{
	unsigned nr = __atomic_fetch_add(&at_end_nr, 1, __ATOMIC_RELAXED);

	assert(nr < ARRAY_SIZE(at_end));
	__atomic_store_n(&at_end[nr], fn, __ATOMIC_RELEASE);
}

/*
 * Nothing here may allocate, so the message goes out as it stands. Any thread
 * may come here while the others are at work: exit(3) would take away under
 * their hands what libraries need, so only what was asked for is done. A second
 * thread without memory waits for the end; the first one, when it comes here
 * again, has reached it.
 */
void NORETURN alloc_failed(size_t size)
{
	static int first;
	int me = (int)syscall(SYS_gettid), nobody = 0;
	unsigned nr;

	if (!__atomic_compare_exchange_n(&first, &nobody, me, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		while (nobody != me)
			pause();
		_exit(128);
	}
	if (size)
		fprintf(stderr, "resutil: out of memory (%zu bytes asked)\n",
			size);
	else
		fprintf(stderr, "resutil: out of memory\n");
	nr = __atomic_load_n(&at_end_nr, __ATOMIC_RELAXED);
	while (nr) {
		void (*fn)(void) = __atomic_load_n(&at_end[--nr],
						   __ATOMIC_ACQUIRE);

		if (fn)
			fn();
	}
	fflush(stdout);
	coverage_dump();
	_exit(128);
}

void *xmalloc(size_t size)
{
	void *ptr = fault_alloc() ? NULL : malloc(size ? size : 1);

	if (!ptr)
		alloc_failed(size);
	return ptr;
}

void *xcalloc(size_t nr, size_t size)
{
	void *ptr = fault_alloc() ? NULL : nr && size ? calloc(nr, size) :
							calloc(1, 1);

	if (!ptr)
		alloc_failed(nr);
	return ptr;
}

void *xrealloc(void *ptr, size_t size)
{
	void *grown = fault_alloc() ? NULL : realloc(ptr, size ? size : 1);

	if (!grown)
		alloc_failed(size);
	return grown;
}

void *xrealloc_array(void *ptr, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		alloc_failed(SIZE_MAX);
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
		alloc_failed(len);
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
	len = fault_alloc() ? -1 : vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		alloc_failed(strlen(fmt));
	return text;
}

/* Each arena keeps what was freed in it, and there would be as many of them as
 * there are threads. */
void alloc_keep_freed(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 2 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	mallopt(M_ARENA_MAX, 4);
#endif
}

void alloc_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
