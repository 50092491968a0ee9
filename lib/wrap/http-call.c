/*
 * One try, as libcurl sees it: options, and the functions that it calls. Those
 * run in the loop's thread and never wait: what a body brings or takes goes
 * through a ring, and where that is empty or full the transfer is paused.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/http-internal.h"

#include <sys/socket.h>

/* 7.80; without it connections are used again for less. */
#if LIBCURL_VERSION_NUM >= 0x075000
#define HAS_PREREQ
#endif

/* A body of up to this many bytes goes out together with the head. */
#define ONE_PIECE 65536
/* Above, a request gets a connection of its own, also where the server speaks
 * HTTP/2: streams of one connection hold up each other when one of them waits
 * for a disk, and one window fills no long line. So does what cannot be sent
 * again: a server that ends a shared connection (nginx: after 1000 requests)
 * loses what is under way on it. */
#define SHARED_MAX (256u << 10)
/* Seconds until a connection stands. */
#define CONNECT_MAX 30
/* Of libcurl, each way: below what malloc() asks the system for each time. */
#define BUFFER (64L << 10)

/* ---- ring --------------------------------------------------------------- */

size_t ring_room(const struct ring *r, char **at)
{
	size_t end = (r->at + r->len) % RING_SIZE;

	*at = r->buf + end;
	return MINIMUM(RING_SIZE - r->len, RING_SIZE - end);
}

size_t ring_data(const struct ring *r, char **at)
{
	*at = r->buf + r->at;
	return MINIMUM(r->len, RING_SIZE - r->at);
}

void ring_skip(struct ring *r, size_t len)
{
	r->at = (r->at + len) % RING_SIZE;
	r->len -= len;
}

void ring_put(struct ring *r, const void *data, size_t len)
{
	const char *from = data;
	char *at;
	size_t n;

	for (; len; from += n, len -= n) {
		n = MINIMUM(len, ring_room(r, &at));
		memcpy(at, from, n);
		r->len += n;
	}
}

size_t ring_take(struct ring *r, void *data, size_t len)
{
	char *to = data, *at;
	size_t n, all = 0;

	while (len && r->len) {
		n = MINIMUM(len, ring_data(r, &at));
		memcpy(to + all, at, n);
		ring_skip(r, n);
		all += n;
		len -= n;
	}
	return all;
}

/* ---- sending ------------------------------------------------------------ */

#ifdef HAS_PREREQ
/*
 * Called before each time that libcurl sends the request: once, or again on a
 * new connection when the old one was closed before an answer. Nobody knows
 * whether the first one worked.
 */
static int on_send(void *data, char *ip UNUSED, char *local UNUSED,
		   int port UNUSED, int local_port UNUSED)
{
	struct call *call = data;

	call->moved = http_now();
	return call->sends++ && !(call->r->flags & HTTP_REPEATABLE) ?
		CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}
#endif

void call_count_sends(struct call *call)
{
#ifndef HAS_PREREQ
	long bytes = 0;

	call->http->curl->easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE,
				       &bytes);
	call->sends = bytes > 0;
#else
	(void)call;
#endif
}

static size_t give_memory(struct call *call, char *buf, size_t len)
{
	memcpy(buf, (const char *)call->r->body + call->given, len);
	call->given += len;
	return len;
}

/* What the ring has; the pause when it is empty. */
static size_t give_ring(struct call *call, char *buf, size_t len)
{
	struct ring *ring = &call->ring[UP];
	size_t got;

	pthread_mutex_lock(&call->lock);
	call->wanted = true;
	got = ring_take(ring, buf, len);
	if (!got && !call->at_end) {
		call->held[UP] = true;
		got = CURL_READFUNC_PAUSE;
	} else if (!got && call->r->body_size != UINT64_MAX) {
		/* The server would wait for the rest for ever. */
		call->short_body = true;
		got = CURL_READFUNC_ABORT;
	} else {
		call->given += got;
	}
	if (RING_SIZE - ring->len >= RING_SIZE / 4)
		pthread_cond_signal(&call->changed);
	pthread_mutex_unlock(&call->lock);
	return got;
}

