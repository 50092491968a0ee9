/*
 * A server of HTTP in this process that does what the path of a request says;
 * each connection has a thread, so what was sent is counted and nothing hidden.
 *
 *	/hello			200 "hello"
 *	/echo			200: method, path, fields, length and sum of
 *				the body, one a line
 *	/bytes/N  /chunks/N	N bytes, see web_byte()
 *	/slow/N/MS		N times a byte, MS milliseconds apart
 *	/status/S/K[/R]		K times the status S (Retry-After: R), then 200
 *	/cut/N/K		K times half of N bytes, then all
 *	/reset/K		K times a reset after the request, then 200
 *	/silent/K		K times no answer, then 200
 *	/second			200 to the first request of a connection; the
 *				second is read, and the connection closed
 *	/early/S		S before the body was read
 *	/fields/N		fields of N bytes
 *	/endless  /garbage  /moved  /switch
 */
#ifndef T_UNIT_WEB_H
#define T_UNIT_WEB_H

#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#define WEB_PATHS 256

struct web {
	int fd, port;
	pthread_t thread;
	pthread_mutex_t lock;
	int connections, requests, open;
	struct { char *path; int tries; } paths[WEB_PATHS];
	int nr_paths;
};

static struct web web = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct web_request {
	int fd, nr;		/* of the connection */
	char method[16], path[2048];
	struct strbuf head;	/* lower case */
	size_t len, sum;
	bool chunked, expects;
};

static unsigned char web_byte(size_t at)
{
	return (unsigned char)(at * 7 + (at >> 8));
}

/* Like a sum, and places count. */
static size_t web_sum(size_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		sum = sum * 31 + *p++;
	return sum & 0xffffffff;
}

static int web_try(const char *path)
{
	int i, tries;

	pthread_mutex_lock(&web.lock);
	for (i = 0; i < web.nr_paths; i++)
		if (!strcmp(web.paths[i].path, path))
			break;
	if (i == web.nr_paths && i < WEB_PATHS)
		web.paths[web.nr_paths++].path = xstrdup(path);
	tries = ++web.paths[i].tries;
	pthread_mutex_unlock(&web.lock);
	return tries;
}

/** How often a path was asked for. */
static int web_tries(const char *path)
{
	int i, tries = 0;

	pthread_mutex_lock(&web.lock);
	for (i = 0; i < web.nr_paths; i++)
		if (!strcmp(web.paths[i].path, path))
			tries = web.paths[i].tries;
	pthread_mutex_unlock(&web.lock);
	return tries;
}

static bool web_send(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	for (; len; at += n, len -= (size_t)n) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool web_say(int fd, const char *text)
{
	return web_send(fd, text, strlen(text));
}

static void web_answer(int fd, int status, const char *fields,
		       const char *body)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n%s"
		    "\r\n%s", status, strlen(body), fields, body);
	web_send(fd, text.buf, text.len);
	strbuf_release(&text);
}

static bool web_byte_of(int fd, char *c)
{
	return recv(fd, c, 1, 0) == 1;
}

static bool web_line(int fd, struct strbuf *line)
{
	char c;

	strbuf_reset(line);
	while (web_byte_of(fd, &c)) {
		if (c == '\n') {
			strbuf_trim(line);
			return true;
		}
		strbuf_addch(line, c);
	}
	return false;
}

static bool web_skip(struct web_request *r, size_t len)
{
	char buf[65536];
	ssize_t n;

	for (; len; len -= (size_t)n) {
		n = recv(r->fd, buf, MINIMUM(len, sizeof(buf)), 0);
		if (n <= 0)
			return false;
		r->len += (size_t)n;
		r->sum = web_sum(r->sum, buf, (size_t)n);
	}
	return true;
}

