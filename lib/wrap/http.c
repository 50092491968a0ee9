#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/http-internal.h"

#include <sys/ioctl.h>
#include <linux/sockios.h>

#define SECOND 1000000000u
#define LOCAL_LINK_STALL 2	/* seconds */
/* Connections that are kept while nobody uses them. */
#define IDLE_CONNECTIONS 64L

uint64_t http_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* ---- what the callers ask of the loop ----------------------------------- */

/* Its lock is held. A loop that is awake looks by itself. */
static void wake_loop(struct http *h)
{
	if (!h->sleeping)
		return;
	h->sleeping = false;
	h->curl->multi_wakeup(h->multi);
}

void call_begin(struct call *call)
{
	struct http *h = call->http;

	pthread_mutex_lock(&h->lock);
	call->next = NULL;
	*h->queue.end = call;
	h->queue.end = &call->next;
	wake_loop(h);
	pthread_mutex_unlock(&h->lock);
}

void call_ask(struct call *call)
{
	struct http *h = call->http;

	pthread_mutex_lock(&h->lock);
	if (!call->asked) {
		call->asked = true;
		call->next_asked = h->asked;
		h->asked = call;
	}
	wake_loop(h);
	pthread_mutex_unlock(&h->lock);
}

/* ---- the loop ----------------------------------------------------------- */

static void forget_asked(struct http *h, struct call *call)
{
	struct call **p = &h->asked;

	pthread_mutex_lock(&h->lock);
	if (call->asked) {
		while (*p != call)
			p = &(*p)->next_asked;
		*p = call->next_asked;
		call->asked = false;
	}
	pthread_mutex_unlock(&h->lock);
}

/* From here on it is its caller's. */
static void end_call(struct http *h, struct call *call)
{
	bucket_forget(&h->bucket[UP], call);
	bucket_forget(&h->bucket[DOWN], call);
	pthread_mutex_lock(&call->lock);
	forget_asked(h, call);
	call->done = true;
	pthread_mutex_unlock(&call->lock);
	/* Now, so that it does not wake up to wait for the lock. The call is
	 * there, whatever its caller does: the loop ends before calls do. */
	pthread_cond_signal(&call->changed);
}

static void stop_running(struct http *h, struct call *call)
{
	h->curl->multi_remove_handle(h->multi, call->easy);
	if (call->prev_running)
		call->prev_running->next_running = call->next_running;
	else
		h->running = call->next_running;
	if (call->next_running)
		call->next_running->prev_running = call->prev_running;
	end_call(h, call);
}

static void start_running(struct http *h, struct call *call)
{
	CURLMcode code;

	call->moved = http_now();
	code = h->curl->multi_add_handle(h->multi, call->easy);
	if (code == CURLM_OUT_OF_MEMORY)
		alloc_failed(0);
	if (code) {
		call->result = CURLE_FAILED_INIT;
		end_call(h, call);
		return;
	}
	call->prev_running = NULL;
	call->next_running = h->running;
	if (h->running)
		h->running->prev_running = call;
	h->running = call;
}

/* All that is in the queue. False: it is over. */
static bool take_queue(struct http *h)
{
	struct call *call, *next;
	bool closing;

	pthread_mutex_lock(&h->lock);
	call = h->queue.first;
	h->queue.first = NULL;
	h->queue.end = &h->queue.first;
	closing = h->closing;
	pthread_mutex_unlock(&h->lock);
	for (; call; call = next) {
		next = call->next;
		start_running(h, call);
	}
	return !closing;
}

/* Its ring has room or bytes again, or the rate allows more. */
static void go_on(struct http *h, struct call *call)
{
	call->moved = http_now();
	call->result = h->curl->easy_pause(call->easy, CURLPAUSE_CONT);
	/* What was kept back is given to our functions in there. */
	if (call->result)
		stop_running(h, call);
}

static void take_asked(struct http *h)
{
	struct call *call;
	bool cancelled;

	for (;;) {
		pthread_mutex_lock(&h->lock);
		call = h->asked;
		if (call) {
			h->asked = call->next_asked;
			call->asked = false;
		}
		pthread_mutex_unlock(&h->lock);
		if (!call)
			return;
		pthread_mutex_lock(&call->lock);
		cancelled = call->cancelled;
		call->held[UP] = call->held[DOWN] = false;
		pthread_mutex_unlock(&call->lock);
		if (cancelled)
			stop_running(h, call);
		else
			go_on(h, call);
	}
}