static size_t on_read(char *buf, size_t size, size_t nr, void *data)
{
	struct call *call = data;
	const struct http_request *r = call->r;
	uint64_t all = r->read ? r->body_size : r->body_len;
	struct bucket *bucket = &call->http->bucket[UP];
	size_t len = size * nr, allowed, got;

	call->moved = http_now();
	/* libcurl would send more than it announced. */
	if (all != UINT64_MAX)
		len = (size_t)MINIMUM((uint64_t)len, all - call->given);
	if (!len)
		return 0;
	allowed = bucket_take(bucket, call, len);
	if (!allowed)
		return CURL_READFUNC_PAUSE;
	got = r->read ? give_ring(call, buf, allowed) :
			give_memory(call, buf, allowed);
	if (bucket->rate)
		bucket->tokens += got > allowed ? (int64_t)allowed :
						  (int64_t)(allowed - got);
	return got;
}

/* libcurl sends it again on another connection. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct call *call = data;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	if (call->r->read && (uint64_t)offset != call->given)
		return CURL_SEEKFUNC_FAIL;
	call->given = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- receiving ---------------------------------------------------------- */

static size_t on_field(char *line, size_t size, size_t nr, void *data)
{
	struct call *call = data;
	size_t len = size * nr;
	bool whole = len == 2 && !memcmp(line, "\r\n", 2);

	call->moved = http_now();
	pthread_mutex_lock(&call->lock);
	/* Trailers come when all is decided. */
	if (call->head_done)
		goto cleanup;
	/* After "100 Continue" comes another head. */
	if (len > 5 && !memcmp(line, "HTTP/", 5))
		strbuf_reset(&call->head);
	if (call->head.len + len > HTTP_HEADERS_MAX) {
		call->too_long = true;
		len = 0;
		goto cleanup;
	}
	strbuf_add(&call->head, line, len);
	if (whole || (len == 1 && *line == '\n')) {
		long status = 0;

		call->http->curl->easy_getinfo(call->easy,
					       CURLINFO_RESPONSE_CODE,
					       &status);
		call->head_done = status >= 200;
		call->streams = call->r->write &&
				(status == 200 || status == 206);
		if (call->streams)
			pthread_cond_signal(&call->changed);
	}

cleanup:
	pthread_mutex_unlock(&call->lock);
	return len;
}

static size_t put_ring(struct call *call, const char *buf, size_t len)
{
	struct ring *ring = &call->ring[DOWN];

	pthread_mutex_lock(&call->lock);
	if (RING_SIZE - ring->len < len) {
		call->held[DOWN] = true;
		len = CURL_WRITEFUNC_PAUSE;
	} else {
		ring_put(ring, buf, len);
	}
	pthread_cond_signal(&call->changed);
	pthread_mutex_unlock(&call->lock);
	return len;
}

static size_t on_write(char *buf, size_t size, size_t nr, void *data)
{
	struct call *call = data;
	struct bucket *bucket = &call->http->bucket[DOWN];
	size_t len = size * nr, put;

	call->moved = http_now();
	if (!len)
		return 0;
	if (!call->streams) {
		if (call->kept.len + len > HTTP_BODY_MAX) {
			call->too_long = true;
			return 0;
		}
		/* Short, and needed to go on: it counts and does not wait. */
		if (bucket->rate)
			bucket->tokens -= (int64_t)len;
		strbuf_add(&call->kept, buf, len);
		return len;
	}
	if (!bucket_take(bucket, call, len))
		return CURL_WRITEFUNC_PAUSE;
	put = put_ring(call, buf, len);
	if (put != len && bucket->rate)
		bucket->tokens += (int64_t)len;
	return put;
}

