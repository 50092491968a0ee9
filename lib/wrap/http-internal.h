/*
 * Private to lib/wrap/http*.c.
 *
 *	http-curl.c	libcurl, opened at the first use
 *	http.c		open, close, and the thread that runs all transfers
 *	http-call.c	one try, as libcurl sees it
 *	http-do.c	the caller's thread: bodies, tries, waits
 *	http-failure.c	what went wrong, in words, and whether to try again
 *	http-answer.c	status and fields, and what they mean
 *	http-rate.c	so many bytes a second
 *	http-trace.c	RESUTIL_TRACE_HTTP
 *
 * Locks: that of a call before that of its http. libcurl is called by the
 * loop's thread alone once a call is given to it, and by the thread that has
 * the call before and after.
 */
#ifndef LIB_WRAP_HTTP_INTERNAL_H
#define LIB_WRAP_HTTP_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/http.h"

/* Its macros look at direct calls; ours go through pointers. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <pthread.h>

/* ---- libcurl ------------------------------------------------------------ */

#define LIBCURL "libcurl.so.4"

/* By their declarations: a header that has changed one no longer compiles. */
struct http_curl {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_version_info) version_info;
	__typeof__(&curl_easy_init) easy_init;
	__typeof__(&curl_easy_cleanup) easy_cleanup;
	__typeof__(&curl_easy_setopt) easy_setopt;
	__typeof__(&curl_easy_getinfo) easy_getinfo;
	__typeof__(&curl_easy_pause) easy_pause;
	__typeof__(&curl_easy_strerror) easy_strerror;
	__typeof__(&curl_multi_init) multi_init;
	__typeof__(&curl_multi_cleanup) multi_cleanup;
	__typeof__(&curl_multi_setopt) multi_setopt;
	__typeof__(&curl_multi_add_handle) multi_add_handle;
	__typeof__(&curl_multi_remove_handle) multi_remove_handle;
	__typeof__(&curl_multi_perform) multi_perform;
	__typeof__(&curl_multi_info_read) multi_info_read;
	__typeof__(&curl_multi_poll) multi_poll;
	__typeof__(&curl_multi_wakeup) multi_wakeup;
	__typeof__(&curl_share_init) share_init;
	__typeof__(&curl_share_setopt) share_setopt;
	__typeof__(&curl_share_cleanup) share_cleanup;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
};

/** Loads it. ERR_FAILED: it is not there, or too old. */
int http_curl_load(const struct http_curl **out, struct strbuf *err);

/* ---- rate --------------------------------------------------------------- */

struct call;

struct call_list { struct call *first, **end; };

/** So many bytes a second, for one direction; of the loop's thread. */
struct bucket {
	uint64_t rate;		/* 0: no limit */
	int64_t tokens;		/* below 0: too much was taken */
	uint64_t filled;	/* when, in nanoseconds */
	struct call_list waiting;
	unsigned direction;
};

enum { UP, DOWN, DIRECTIONS };

void bucket_init(struct bucket *b, unsigned direction, uint64_t rate);
/** How many of `len` bytes may go now; 0: none, the call is in the queue. */
size_t bucket_take(struct bucket *b, struct call *call, size_t len);
void bucket_fill(struct bucket *b);
/** How many of those that wait may go on, and the next of them, taken out of
 *  the queue; NULL: nobody waits. */
size_t bucket_places(const struct bucket *b);
struct call *bucket_next(struct bucket *b);
void bucket_forget(struct bucket *b, struct call *call);
/** Milliseconds until somebody who waits may go on; -1: nobody waits. */
int bucket_wait(const struct bucket *b);

/* ---- calls -------------------------------------------------------------- */

/* Between the thread in http_do() and the loop, each way. */
#define RING_SIZE (256u << 10)

struct ring {
	char *buf;		/* NULL until it is needed */
	size_t at, len;
};

/** What can be put in, or taken out, at one place. */
size_t ring_room(const struct ring *r, char **at);
size_t ring_data(const struct ring *r, char **at);
void ring_put(struct ring *r, const void *data, size_t len);
size_t ring_take(struct ring *r, void *data, size_t len);
void ring_skip(struct ring *r, size_t len);

/** A request under way; kept for the next one with all that it allocated. */
struct call {
	struct http *http;
	CURL *easy;
	char problem[CURL_ERROR_SIZE];
	unsigned refused;	/* options that libcurl does not have */

