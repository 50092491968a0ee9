#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/http.h"
#include "t/unit/unit.h"
#include "t/unit/web.h"

#include <poll.h>

static struct http *h;
static struct strbuf err = STRBUF_INIT;

/* One request of the test that runs. */
static struct http_request r = HTTP_REQUEST_INIT;
static struct http_answer a = HTTP_ANSWER_INIT;
static char url[2200];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- bodies ------------------------------------------------------------- */

struct bodies {
	size_t left, size;	/* of what is sent */
	size_t fail_at;		/* of the source; 0: never */
	int rewinds;
	size_t got, sum;	/* of what came */
	size_t refuse_at;	/* of the sink; 0: never */
	int heads, head_status, head_ret, prepared, prepare_ret, rewind_ret;
	int slow;		/* seconds, once */
};

static struct bodies b;

static void be_slow(struct bodies *body)
{
	if (body->slow)
		sleep((unsigned)body->slow);
	body->slow = 0;
}

static int give(void *data, void *buf, size_t len, size_t *got,
		struct strbuf *why)
{
	struct bodies *body = data;
	size_t at = body->size - body->left, i;

	be_slow(body);
	if (body->fail_at && at >= body->fail_at)
		return fail(why, ERR_NOT_FOUND, "the source failed");
	*got = MINIMUM(len, body->left);
	for (i = 0; i < *got; i++)
		((unsigned char *)buf)[i] = web_byte(at + i);
	body->left -= *got;
	return 0;
}

static int begin_anew(void *data, struct strbuf *why)
{
	struct bodies *body = data;

	if (body->rewind_ret)
		return fail(why, body->rewind_ret, "it cannot begin anew");
	body->left = body->size;
	body->rewinds++;
	return 0;
}

static int take(void *data, const void *buf, size_t len, struct strbuf *why)
{
	struct bodies *body = data;

	be_slow(body);
	body->sum = web_sum(body->sum, buf, len);
	body->got += len;
	if (body->refuse_at && body->got >= body->refuse_at)
		return fail(why, ERR_CONFLICT, "the sink is full");
	return 0;
}

static int look(void *data, const struct http_answer *answer,
		struct strbuf *why)
{
	struct bodies *body = data;

	body->heads++;
	body->head_status = answer->status;
	if (body->head_ret)
		return fail(why, body->head_ret, "the head is refused");
	return 0;
}

static int prepare(struct http_request *request, void *data,
		   struct strbuf *why)
{
	struct bodies *body = data;

	if (body->prepare_ret)
		return fail(why, body->prepare_ret, "no signature");
	strvec_clear(&request->headers);
	strvec_pushf(&request->headers, "x-try: %d", ++body->prepared);
	return 0;
}

static size_t sum_of(size_t len)
{
	size_t sum = 0, i;
	unsigned char c;

	for (i = 0; i < len; i++) {
		c = web_byte(i);
		sum = web_sum(sum, &c, 1);
	}
	return sum;
}

/* ---- asking ------------------------------------------------------------- */

static void begin(const char *method, const char *path)
{
	http_request_release(&r);
	r = (struct http_request)HTTP_REQUEST_INIT;
	memset(&b, 0, sizeof(b));
	strbuf_reset(&err);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", web.port, path);
	r.method = method;
	r.url = url;
	r.data = &b;
}

static int ask(void)
{
	int ret = http_do(h, &r, &a, &err);

	if (getenv("SHOW"))
		printf("# %s %s: %d, status %d, %u tries: %s\n%s\n", r.method,
		       r.url, ret, a.status, a.tries, err.buf,
		       a.body.len < 1000 ? a.body.buf : "");
	return ret;
}

static int get(const char *path, unsigned flags)
{
	begin("GET", path);
	r.flags = flags;
	return ask();
}

static void reopen(struct http_options o)
{
	http_close(h);
	h = NULL;
	if (http_open(&h, &o, &err)) {
		printf("# %s\n", err.buf);
		exit(1);
	}
}

static bool body_has(const char *text)
{
	return strstr(a.body.buf, text);
}

/* ---- tests -------------------------------------------------------------- */

