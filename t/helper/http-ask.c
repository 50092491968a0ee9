/*
 * Requests through lib/wrap/http.h, as tests order them: `http-ask [OPTION...]
 * URL`. A line for each answer ("200 HTTP/2 1 try, 5 bytes"), its body behind
 * that with --show; where there is none, the sentence and the exit status that
 * stands for its code.
 */
#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"

#define THREADS_MAX 256

static const char *const usage[] = { "http-ask [OPTION...] URL", NULL };

static struct {
	const char *method, *body, *ca_file, *url;
	struct strvec fields;
	int nr, jobs, patience, stall, size, rate;
	int chunked, stream, repeat, secret_query, secret_answer, local, show;
	struct http *http;
	int status;		/* to exit with */
	pthread_mutex_t lock;
} ask = { .method = "GET", .fields = STRVEC_INIT, .nr = 1, .jobs = 1,
	  .lock = PTHREAD_MUTEX_INITIALIZER };

struct stream { uint64_t left, got; };

static int give(void *data, void *buf, size_t len, size_t *got,
		struct strbuf *err UNUSED)
{
	struct stream *s = data;

	*got = (size_t)MINIMUM((uint64_t)len, s->left);
	memset(buf, 'x', *got);
	s->left -= *got;
	return 0;
}

static int begin_anew(void *data, struct strbuf *err UNUSED)
{
	((struct stream *)data)->left = (uint64_t)ask.size;
	return 0;
}

static int take(void *data, const void *buf UNUSED, size_t len,
		struct strbuf *err UNUSED)
{
	((struct stream *)data)->got += len;
	return 0;
}

static void fill(struct http_request *r, struct stream *s)
{
	r->method = ask.method;
	r->url = ask.url;
	strvec_pushv(&r->headers, ask.fields.v);
	r->flags = (ask.repeat ? HTTP_REPEATABLE : 0) |
		   (ask.secret_query ? HTTP_SECRET_QUERY : 0) |
		   (ask.secret_answer ? HTTP_SECRET_ANSWER : 0) |
		   (ask.local ? HTTP_LOCAL_LINK : 0);
	r->body = ask.body;
	r->body_len = ask.body ? strlen(ask.body) : 0;
	r->data = s;
	if (ask.size || ask.chunked) {
		r->read = give;
		r->rewind = begin_anew;
		r->body_size = ask.chunked ? UINT64_MAX : (uint64_t)ask.size;
		s->left = (uint64_t)ask.size;
	}
	if (ask.stream)
		r->write = take;
}

static void tell(int ret, const struct http_answer *a, const struct stream *s,
		 const struct strbuf *err)
{
	pthread_mutex_lock(&ask.lock);
	if (ret) {
		fprintf(stderr, "http-ask: %s\n", err->buf);
		ask.status = exit_status_of(ret);
	} else {
		printf("%d HTTP/%d%s %u %s, %" PRIu64 " bytes%s\n", a->status,
		       a->version / 10, a->version == 11 ? ".1" : "", a->tries,
		       a->tries == 1 ? "try" : "tries",
		       s->got ? s->got : (uint64_t)a->body.len,
		       a->gave_up ? ", gave up" : "");
		if (ask.show)
			printf("%s\n", a->body.buf);
		if (http_status_error(a) && (a->status < 200 ||
					     a->status > 299))
			ask.status = exit_status_of(http_status_error(a));
	}
	pthread_mutex_unlock(&ask.lock);
}

static void *work(void *data UNUSED)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf err = STRBUF_INIT;
	int i;

	for (i = 0; i < ask.nr; i++) {
		struct http_request r = HTTP_REQUEST_INIT;
		struct stream s = { 0, 0 };
		int ret;

		fill(&r, &s);
		strbuf_reset(&err);
		ret = http_do(ask.http, &r, &a, &err);
		tell(ret, &a, &s, &err);
		http_request_release(&r);
	}
	http_answer_release(&a);
	strbuf_release(&err);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS_MAX];
	int i;

	for (i = 0; i < ask.jobs; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			die("cannot start a thread");
	for (i = 0; i < ask.jobs; i++)
		pthread_join(threads[i], NULL);
}

static void tell_notice(const char *text)
{
	warning("%s", text);
}

int main(int argc, const char **argv)
{
	const struct option options[] = {
		OPT_STRING('X', "method", &ask.method, "METHOD", "GET"),
		OPT_LIST('H', "field", &ask.fields, "FIELD", "name: value"),
		OPT_STRING('d', "body", &ask.body, "TEXT", "from memory"),
		OPT_NUMBER('s', "size", &ask.size, "BYTES", "a streamed body"),
		OPT_BOOL(0, "chunked", &ask.chunked, "of unknown length"),
		OPT_BOOL(0, "stream", &ask.stream, "the answer is streamed"),
		OPT_BOOL(0, "show", &ask.show, "print the answer"),
		OPT_NUMBER('n', "nr", &ask.nr, "N", "requests a thread"),
		OPT_NUMBER('j', "jobs", &ask.jobs, "N", "threads"),
		OPT_BOOL(0, "repeat", &ask.repeat, "HTTP_REPEATABLE"),
		OPT_BOOL(0, "secret-query", &ask.secret_query, "its flag"),
		OPT_BOOL(0, "secret-answer", &ask.secret_answer, "its flag"),
		OPT_BOOL(0, "local", &ask.local, "HTTP_LOCAL_LINK"),
		OPT_NUMBER(0, "patience", &ask.patience, "S", "seconds"),
		OPT_NUMBER(0, "stall", &ask.stall, "S", "seconds"),
		OPT_NUMBER(0, "rate", &ask.rate, "BYTES", "a second"),
		OPT_STRING(0, "ca", &ask.ca_file, "FILE", "certificates"),
		OPT_END_OF_TABLE
	};
	struct http_options o = { 0 };
	struct strbuf err = STRBUF_INIT;
	int ret;

	notice_to(tell_notice);
	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1 || ask.jobs > THREADS_MAX)
		usage_with_options(usage, options, NULL);
	ask.url = argv[0];
	o.ca_file = ask.ca_file;
	o.patience = (unsigned)ask.patience;
	o.stall = (unsigned)ask.stall;
	o.rate = (uint64_t)ask.rate;
	ret = http_open(&ask.http, &o, &err);
	if (ret)
		die_code(ret, &err);
	run_threads();
	http_close(ask.http);
	strvec_release(&ask.fields);
	strbuf_release(&err);
	return ask.status;
}