static void spend_rate(struct http *h, struct bucket *b)
{
	struct call *call;
	size_t places;

	if (!b->waiting.first)
		return;
	bucket_fill(b);
	for (places = bucket_places(b); places; places--) {
		call = bucket_next(b);
		if (!call)
			return;
		go_on(h, call);
	}
}

static void take_ends(struct http *h)
{
	struct CURLMsg *message;
	struct call *call;
	char *mine;
	int left;

	while ((message = h->curl->multi_info_read(h->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		h->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				      &mine);
		call = (struct call *)(void *)mine;
		call->result = message->data.result;
		stop_running(h, call);
	}
}

/*
 * Bytes that the system took long ago may still be on their way: on a slow
 * line that is no stall.
 */
static bool socket_moves(struct http *h, struct call *call)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	int unsent = 0, before = call->unsent;

	if (h->curl->easy_getinfo(call->easy, CURLINFO_ACTIVESOCKET, &fd) ||
	    fd == CURL_SOCKET_BAD || ioctl(fd, SIOCOUTQ, &unsent))
		unsent = 0;
	call->unsent = unsent;
	return unsent != before;
}

/* One that waits for us does not stall. */
static bool is_held(struct call *call)
{
	bool held;

	pthread_mutex_lock(&call->lock);
	held = call->held[UP] || call->held[DOWN];
	pthread_mutex_unlock(&call->lock);
	return held || call->waiting[UP] || call->waiting[DOWN];
}

/* Whatever answers on the local link does so at once, or is not what was
 * looked for: a laptop in somebody's network is not held up by it. */
unsigned http_stall_of(const struct call *call)
{
	unsigned stall = call->http->o.stall;

	return call->r->flags & HTTP_LOCAL_LINK ?
	       MINIMUM(stall, LOCAL_LINK_STALL) : stall;
}

static void look_for_stalls(struct http *h)
{
	uint64_t now = http_now();
	struct call *call, *next;

	if (now - h->looked < SECOND / 2)
		return;
	h->looked = now;
	for (call = h->running; call; call = next) {
		next = call->next_running;
		if (now - call->moved < SECOND)
			continue;
		if (is_held(call) || socket_moves(h, call)) {
			call->moved = now;
		} else if (now - call->moved >=
			   (uint64_t)http_stall_of(call) * SECOND) {
			call->stalled = true;
			call->result = CURLE_OPERATION_TIMEDOUT;
			stop_running(h, call);
		}
	}
}

/* Until something comes, or somebody asks. */
static void sleep_loop(struct http *h)
{
	int wait = 1000, up, down;
	bool busy;

	up = bucket_wait(&h->bucket[UP]);
	down = bucket_wait(&h->bucket[DOWN]);
	if (up >= 0)
		wait = MINIMUM(wait, up);
	if (down >= 0)
		wait = MINIMUM(wait, down);
	if (!h->running)
		wait = 60000;
	pthread_mutex_lock(&h->lock);
	busy = h->queue.first || h->asked || h->closing;
	h->sleeping = !busy;
	pthread_mutex_unlock(&h->lock);
	h->curl->multi_poll(h->multi, NULL, 0, busy ? 0 : wait, NULL);
	pthread_mutex_lock(&h->lock);
	h->sleeping = false;
	pthread_mutex_unlock(&h->lock);
}

static void *run_loop(void *data)
{
	struct http *h = data;
	int running;

	while (take_queue(h)) {
		take_asked(h);
		spend_rate(h, &h->bucket[UP]);
		spend_rate(h, &h->bucket[DOWN]);
		h->curl->multi_perform(h->multi, &running);
		take_ends(h);
		look_for_stalls(h);
		sleep_loop(h);
	}
	/* Connections that TLS protects say goodbye: in this thread, whose
	 * signals are blocked. */
	h->curl->multi_cleanup(h->multi);
	h->multi = NULL;
	return NULL;
}

/* ---- open and close ----------------------------------------------------- */

static void lock_share(CURL *easy UNUSED, curl_lock_data data,
		       curl_lock_access access UNUSED, void *h)
{
	pthread_mutex_lock(&((struct http *)h)->share_locks[data]);
}