static void test_simple(void)
{
	int i, before;

	check(!get("/hello", 0) && a.status == 200, "an answer");
	check_str(a.body.buf, "hello", "its body");
	check_str(http_field(&a, "etag"), "\"x\"", "a field, by lower case");
	check(!http_field(&a, "eta") && !http_field(&a, "etag:"),
	      "no field that is not there");
	check(a.tries == 1 && a.version == 11 && !a.gave_up, "what it was");
	get("/hello", HTTP_REPEATABLE);
	before = web_connections();
	for (i = 0; i < 20; i++)
		get("/hello", HTTP_REPEATABLE);
	check(web_connections() == before, "a connection is used again");
	check(!get("/moved", 0) && a.status == 302, "no redirect is followed");
	check(!get("/echo/a/../b/./%2e%2E/c%20d", 0) &&
	      body_has("GET /echo/a/../b/./%2e%2E/c%20d\n"),
	      "a path goes as it is");
	check(body_has("user-agent: resutil/"), "who asks is said");
	begin("HEAD", "/hello");
	check(!ask() && a.status == 200 && !a.body.len, "HEAD");
	begin("DELETE", "/echo");
	check(!ask() && body_has("DELETE /echo\n") &&
	      !body_has("content-length"), "DELETE");
	begin("GET", "/echo");
	strvec_push(&r.headers, "X-One: 1");
	strvec_push(&r.headers, "X-Empty:");
	check(!ask() && body_has("x-one: 1\n") && body_has("x-empty:\n"),
	      "fields are sent, empty ones too");
}

static void test_memory_bodies(void)
{
	static const size_t sizes[] = { 0, 1, 65536, 65537, 3000000 };
	unsigned char *data = xmalloc(3000000);
	char want[64];
	size_t i;

	for (i = 0; i < 3000000; i++)
		data[i] = web_byte(i);
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		begin(i & 1 ? "PUT" : "POST", "/echo");
		r.body = data;
		r.body_len = sizes[i / 2];
		snprintf(want, sizeof(want), "\nbody %zu %zu\n", sizes[i / 2],
			 sum_of(sizes[i / 2]));
		check(!ask() && body_has(want) && body_has(r.method) &&
		      body_has("content-length: ") &&
		      !body_has("content-type"), "a body from memory");
	}
	begin("PUT", "/echo");
	r.body = "x";
	r.body_len = 1;
	strvec_push(&r.headers, "Content-Type: text/x");
	check(!ask() && body_has("content-type: text/x\n"),
	      "a type that is given");
	begin("GET", "/echo");
	check(!ask() && body_has("GET /echo") && body_has("body 0 0"),
	      "a request without a body after one with");
	free(data);
}

static void send_stream(size_t size, bool known)
{
	begin("PUT", "/echo");
	r.read = give;
	r.body_size = known ? size : UINT64_MAX;
	b.left = b.size = size;
}

static void test_streams_up(void)
{
	static const size_t sizes[] = { 0, 1, 262144, 262145, 5000000 };
	char want[64];
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		send_stream(sizes[i / 2], i & 1);
		snprintf(want, sizeof(want), "\nbody %zu %zu\n", sizes[i / 2],
			 sum_of(sizes[i / 2]));
		check(!ask() && body_has(want) &&
		      body_has(i & 1 ? "content-length: " :
				       "transfer-encoding: chunked\n"),
		      i & 1 ? "a stream of known length" :
			      "a stream of unknown length");
	}
	send_stream(1000000, true);
	b.fail_at = 300000;
	check(ask() == ERR_NOT_FOUND, "a source that fails");
	check_str(err.buf, "the source failed", "its sentence is told");
	send_stream(1000000, true);
	b.left = 400000;
	check(ask() == ERR_CONTENT && strstr(err.buf, "400000 of 1000000"),
	      "a source that ends early");
	send_stream(100000, true);
	r.body_size = 70000;
	check(!ask() && body_has("\nbody 70000 "),
	      "no more is sent than was announced");
	begin("PUT", "/early/403");
	r.read = give;
	b.left = b.size = (size_t)(r.body_size = 4000000);
	check(!ask() && a.status == 403, "an answer before the body was read");
	check(!get("/hello", 0), "and then the next request");
}

