/*
 * What no client can do without, as a limit for benchmarks:
 *
 *	http-limit put JOBS LIST	bare requests of libcurl: one thread,
 *	http-limit get JOBS LIST	JOBS at once, connections kept
 *	http-limit put-door JOBS LIST	the same through lib/wrap/http.h
 *	http-limit get-door JOBS LIST
 *
 * LIST has a line for each: URL TAB FILE of put, URL TAB RANGE (0-99; or
 * nothing) of get, and TAB FIELD (of the head: "If-None-Match: *") any number
 * of times. URLs hold their own signatures. Files are read when their
 * turn comes; what is got goes nowhere. Any status but 2xx is a failure.
 */
#include "lib/base/compat.h"

#include <curl/curl.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/wrap/http.h"

#define LIST_MAX ((size_t)64 << 20)
#define FILE_MAX ((size_t)64 << 20)
#define WAIT_MS 10000

struct item {
	struct work work;
	const char *url, *word;
	struct strvec fields;
};

struct limit {
	bool put;
	unsigned jobs;
	struct item *item;
	size_t nr, alloc, next;
	struct http *http;
};

static struct limit limit;

/* Cuts off what stands before the next `end`; NULL: there is none. */
static char *next_word(char **at, char end)
{
	char *word = *at;
	size_t len;

	if (!word || !*word)
		return NULL;
	len = (size_t)(strchrnul(word, end) - word);
	*at = word[len] ? word + len + 1 : NULL;
	word[len] = '\0';
	return word;
}

static void read_list(const char *path, struct strbuf *text)
{
	struct strbuf err = STRBUF_INIT;
	char *at, *line, *word;

	if (read_file(text, path, LIST_MAX, &err))
		die("%s", err.buf);
	at = text->buf;
	while ((line = next_word(&at, '\n'))) {
		struct item *item;

		ARRAY_GROW(limit.item, limit.nr + 1, limit.alloc);
		item = &limit.item[limit.nr++];
		memset(item, 0, sizeof(*item));
		strvec_init(&item->fields);
		item->url = next_word(&line, '\t');
		word = next_word(&line, '\t');
		item->word = word ? word : "";
		while ((word = next_word(&line, '\t')))
			strvec_push(&item->fields, word);
	}
}

static void need_file(struct strbuf *body, const char *path)
{
	struct strbuf err = STRBUF_INIT;

	strbuf_reset(body);
	if (read_file(body, path, FILE_MAX, &err))
		die("%s", err.buf);
}

/* ---- bare --------------------------------------------------------------- */

struct transfer {
	CURL *easy;
	struct strbuf body;
	size_t at;
	const struct item *item;
	struct curl_slist *fields;
};

static size_t give(char *buf, size_t size, size_t nr, void *data)
{
	struct transfer *t = data;
	size_t len = MINIMUM(size * nr, t->body.len - t->at);

	memcpy(buf, t->body.buf + t->at, len);
	t->at += len;
	return len;
}

static size_t drop(char *buf UNUSED, size_t size, size_t nr,
		   void *data UNUSED)
{
	return size * nr;
}

static void set_fields(struct transfer *t)
{
	size_t i;

	curl_slist_free_all(t->fields);
	/* None that asks for leave first. */
	t->fields = curl_slist_append(NULL, "Expect:");
	for (i = 0; i < t->item->fields.nr; i++)
		t->fields = curl_slist_append(t->fields,
					      t->item->fields.v[i]);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->fields);
}

static bool begin(CURLM *multi, struct transfer *t)
{
	if (limit.next == limit.nr)
		return false;
	t->item = &limit.item[limit.next++];
	t->at = 0;
	curl_easy_setopt(t->easy, CURLOPT_URL, t->item->url);
	set_fields(t);
	if (limit.put) {
		need_file(&t->body, t->item->word);
		curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE,
				 (curl_off_t)t->body.len);
	} else if (*t->item->word) {
		curl_easy_setopt(t->easy, CURLOPT_RANGE, t->item->word);
	}
	curl_multi_add_handle(multi, t->easy);
	return true;
}