static bool web_read_head(struct web_request *r)
{
	struct strbuf line = STRBUF_INIT;
	bool good = web_line(r->fd, &line) &&
		    sscanf(line.buf, "%15s %2047s", r->method, r->path) == 2;
	size_t i;

	strbuf_reset(&r->head);
	r->len = r->sum = 0;
	while (good && web_line(r->fd, &line) && line.len) {
		for (i = 0; i < line.len && line.buf[i] != ':'; i++)
			line.buf[i] = (char)tolower(line.buf[i]);
		strbuf_addf(&r->head, "%s\n", line.buf);
	}
	r->chunked = strstr(r->head.buf, "transfer-encoding: chunked");
	r->expects = strstr(r->head.buf, "expect: 100-continue");
	strbuf_release(&line);
	return good;
}

static bool web_read_body(struct web_request *r)
{
	const char *length = strstr(r->head.buf, "content-length: ");
	struct strbuf line = STRBUF_INIT;
	size_t len = 1;
	bool good = true;

	if (r->expects)
		web_say(r->fd, "HTTP/1.1 100 Continue\r\n\r\n");
	if (!r->chunked)
		return !length || web_skip(r, strtoul(length + 16, NULL, 10));
	while (good && len) {
		good = web_line(r->fd, &line);
		len = strtoul(line.buf, NULL, 16);
		good = good && web_skip(r, len) && web_line(r->fd, &line);
	}
	strbuf_release(&line);
	return good;
}

static void web_bytes(int fd, size_t len, size_t given, bool chunked)
{
	char buf[65536];
	size_t at, n, i;
	char text[128];

	if (chunked)
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n");
	else
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n"
			 "Content-Length: %zu\r\n\r\n", len);
	web_send(fd, text, strlen(text));
	for (at = 0; at < given; at += n) {
		n = MINIMUM(given - at, sizeof(buf));
		for (i = 0; i < n; i++)
			buf[i] = (char)web_byte(at + i);
		snprintf(text, sizeof(text), "%zx\r\n", n);
		if (chunked && !web_send(fd, text, strlen(text)))
			return;
		if (!web_send(fd, buf, n))
			return;
		if (chunked)
			web_say(fd, "\r\n");
	}
	if (chunked)
		web_say(fd, "0\r\nx-trailer: late\r\n\r\n");
}

static void web_slow(int fd, long n, long ms)
{
	struct timespec pause_of = { 0, ms * 1000000 };
	char text[128];

	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n"
		 "Content-Length: %ld\r\n\r\n", n);
	web_send(fd, text, strlen(text));
	while (n-- > 0 && web_say(fd, "x"))
		nanosleep(&pause_of, NULL);
}

static void web_reset(int fd)
{
	struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void web_echo(struct web_request *r)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s %s\n%sbody %zu %zu\n", r->method, r->path,
		    r->head.buf, r->len, r->sum);
	web_answer(r->fd, 200, "Content-Type: text/plain\r\n", text.buf);
	strbuf_release(&text);
}

static void web_fields(int fd, long len)
{
	struct strbuf text = STRBUF_INIT;

	while ((long)text.len < len)
		strbuf_addstr(&text, "x-many: 01234567890123456789\r\n");
	web_answer(fd, 200, text.buf, "hello");
	strbuf_release(&text);
}

static void web_endless(int fd)
{
	char buf[65536] = "";

	web_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (web_send(fd, buf, sizeof(buf)))
		;
}

static bool is_path(const char *path, const char *verb, long *n)
{
	size_t len = strlen(verb);
	const char *at = path + len;
	int i;

	if (strncmp(path, verb, len) || (*at && !strchr("/?", *at)))
		return false;
	for (i = 0; i < 3; i++) {
		n[i] = *at == '/' ? strtol(at + 1, NULL, 10) : 0;
		at = *at ? at + 1 + strcspn(at + 1, "/") : at;
	}
	return true;
}