static void test_streams_down(void)
{
	static const size_t sizes[] = { 0, 1, 262144, 262145, 5000000 };
	char path[64];
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		snprintf(path, sizeof(path), "/%s/%zu",
			 i & 1 ? "bytes" : "chunks", sizes[i / 2]);
		begin("GET", path);
		r.write = take;
		r.head = look;
		check(!ask() && b.heads == 1 && b.head_status == 200 &&
		      b.got == sizes[i / 2] && b.sum == sum_of(b.got) &&
		      !a.body.len, "an answer that streams");
	}
	check(!http_field(&a, "x-trailer"), "trailers are no fields");
	begin("GET", "/bytes/5000000");
	r.write = take;
	b.refuse_at = 300000;
	check(ask() == ERR_CONFLICT && b.got < 5000000, "a sink that refuses");
	check_str(err.buf, "the sink is full", "its sentence is told");
	begin("GET", "/bytes/5000000");
	r.write = take;
	r.head = look;
	b.head_ret = ERR_CONTENT;
	check(ask() == ERR_CONTENT && !b.got && b.heads == 1,
	      "a head that is refused");
	begin("GET", "/status/404/9");
	r.write = take;
	r.head = look;
	check(!ask() && a.status == 404 && !b.got && !b.heads &&
	      body_has("no"), "what is no success is kept");
	check(!get("/bytes/1000000", 0) && a.body.len == 1000000 &&
	      web_sum(0, a.body.buf, a.body.len) == sum_of(1000000),
	      "an answer in memory");
	begin("PUT", "/echo");
	r.read = give;
	r.body_size = UINT64_MAX;
	r.write = take;
	b.left = b.size = 700000;
	check(!ask() && b.got && !b.left, "both ways at once");
}

static void test_maxima(void)
{
	check(!get("/fields/60000", 0) && a.fields.nr > 1000, "many fields");
	check(get("/fields/70000", HTTP_REPEATABLE) == ERR_CONTENT &&
	      a.tries == 1, "too many fields");
	strbuf_reset(&err);
	check(get("/endless", HTTP_REPEATABLE) == ERR_CONTENT &&
	      strstr(err.buf, "longer"), "an answer without an end");
	strbuf_reset(&err);
	check(get("/garbage", HTTP_REPEATABLE) == ERR_CONTENT &&
	      strstr(err.buf, "does not speak HTTP"), "what is no HTTP");
	check(get("/switch", 0) == ERR_TRANSIENT,
	      "what becomes something else is no answer");
	begin("GET", "");
	r.url = "file:///etc/passwd";
	check(ask() == ERR_USAGE && strstr(err.buf, "no URL of http"),
	      "only HTTP is asked");
	begin("GET", "");
	r.url = "http://[::1";
	check(ask() == ERR_USAGE, "what is no URL");
	check(!get("/hello", 0), "and then the next request");
}

static void test_status_retries(void)
{
	double began;

	check(!get("/status/503/2", HTTP_REPEATABLE) && a.status == 200 &&
	      a.tries == 3, "tried again until it works");
	check(!get("/status/503/2/", 0) && a.status == 503 && a.tries == 1 &&
	      http_status_error(&a) == ERR_TRANSIENT,
	      "what is not repeatable is not repeated");
	check(!get("/status/429/1", 0) && a.status == 200 && a.tries == 2,
	      "but when it was only counted");
	check(!get("/status/408/1", 0) && a.status == 200 && a.tries == 2,
	      "or did not come whole");
	check(!get("/status/400/1", HTTP_REPEATABLE) && a.status == 400 &&
	      a.tries == 1, "nor what is wrong");
	began = now();
	check(!get("/status/503/1/1", HTTP_REPEATABLE) && a.status == 200 &&
	      now() - began >= 1.0, "Retry-After is waited for");
	began = now();
	check(!get("/status/503/1/1/", 0) && a.status == 503 && a.tries == 1 &&
	      now() - began >= 1.0, "also before who asks looks again");
	began = now();
	check(!get("/status/503/9/500", HTTP_REPEATABLE) && a.tries == 1 &&
	      a.gave_up && now() - began < 5.0 &&
	      http_status_error(&a) == ERR_UNREACHABLE,
	      "but not for minutes");
	reopen((struct http_options){ .patience = 1, .stall = 1 });
	check(!get("/status/500/1000", HTTP_REPEATABLE) && a.status == 500 &&
	      a.tries > 1 && a.gave_up &&
	      http_status_error(&a) == ERR_UNREACHABLE, "patience ends");
	reopen((struct http_options){ .stall = 1 });
	check(!get("/status/502/1000", HTTP_REPEATABLE) && a.tries == 1 &&
	      a.gave_up, "no patience: once");
	reopen((struct http_options){ .patience = 5, .stall = 1 });
}