	/* Of the http's lock. */
	struct call *next;	/* queue, or idle */
	struct call *next_asked;
	bool asked;

	/* Of the loop. */
	struct call *prev_running, *next_running;
	struct call *next_waiting[DIRECTIONS];
	bool waiting[DIRECTIONS];	/* for bytes of the rate */
	uint64_t moved;		/* when a byte moved, in nanoseconds */
	int unsent;		/* in the socket, at the last look */
	uint64_t given;		/* of the body, to libcurl */

	/* Of the loop while it runs, then of the caller. */
	const struct http_request *r;
	struct curl_slist *slist;
	unsigned sends;		/* that libcurl began: 0, no byte went out */
	CURLcode result;
	bool stalled, too_long, short_body;
	bool streams;		/* the body goes to r->write */
	struct strbuf kept;	/* the body that does not */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Of this lock. */
	struct strbuf head;	/* status line and fields, as they came */
	bool head_done;
	struct ring ring[DIRECTIONS];
	bool wanted;		/* a byte of r->read, for the first time */
	bool at_end;		/* of r->read */
	bool held[DIRECTIONS];	/* the loop waits for the ring */
	bool cancelled, done;
};

struct http {
	const struct http_curl *curl;
	struct http_options o;
	char *ca_file, *ca_dir;	/* of whatever; NULL: libcurl's own */
	const char *ca_name;	/* what named them */
	bool has_http2;
	bool told_wait;		/* that a server asks to wait */
	CURLM *multi;
	CURLSH *share;
	pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
	pthread_t thread;

	pthread_mutex_t lock;
	struct call_list queue;	/* to begin */
	struct call *asked;	/* whose ring has moved, or that end */
	struct call *idle;
	unsigned long serial;	/* of the trace */
	bool sleeping, closing;

	/* Of the loop. */
	struct call *running;
	struct bucket bucket[DIRECTIONS];
	uint64_t looked;	/* for those that stalled */
};

uint64_t http_now(void);	/* nanoseconds, of no clock on a wall */

/** After how many seconds without a byte it is over. */
unsigned http_stall_of(const struct call *call);

/** One to use, or to give back. ERR_FAILED: libcurl refuses. */
int call_take(struct http *h, struct call **out, struct strbuf *err);
void call_give_back(struct call *call);
void call_free(struct call *call);
/** Sets all up for one try of `r`. */
void call_set_up(struct call *call, const struct http_request *r);

/** When it is over: sets `sends` where libcurl did not tell while it ran. */
void call_count_sends(struct call *call);

/** Gives it to the loop. */
void call_begin(struct call *call);
/** Makes the loop look at it again; its lock is held, and it is not done. */
void call_ask(struct call *call);

/* ---- answers ------------------------------------------------------------ */

/** Status, version and fields out of what came. */
void answer_read(struct http_answer *a, const struct strbuf *head);
/** Seconds of a Retry-After at `now` (seconds since 1970), at most
 *  HTTP_RETRY_AFTER_MAX + 1; 0: it says nothing. */
uint64_t http_retry_after(const char *text, int64_t now);

/* A server that wants more is not waited for. */
#define HTTP_RETRY_AFTER_MAX 120

/* ---- failures ----------------------------------------------------------- */

/** Whether a try with this status is worth another. */
bool status_is_passing(int status);
/** The code and the sentence of a try that has no answer: ERR_TRANSIENT when
 *  another may have one. */
int call_failure(const struct call *call, struct strbuf *err);

/* ---- trace -------------------------------------------------------------- */

bool http_trace_wanted(void);
/** The number of the next request, from 1. */
unsigned long http_trace_number(struct http *h);
void http_trace_request(unsigned long nr, const struct http_request *r);
void http_trace_answer(unsigned long nr, const struct call *call,
		       const struct http_answer *a, uint64_t began);
void http_trace_failure(unsigned long nr, const char *why);
/** The URL without what is secret. */
void http_trace_url(struct strbuf *out, const char *url, bool secret_query);
/** "name: value" without what is secret. */
void http_trace_field(struct strbuf *out, const char *field);
/** Takes the value of such a field out of a text, if it is secret. */
void http_trace_without(struct strbuf *text, const char *field);

#endif