/* Programs that are started meanwhile do not get it. */
static curl_socket_t on_socket(void *data UNUSED,
			       curlsocktype purpose UNUSED,
			       struct curl_sockaddr *address)
{
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

/* ---- options ------------------------------------------------------------ */

static void note(struct call *call, CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		alloc_failed(0);
	if (code)
		call->refused++;
}

#define SET(call, option, value)                                              \
	note(call, (call)->http->curl->easy_setopt((call)->easy,              \
						   CURLOPT_##option, (value)))

/* What is the same for all requests. */
static void set_constants(struct call *call)
{
	struct http *h = call->http;

	SET(call, PRIVATE, (char *)call);
	SET(call, SHARE, h->share);
	SET(call, ERRORBUFFER, call->problem);
	SET(call, NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(call, PROTOCOLS_STR, "http,https");
#else
	SET(call, PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(call, FOLLOWLOCATION, 0L);
	SET(call, PATH_AS_IS, 1L);
	SET(call, SUPPRESS_CONNECT_HEADERS, 1L);
	SET(call, USERAGENT, "resutil/" RESUTIL_VERSION);
	SET(call, TCP_KEEPALIVE, 1L);
	SET(call, BUFFERSIZE, BUFFER);
	SET(call, UPLOAD_BUFFERSIZE, BUFFER);
	SET(call, OPENSOCKETFUNCTION, on_socket);
	SET(call, READFUNCTION, on_read);
	SET(call, READDATA, call);
	SET(call, SEEKFUNCTION, on_seek);
	SET(call, SEEKDATA, call);
	SET(call, HEADERFUNCTION, on_field);
	SET(call, HEADERDATA, call);
	SET(call, WRITEFUNCTION, on_write);
	SET(call, WRITEDATA, call);
#ifdef HAS_PREREQ
	SET(call, PREREQFUNCTION, on_send);
	SET(call, PREREQDATA, call);
#endif
	/* A proxy that is reached by TLS is trusted by the same. */
	if (h->ca_file) {
		SET(call, CAINFO, h->ca_file);
		SET(call, PROXY_CAINFO, h->ca_file);
	}
	if (h->ca_dir) {
		SET(call, CAPATH, h->ca_dir);
		SET(call, PROXY_CAPATH, h->ca_dir);
	}
}

static bool has_body(const struct http_request *r)
{
	return r->read || r->body_len || !strcmp(r->method, "PUT") ||
	       !strcmp(r->method, "POST");
}

static void set_body(struct call *call)
{
	const struct http_request *r = call->r;
	bool one_piece = !r->read && r->body_len <= ONE_PIECE &&
			 !call->http->o.rate;

	if (one_piece) {
		SET(call, POST, 1L);
		SET(call, POSTFIELDS, r->body_len ? r->body : "");
		SET(call, POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	} else {
		SET(call, UPLOAD, 1L);
		SET(call, INFILESIZE_LARGE,
		    !r->read ? (curl_off_t)r->body_len :
		    r->body_size == UINT64_MAX ? (curl_off_t)-1 :
						 (curl_off_t)r->body_size);
	}
	SET(call, CUSTOMREQUEST, r->method);
}

static void set_method(struct call *call)
{
	const struct http_request *r = call->r;

	if (has_body(r)) {
		set_body(call);
	} else if (!strcmp(r->method, "HEAD")) {
		SET(call, NOBODY, 1L);
		SET(call, CUSTOMREQUEST, NULL);
	} else {
		SET(call, HTTPGET, 1L);
		SET(call, CUSTOMREQUEST,
		    strcmp(r->method, "GET") ? r->method : NULL);
	}
}

/*
 * libcurl takes no notice of HTTP_PROXY: whoever asks a CGI script may set it,
 * by a field "Proxy". Where this is no such script it is as good as its lower
 * case, as HTTPS_PROXY is.
 */
static const char *proxy_of(const struct call *call)
{
	if (strncasecmp(call->r->url, "http:", 5) || getenv("http_proxy") ||
	    getenv("REQUEST_METHOD"))
		return NULL;
	return getenv("HTTP_PROXY");
}

static void set_connection(struct call *call)
{
	const struct http_request *r = call->r;
	uint64_t len = r->read ? UINT64_MAX : r->body_len;
	bool local = r->flags & HTTP_LOCAL_LINK;
	bool shared = !strncasecmp(r->url, "https:", 6) && !r->write &&
		      len <= SHARED_MAX && r->flags & HTTP_REPEATABLE &&
		      call->http->has_http2;

	SET(call, HTTP_VERSION, shared ? (long)CURL_HTTP_VERSION_2TLS :
					 (long)CURL_HTTP_VERSION_1_1);
	SET(call, PIPEWAIT, shared ? 1L : 0L);
	SET(call, PROXY, proxy_of(call));
	SET(call, NOPROXY, local ? "*" : NULL);
	SET(call, CONNECTTIMEOUT,
	    local ? 1L : (long)MINIMUM(call->http->o.stall, CONNECT_MAX));
#ifndef HAS_PREREQ
	/* On one that was used libcurl may send it twice, and nobody sees. */
	SET(call, FRESH_CONNECT, r->flags & HTTP_REPEATABLE ? 0L : 1L);
#endif
}

static void add_field(struct call *call, const char *field)
{
	struct curl_slist *more;

	more = call->http->curl->slist_append(call->slist, field);
	if (!more)
		alloc_failed(0);
	call->slist = more;
}

static void set_fields(struct call *call)
{
	const struct http_request *r = call->r;
	bool typed = false;
	size_t i;

	call->http->curl->slist_free_all(call->slist);
	call->slist = NULL;
	for (i = 0; i < r->headers.nr; i++) {
		const char *field = r->headers.v[i];
		const char *colon = strchr(field, ':');

		typed |= !strncasecmp(field, "content-type:", 13);
		/* "Name: " would be taken for a wish to leave it out. */
		if (colon && !colon[1 + strspn(colon + 1, " \t")]) {
			char *empty = xstrfmt("%.*s;", (int)(colon - field),
					      field);

			add_field(call, empty);
			free(empty);
		} else {
			add_field(call, field);
		}
	}
	/* libcurl believes in forms. */
	if (!typed && has_body(r))
		add_field(call, "Content-Type:");
	SET(call, HTTPHEADER, call->slist);
}

static void reset_call(struct call *call, const struct http_request *r)
{
	unsigned i;

	call->r = r;
	call->sends = 0;
	call->result = CURLE_OK;
	call->stalled = call->too_long = call->short_body = false;
	call->streams = call->head_done = false;
	call->wanted = call->at_end = call->cancelled = call->done = false;
	call->unsent = 0;
	call->given = 0;
	*call->problem = '\0';
	strbuf_reset(&call->kept);
	strbuf_reset(&call->head);
	for (i = 0; i < DIRECTIONS; i++) {
		call->held[i] = false;
		call->ring[i].at = call->ring[i].len = 0;
	}
	if (r->read && !call->ring[UP].buf)
		call->ring[UP].buf = xmalloc(RING_SIZE);
	if (r->write && !call->ring[DOWN].buf)
		call->ring[DOWN].buf = xmalloc(RING_SIZE);
}

void call_set_up(struct call *call, const struct http_request *r)
{
	reset_call(call, r);
	SET(call, URL, r->url);
	set_method(call);
	set_connection(call);
	set_fields(call);
}

/* ---- making and keeping ------------------------------------------------- */

static struct call *new_call(struct http *h)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->http = h;
	call->easy = h->curl->easy_init();
	if (!call->easy)
		alloc_failed(0);
	strbuf_init(&call->kept);
	strbuf_init(&call->head);
	pthread_mutex_init(&call->lock, NULL);
	pthread_cond_init(&call->changed, NULL);
	set_constants(call);
	return call;
}

void call_free(struct call *call)
{
	call->http->curl->easy_cleanup(call->easy);
	call->http->curl->slist_free_all(call->slist);
	free(call->ring[UP].buf);
	free(call->ring[DOWN].buf);
	strbuf_release(&call->kept);
	strbuf_release(&call->head);
	pthread_cond_destroy(&call->changed);
	pthread_mutex_destroy(&call->lock);
	free(call);
}

int call_take(struct http *h, struct call **out, struct strbuf *err)
{
	struct call *call;

	pthread_mutex_lock(&h->lock);
	call = h->idle;
	if (call)
		h->idle = call->next;
	pthread_mutex_unlock(&h->lock);
	if (!call)
		call = new_call(h);
	if (call->refused) {
		call_free(call);
		return fail(err, ERR_FAILED, "'%s' lacks an option that is "
			    "needed; install a newer libcurl", LIBCURL);
	}
	*out = call;
	return 0;
}

void call_give_back(struct call *call)
{
	struct http *h = call->http;

	/* Nothing of a request stays, and no large answer. */
	call->r = NULL;
	if (call->kept.alloc > 65536)
		strbuf_release(&call->kept);
	pthread_mutex_lock(&h->lock);
	call->next = h->idle;
	h->idle = call;
	pthread_mutex_unlock(&h->lock);
}