static void test_lost_answers(void)
{
	int ret;

	check(!get("/reset/2", HTTP_REPEATABLE) && a.status == 200 &&
	      a.tries == 3, "after a reset it is sent again");
	begin("PUT", "/reset/1/once");
	r.body = "x";
	r.body_len = 1;
	check(ask() == ERR_TRANSIENT && web_tries("/reset/1/once") == 1,
	      "what is not repeatable was sent once");
	check(!get("/cut/1000/1", HTTP_REPEATABLE) && a.body.len == 1000 &&
	      a.tries == 2, "a body that is cut is asked for again");
	check(get("/cut/1000/1/b", 0) == ERR_TRANSIENT && a.tries == 1,
	      "but not when that is not safe");
	begin("GET", "/cut/1000000/1/c");
	r.flags = HTTP_REPEATABLE;
	r.write = take;
	check(ask() == ERR_TRANSIENT && b.got > 0 && a.tries == 1 &&
	      web_tries("/cut/1000000/1/c") == 1,
	      "nor when somebody has the beginning");
	begin("PUT", "/second/a");
	check(!ask(), "the first of a connection");
	begin("PUT", "/second/b");
	/* An old libcurl gets a new connection for it. */
	ret = ask();
	check((ret == ERR_TRANSIENT || a.status == 200) &&
	      web_tries("/second/b") == 1,
	      "libcurl does not send it twice by itself");
	get("/second/c", HTTP_REPEATABLE);
	begin("PUT", "/second/d");
	r.flags = HTTP_REPEATABLE;
	check(!ask() && a.status == 200, "it may when that is safe");
}

static void test_prepare_and_rewind(void)
{
	begin("GET", "/status/503/1/");
	r.flags = HTTP_REPEATABLE;
	r.prepare = prepare;
	r.prepare_data = &b;
	check(!ask() && b.prepared == 2, "prepared before each try");
	begin("GET", "/echo");
	r.prepare = prepare;
	r.prepare_data = &b;
	check(!ask() && body_has("x-try: 1\n"), "what it adds is sent");
	begin("PUT", "/reset/2/r");
	r.flags = HTTP_REPEATABLE;
	r.read = give;
	r.rewind = begin_anew;
	b.left = b.size = 400000;
	r.body_size = 400000;
	check(!ask() && b.rewinds == 2 && a.tries == 3 && !b.left,
	      "a stream begins anew");
	begin("PUT", "/reset/1/s");
	r.flags = HTTP_REPEATABLE;
	r.read = give;
	b.left = b.size = 400000;
	r.body_size = 400000;
	check(ask() == ERR_TRANSIENT && a.tries == 1 && !a.own,
	      "one that cannot is sent once");
	begin("PUT", "/reset/1/t");
	r.flags = HTTP_REPEATABLE;
	r.read = give;
	r.rewind = begin_anew;
	b.left = b.size = 400000;
	r.body_size = 400000;
	b.rewind_ret = ERR_CONTENT;
	check(ask() == ERR_CONTENT && a.tries == 1 && a.own &&
	      strstr(err.buf, "it cannot begin anew"),
	      "one that fails when it begins anew");
	begin("GET", "/hello");
	r.flags = HTTP_REPEATABLE;
	r.prepare = prepare;
	r.prepare_data = &b;
	b.prepare_ret = ERR_CREDENTIALS;
	check(ask() == ERR_CREDENTIALS && a.own,
	      "what cannot be prepared is not sent");
	check_str(err.buf, "no signature", "its sentence is told");
}

/* On a connection that the server has closed meanwhile. */
static void test_body_again(void)
{
	char *data = xcalloc(1, 300000);

	begin("PUT", "/second/e");
	r.flags = HTTP_REPEATABLE;
	r.body = data;
	r.body_len = 300000;
	check(!ask(), "a body from memory");
	strbuf_reset(&err);
	check(!ask() && a.status == 200, "libcurl sends it again");
	free(data);
}

static void test_no_server(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&address, len) ||
	    getsockname(fd, (void *)&address, &len))
		abort();
	reopen((struct http_options){ .patience = 1 });
	begin("PUT", "/x");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/x?secret=abc",
		 ntohs(address.sin_port));
	check(ask() == ERR_UNREACHABLE && a.tries > 1,
	      "no connection: also what is not repeatable is tried again");
	check(strstr(err.buf, "cannot connect to 'http://127.0.0.1:") &&
	      strstr(err.buf, "(tried again for 1 s)") &&
	      !strstr(err.buf, "abc"), "what it says");
	close(fd);
	begin("GET", "");
	r.url = "http://no-such-host.invalid/";
	check(ask() == ERR_UNREACHABLE &&
	      strstr(err.buf, "'http://no-such-host.invalid'"),
	      "a host without an address");
}