static void unlock_share(CURL *easy UNUSED, curl_lock_data data, void *h)
{
	pthread_mutex_unlock(&((struct http *)h)->share_locks[data]);
}

/* Sessions of TLS are kept with a handle otherwise, and there are many. */
static void open_share(struct http *h)
{
	h->share = h->curl->share_init();
	if (!h->share)
		alloc_failed(0);
	h->curl->share_setopt(h->share, CURLSHOPT_USERDATA, h);
	h->curl->share_setopt(h->share, CURLSHOPT_LOCKFUNC, lock_share);
	h->curl->share_setopt(h->share, CURLSHOPT_UNLOCKFUNC, unlock_share);
	h->curl->share_setopt(h->share, CURLSHOPT_SHARE,
			      CURL_LOCK_DATA_SSL_SESSION);
}

/*
 * libcurl itself looks at none of these (the program curl does); OpenSSL would
 * at its two where libcurl has no place of its own, which depends on who built
 * it.
 */
static void find_ca(struct http *h, const char *ca_file)
{
	static const char *const variables[] = {
		"CURL_CA_BUNDLE", "SSL_CERT_FILE"
	};
	const char *file = ca_file, *dir = getenv("SSL_CERT_DIR");
	size_t i;

	h->ca_name = "http.ca-file";
	for (i = 0; !file && i < ARRAY_SIZE(variables); i++) {
		file = getenv(variables[i]);
		h->ca_name = variables[i];
		if (file && !*file)
			file = NULL;
	}
	if (file)
		h->ca_file = xstrdup(file);
	if (!ca_file && dir && *dir)
		h->ca_dir = xstrdup(dir);
}

static int start_loop(struct http *h, struct strbuf *err)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	code = pthread_create(&h->thread, NULL, run_loop, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code) {
		errno = code;
		return fail_errno(err, "cannot start a thread for transfers");
	}
	return 0;
}

static void free_http(struct http *h)
{
	struct call *call;
	size_t i;

	while ((call = h->idle) != NULL) {
		h->idle = call->next;
		call_free(call);
	}
	if (h->multi)
		h->curl->multi_cleanup(h->multi);
	if (h->share)
		h->curl->share_cleanup(h->share);
	for (i = 0; i < ARRAY_SIZE(h->share_locks); i++)
		pthread_mutex_destroy(&h->share_locks[i]);
	pthread_mutex_destroy(&h->lock);
	free(h->ca_file);
	free(h->ca_dir);
	free(h);
}

static struct http *new_http(const struct http_curl *curl,
			     const struct http_options *o)
{
	struct http *h = xcalloc(1, sizeof(*h));
	size_t i;

	h->curl = curl;
	h->has_http2 = curl->version_info(CURLVERSION_NOW)->features &
		       CURL_VERSION_HTTP2;
	h->o = *o;
	h->o.ca_file = NULL;
	if (!h->o.stall)
		h->o.stall = HTTP_STALL_DEFAULT;
	pthread_mutex_init(&h->lock, NULL);
	for (i = 0; i < ARRAY_SIZE(h->share_locks); i++)
		pthread_mutex_init(&h->share_locks[i], NULL);
	h->queue.end = &h->queue.first;
	bucket_init(&h->bucket[UP], UP, o->rate);
	bucket_init(&h->bucket[DOWN], DOWN, o->rate);
	find_ca(h, o->ca_file);
	return h;
}

int http_open(struct http **out, const struct http_options *o,
	      struct strbuf *err)
{
	const struct http_curl *curl;
	struct http *h;
	struct call *call;
	int ret;

	if (o->ca_file && access(o->ca_file, R_OK)) {
		fail_errno(err, "cannot read the certificates in '%s' "
			   "(http.ca-file)", o->ca_file);
		return ERR_USAGE;
	}
	ret = http_curl_load(&curl, err);
	if (ret)
		return ret;
	h = new_http(curl, o);
	h->multi = curl->multi_init();
	if (!h->multi)
		alloc_failed(0);
	curl->multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	open_share(h);
	/* Says at once when an option is not there. */
	ret = call_take(h, &call, err);
	if (!ret) {
		call_give_back(call);
		ret = start_loop(h, err);
	}
	if (ret) {
		free_http(h);
		return ret;
	}
	*out = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->closing = true;
	wake_loop(h);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	free_http(h);
}