static void init_transfer(struct transfer *t)
{
	t->easy = curl_easy_init();
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, 256L << 10);
	strbuf_init(&t->body);
	if (!limit.put)
		return;
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
}

static void end(CURLM *multi, const CURLMsg *m)
{
	struct transfer *t;
	long status = 0;

	curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (m->data.result || status / 100 != 2)
		die("%s: %s, status %ld", t->item->url,
		    curl_easy_strerror(m->data.result), status);
	curl_multi_remove_handle(multi, t->easy);
}

static void run_bare(void)
{
	struct transfer *t = xcalloc(limit.jobs, sizeof(*t));
	CURLM *multi;
	CURLMsg *m;
	unsigned i;
	int running, left;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)limit.jobs);
	for (i = 0; i < limit.jobs; i++) {
		init_transfer(&t[i]);
		begin(multi, &t[i]);
	}
	do {
		curl_multi_perform(multi, &running);
		while ((m = curl_multi_info_read(multi, &left))) {
			struct transfer *done;

			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
					  (char **)&done);
			end(multi, m);
			if (begin(multi, done))
				running++;
		}
		if (running)
			curl_multi_poll(multi, NULL, 0, WAIT_MS, NULL);
	} while (running);
	for (i = 0; i < limit.jobs; i++) {
		curl_easy_cleanup(t[i].easy);
		curl_slist_free_all(t[i].fields);
		strbuf_release(&t[i].body);
	}
	curl_multi_cleanup(multi);
	curl_global_cleanup();
	free(t);
}

/* ---- through the door --------------------------------------------------- */

static int pass_over(void *data UNUSED, const void *buf UNUSED,
		     size_t len UNUSED, struct strbuf *err UNUSED)
{
	return 0;
}

static void do_item(struct work *work, unsigned worker UNUSED)
{
	struct item *item = (struct item *)work;
	struct http_request r = HTTP_REQUEST_INIT;
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf body = STRBUF_INIT, err = STRBUF_INIT;

	r.method = limit.put ? "PUT" : "GET";
	r.url = item->url;
	strvec_pushv(&r.headers, item->fields.v);
	if (limit.put) {
		need_file(&body, item->word);
		r.body = body.buf;
		r.body_len = body.len;
	} else {
		if (*item->word)
			strvec_pushf(&r.headers, "Range: bytes=%s",
				     item->word);
		r.write = pass_over;
	}
	if (http_do(limit.http, &r, &a, &err))
		die("%s", err.buf);
	if (a.status / 100 != 2)
		die("%s: status %d", item->url, a.status);
	http_answer_release(&a);
	http_request_release(&r);
	strbuf_release(&body);
}

static void run_door(void)
{
	const struct http_options options = { .patience = 0 };
	struct strbuf err = STRBUF_INIT;
	struct workers *w;
	size_t i;

	if (http_open(&limit.http, &options, &err))
		die("%s", err.buf);
	w = workers_start(limit.jobs);
	for (i = 0; i < limit.nr; i++) {
		limit.item[i].work.fn = do_item;
		workers_add(w, &limit.item[i].work);
	}
	workers_stop(&w);
	http_close(limit.http);
}

int main(int argc, char **argv)
{
	struct strbuf text = STRBUF_INIT;
	bool door;
	size_t i;

	if (argc != 4 || (strncmp(argv[1], "put", 3) &&
			  strncmp(argv[1], "get", 3)))
		die_status(EXIT_USAGE, "usage: http-limit put|get|put-door|"
			   "get-door JOBS LIST");
	limit.put = !strncmp(argv[1], "put", 3);
	door = !strcmp(argv[1] + 3, "-door");
	limit.jobs = (unsigned)MAXIMUM(strtoul(argv[2], NULL, 10), 1ul);
	read_list(argv[3], &text);
	if (door)
		run_door();
	else
		run_bare();
	for (i = 0; i < limit.nr; i++)
		strvec_release(&limit.item[i].fields);
	free(limit.item);
	strbuf_release(&text);
	return 0;
}