static void test_stalls(void)
{
	double began;

	reopen((struct http_options){ .patience = 10, .stall = 1 });
	began = now();
	check(get("/silent/9", 0) == ERR_TRANSIENT && now() - began < 4 &&
	      strstr(err.buf, "for 1 seconds"), "a server that is silent");
	check(!get("/silent/1/x", HTTP_REPEATABLE) && a.tries == 2,
	      "it is asked again");
	check(!get("/slow/8/300", 0) && a.body.len == 8,
	      "one that is slow is waited for");
	begin("GET", "/bytes/3000000");
	r.write = take;
	b.slow = 2;
	check(!ask() && b.got == 3000000, "a slow sink does not stall");
	begin("PUT", "/echo");
	r.read = give;
	r.body_size = b.left = b.size = 3000000;
	b.slow = 2;
	check(!ask() && body_has("body 3000000"), "nor a slow source");
	reopen((struct http_options){ .patience = 5 });
}

/* ---- many at once ------------------------------------------------------- */

#define THREADS 8

static void *ask_many(void *data)
{
	struct http_request request = HTTP_REQUEST_INIT;
	struct http_answer answer = HTTP_ANSWER_INIT;
	struct bodies mine = { 0 };
	struct strbuf why = STRBUF_INIT;
	size_t *bytes = data;
	char here[64];
	int i;

	request.method = "GET";
	request.flags = HTTP_REPEATABLE;
	request.url = here;
	request.data = &mine;
	snprintf(here, sizeof(here), "http://127.0.0.1:%d/bytes/%zu", web.port,
		 *bytes);
	for (i = 0; i < 20; i++) {
		request.write = i & 1 ? take : NULL;
		if (http_do(h, &request, &answer, &why) ||
		    answer.status != 200)
			printf("# %d %s\n", answer.status, why.buf);
		else if (!request.write)
			mine.got += answer.body.len;
	}
	*bytes = mine.got;
	strbuf_release(&why);
	http_request_release(&request);
	http_answer_release(&answer);
	return NULL;
}

static size_t run_many(size_t bytes)
{
	pthread_t threads[THREADS];
	size_t got[THREADS], sum = 0;
	int i;

	for (i = 0; i < THREADS; i++) {
		got[i] = bytes;
		if (pthread_create(&threads[i], NULL, ask_many, &got[i]))
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += got[i];
	}
	return sum;
}

static void test_many(void)
{
	int before = web_connections();

	reopen((struct http_options){ .patience = 0 });
	check(run_many(100000) == 100000 * 20 * THREADS,
	      "many threads, each with its own");
	check(web_connections() - before <= THREADS,
	      "no more connections than threads");
}

static void *put_one(void *data)
{
	struct http_request request = HTTP_REQUEST_INIT;
	struct http_answer answer = HTTP_ANSWER_INIT;
	struct strbuf why = STRBUF_INIT;
	char here[64];

	snprintf(here, sizeof(here), "http://127.0.0.1:%d/echo", web.port);
	request.method = "PUT";
	request.url = here;
	request.body = data;
	request.body_len = 150000;
	if (http_do(h, &request, &answer, &why))
		printf("# %s\n", why.buf);
	strbuf_release(&why);
	http_answer_release(&answer);
	return NULL;
}

static void test_rate(void)
{
	char *data = xcalloc(1, 150000);
	pthread_t threads[4];
	double began, took;
	int i;

	reopen((struct http_options){ .rate = 2000000 });
	began = now();
	run_many(20000);	/* 160 times */
	took = now() - began;
	printf("# 3.2 MB at 2 MB a second: %.2f s\n", took);
	check(took > 1.4, "all together come no faster than the rate");
	reopen((struct http_options){ .rate = 400000 });
	began = now();
	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, put_one, data))
			abort();
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	took = now() - began;
	printf("# 600 kB at 400 kB a second: %.2f s\n", took);
	check(took > 1.3 && took < 10, "nor do they go faster");
	free(data);
	reopen((struct http_options){ .patience = 5 });
}

/* ---- what is said of them ----------------------------------------------- */

static int error_of(int status, bool gave_up)
{
	struct http_answer answer = HTTP_ANSWER_INIT;

	answer.status = status;
	answer.gave_up = gave_up;
	return http_status_error(&answer);
}

