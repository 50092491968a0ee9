#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/wrap/http-internal.h"
#include "lib/wrap/library.h"

/* curl_multi_wakeup() and curl_multi_poll(). */
#define OLDEST 0x074400
#define OLDEST_TEXT "7.68"

static struct http_curl curl;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static char *curl_problem;	/* set once when loading failed */

#define SYMBOL(name) { "curl_" #name, &curl.name }
static const struct library_symbol symbols[] = {
	SYMBOL(global_init), SYMBOL(version_info), SYMBOL(easy_init),
	SYMBOL(easy_cleanup), SYMBOL(easy_setopt), SYMBOL(easy_getinfo),
	SYMBOL(easy_pause), SYMBOL(easy_strerror), SYMBOL(multi_init),
	SYMBOL(multi_cleanup), SYMBOL(multi_setopt), SYMBOL(multi_add_handle),
	SYMBOL(multi_remove_handle), SYMBOL(multi_perform),
	SYMBOL(multi_info_read), SYMBOL(multi_poll), SYMBOL(multi_wakeup),
	SYMBOL(share_init), SYMBOL(share_setopt), SYMBOL(share_cleanup),
	SYMBOL(slist_append), SYMBOL(slist_free_all),
};

static void load_curl(void)
{
	if (fault_point(SYS_OPEN, LIBCURL, -1) == FAULT_ERROR)
		curl_problem = xstrdup("fails on order");
	else
		curl_problem = library_open(LIBCURL, symbols,
					    ARRAY_SIZE(symbols));
	if (curl_problem)
		return;
	if (curl.version_info(CURLVERSION_NOW)->version_num < OLDEST) {
		curl_problem = xstrfmt("its version %s is older than "
				       OLDEST_TEXT, curl.version_info(
					       CURLVERSION_NOW)->version);
	} else if (curl.global_init(CURL_GLOBAL_DEFAULT)) {
		curl_problem = xstrdup("it cannot be started");
	}
}

int http_curl_load(const struct http_curl **out, struct strbuf *err)
{
	pthread_once(&curl_once, load_curl);
#ifdef RESUTIL_STATIC
	return fail(err, ERR_FAILED, "this resutil is linked statically, and "
		    "has no libcurl, which stores that speak HTTP need: reach "
		    "this one with a resutil that is not");
#endif
	if (curl_problem)
		return fail(err, ERR_FAILED, "cannot load '%s', which stores "
			    "that speak HTTP need: %s; install libcurl "
			    "(Debian: libcurl4)", LIBCURL, curl_problem);
	*out = &curl;
	return 0;
}