/* Answers one request. False: the connection ends. */
static bool web_do(struct web_request *r)
{
	int fd = r->fd, tries = web_try(r->path);
	char text[64] = "", c;
	long n[3];

	if (is_path(r->path, "/early", n)) {
		web_answer(fd, (int)n[0], "", "no");
		return false;
	}
	if (!web_read_body(r))
		return false;
	if (is_path(r->path, "/echo", n)) {
		web_echo(r);
	} else if (is_path(r->path, "/bytes", n)) {
		web_bytes(fd, (size_t)n[0], (size_t)n[0], false);
	} else if (is_path(r->path, "/chunks", n)) {
		web_bytes(fd, (size_t)n[0], (size_t)n[0], true);
	} else if (is_path(r->path, "/cut", n) && tries <= n[1]) {
		web_bytes(fd, (size_t)n[0], (size_t)n[0] / 2, false);
		return false;
	} else if (is_path(r->path, "/cut", n)) {
		web_bytes(fd, (size_t)n[0], (size_t)n[0], false);
	} else if (is_path(r->path, "/slow", n)) {
		web_slow(fd, n[0], n[1]);
	} else if (is_path(r->path, "/fields", n)) {
		web_fields(fd, n[0]);
	} else if (is_path(r->path, "/status", n) && tries <= n[1]) {
		if (n[2])
			snprintf(text, sizeof(text), "Retry-After: %ld\r\n",
				 n[2]);
		web_answer(fd, (int)n[0], text, "no");
	} else if (is_path(r->path, "/reset", n) && tries <= n[0]) {
		web_reset(fd);
		return false;
	} else if (is_path(r->path, "/silent", n) && tries <= n[0]) {
		while (web_byte_of(fd, &c))
			;
		return false;
	} else if (is_path(r->path, "/second", n) && r->nr > 1) {
		return false;
	} else if (is_path(r->path, "/moved", n)) {
		web_answer(fd, 302, "Location: /hello\r\n", "");
	} else if (is_path(r->path, "/endless", n)) {
		web_endless(fd);
		return false;
	} else if (is_path(r->path, "/switch", n)) {
		web_say(fd, "HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\n");
		return false;
	} else if (is_path(r->path, "/garbage", n)) {
		web_say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
		return false;
	} else {
		web_answer(fd, 200, "ETag: \"x\"\r\n", "hello");
	}
	return true;
}

static void *web_serve(void *data)
{
	struct web_request r = { .fd = (int)(intptr_t)data,
				 .head = STRBUF_INIT };

	while (web_read_head(&r)) {
		pthread_mutex_lock(&web.lock);
		web.requests++;
		pthread_mutex_unlock(&web.lock);
		r.nr++;
		if (!web_do(&r))
			break;
	}
	close(r.fd);
	strbuf_release(&r.head);
	pthread_mutex_lock(&web.lock);
	web.open--;
	pthread_mutex_unlock(&web.lock);
	return NULL;
}

static void *web_accept(void *data)
{
	pthread_t thread;
	int fd;

	while ((fd = accept4(web.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_mutex_lock(&web.lock);
		web.connections++;
		web.open++;
		pthread_mutex_unlock(&web.lock);
		if (pthread_create(&thread, NULL, web_serve,
				   (void *)(intptr_t)fd))
			abort();
		pthread_detach(thread);
	}
	return data;
}

static int web_connections(void)
{
	int nr;

	pthread_mutex_lock(&web.lock);
	nr = web.connections;
	pthread_mutex_unlock(&web.lock);
	return nr;
}

static void web_start(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	web.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (web.fd < 0 || bind(web.fd, (void *)&address, len) ||
	    listen(web.fd, 128) || getsockname(web.fd, (void *)&address, &len))
		abort();
	web.port = ntohs(address.sin_port);
	if (pthread_create(&web.thread, NULL, web_accept, NULL))
		abort();
}

/** To be called when no client is there any more. */
static void web_stop(void)
{
	struct timespec moment = { 0, 1000000 };
	int i, open_nr = 1;

	shutdown(web.fd, SHUT_RDWR);
	pthread_join(web.thread, NULL);
	close(web.fd);
	for (i = 0; open_nr && i < 5000; i++) {
		pthread_mutex_lock(&web.lock);
		open_nr = web.open;
		pthread_mutex_unlock(&web.lock);
		nanosleep(&moment, NULL);
	}
	for (i = 0; i < web.nr_paths; i++)
		free(web.paths[i].path);
	web.nr_paths = 0;
}

#endif