static void test_words(void)
{
	struct strbuf out = STRBUF_INIT;

	check(error_of(401, false) == ERR_CREDENTIALS &&
	      error_of(403, false) == ERR_CREDENTIALS &&
	      error_of(404, false) == ERR_NOT_FOUND &&
	      error_of(409, false) == ERR_CONFLICT &&
	      error_of(412, false) == ERR_CONFLICT &&
	      error_of(400, false) == ERR_FAILED &&
	      error_of(504, false) == ERR_TRANSIENT &&
	      error_of(408, true) == ERR_UNREACHABLE, "codes of status");
	http_escape(&out, "a/b c~-._\xc3\xa9\0%+", 14, true);
	check_str(out.buf, "a/b%20c~-._%C3%A9%00%25%2B", "a path, escaped");
	strbuf_reset(&out);
	http_escape(&out, "a/b", 3, false);
	check_str(out.buf, "a%2Fb", "a value, escaped");
	strbuf_release(&out);
}

static bool is_date(const char *text, int64_t want)
{
	int64_t sec = -1;

	return want < 0 ? !http_date(&sec, text) :
			  http_date(&sec, text) && sec == want;
}

static void test_dates(void)
{
	check(is_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777) &&
	      is_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777) &&
	      is_date("Sun Nov  6 08:49:37 1994", 784111777) &&
	      is_date("Thu, 01 Jan 2026 00:00:00 UTC", 1767225600) &&
	      is_date("Thursday, 01-Jan-26 00:00:00 GMT", 1767225600) &&
	      is_date("Thu Jan 11 00:00:00 2024", 1704931200), "dates");
	check(is_date("", -1) && is_date("now", -1) &&
	      is_date("06 Nov 1994 08:49:37 GMT", -1) &&
	      is_date("Sun,06 Nov 1994 08:49:37 GMT", -1) &&
	      is_date("Sun, 06 Nov 1994 08:49:37", -1) &&
	      is_date("Sun, 06 Nov 1994 08:49:37 CET", -1) &&
	      is_date("Sun, 06 Nov 194 08:49:37 GMT", -1) &&
	      is_date("Sun, 06 Nuv 1994 08:49:37 GMT", -1) &&
	      is_date("Sun, 32 Nov 1994 08:49:37 GMT", -1) &&
	      is_date("Sun, 06 Nov 1994 24:49:37 GMT", -1) &&
	      is_date("Sun Nov 6x 08:49:37 1994", -1) &&
	      is_date("Sun Nov  6 08:49:37 1994 GMT", -1), "and no dates");
}

static int count_fds(bool inherited_sockets)
{
	struct sockaddr_storage address;
	int fd, flags, nr = 0;

	for (fd = 3; fd < 1000; fd++) {
		socklen_t len = sizeof(address);

		flags = fcntl(fd, F_GETFD);
		if (flags < 0)
			continue;
		if (!inherited_sockets)
			nr++;
		else if (!(flags & FD_CLOEXEC) &&
			 !getsockname(fd, (void *)&address, &len) &&
			 address.ss_family == AF_INET)
			nr++;
	}
	return nr;
}

static void test_open(void)
{
	struct http_options o = { .ca_file = "/nowhere/ca.pem" };
	struct http *other = NULL;
	int before = count_fds(false);
	int i;

	check(http_open(&other, &o, &err) == ERR_USAGE && !other &&
	      strstr(err.buf, "'/nowhere/ca.pem'"),
	      "certificates that are not there");
	strbuf_reset(&err);
	http_close(NULL);
	o.ca_file = NULL;
	check(!http_open(&other, &o, &err), "one that nobody uses");
	http_close(other);
	/* The server of these tests may still be at a connection: what would
	 * stay is counted often enough to show. */
	for (i = 0; i < 10; i++) {
		if (http_open(&other, &o, &err))
			die("%s", err.buf);
		http_close(other);
	}
	for (i = 0; i < 500 && count_fds(false) > before; i++)
		poll(NULL, 0, 10);
	check(count_fds(false) <= before, "nothing stays open");
	check(!count_fds(true), "connections are not handed on");
}

int main(void)
{
	/* Nothing of the machine's: its proxies do not know of this. */
	setenv("NO_PROXY", "*", 1);
	web_start();
	reopen((struct http_options){ .patience = 5 });
	test_simple();
	test_memory_bodies();
	test_streams_up();
	test_streams_down();
	test_maxima();
	test_status_retries();
	test_lost_answers();
	test_prepare_and_rewind();
	test_body_again();
	test_no_server();
	test_stalls();
	test_many();
	test_rate();
	test_words();
	test_dates();
	test_open();
	http_request_release(&r);
	http_answer_release(&a);
	http_close(h);
	web_stop();
	strbuf_release(&err);
	return unit_done();
}
