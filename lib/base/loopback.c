#include "lib/base/compat.h"
#include "lib/base/loopback.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"

/* Browsers open connections that they may need, and say nothing on them. */
#define CONNECTIONS 16
#define REQUEST_MAX (16u << 10)
/* What is polled. */
#define LISTENER CONNECTIONS
#define ASKER (LISTENER + 1)
#define POLLS (ASKER + 1)

struct connection {
	int fd;		/* -1: none */
	struct strbuf text;
};

struct loopback {
	int fd;
	unsigned port;
	struct connection c[CONNECTIONS];
	unsigned next;		/* is replaced when all are in use */
};

int loopback_open(struct loopback **out, unsigned port, struct strbuf *err)
{
	struct loopback *l = xcalloc(1, sizeof(*l));
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int one = 1, ret;
	size_t i;

	for (i = 0; i < CONNECTIONS; i++) {
		l->c[i].fd = -1;
		strbuf_init(&l->c[i].text);
	}
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* a port that was named and used a moment ago is free */
	if (l->fd < 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(l->fd, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(l->fd, CONNECTIONS) ||
	    getsockname(l->fd, (struct sockaddr *)&a, &len)) {
		ret = errno == EADDRINUSE ? ERR_CONFLICT : ERR_FAILED;
		fail(err, ret, "cannot listen at port %u of 127.0.0.1: %s%s",
		     port, strerror(errno), ret == ERR_CONFLICT ?
		     "; name another one" : "");
		loopback_close(l);
		return ret;
	}
	l->port = ntohs(a.sin_port);
	*out = l;
	return 0;
}

unsigned loopback_port(const struct loopback *l)
{
	return l->port;
}

static void connection_close(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	secret_reset(&c->text);
}

void loopback_close(struct loopback *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < CONNECTIONS; i++) {
		connection_close(&l->c[i]);
		strbuf_release(&l->c[i].text);
	}
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

/* ---- one request -------------------------------------------------------- */

/* The value of a field, to its line's end; NULL: it has none. */
static const char *find_field(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *p = strstr(text, "\r\n");

	for (; p; p = strstr(p, "\r\n")) {
		p += 2;
		if (!strncasecmp(p, name, len) && p[len] == ':')
			return p + len + 1 + strspn(p + len + 1, " \t");
	}
	return NULL;
}

/* Not a page of somebody else whose name leads here, too. */
static bool is_for_us(const struct loopback *l, const char *text)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };
	const char *host = find_field(text, "Host");
	char *want;
	size_t i;
	bool found = false;

	for (i = 0; host && !found && i < ARRAY_SIZE(names); i++) {
		want = xstrfmt("%s:%u\r\n", names[i], l->port);
		found = !strncasecmp(host, want, strlen(want));
		free(want);
	}
	return found;
}

static void answer(int fd, const char *status, const struct strbuf *page)
{
	struct strbuf text = STRBUF_INIT;
	ssize_t sent;

	strbuf_addf(&text, "HTTP/1.1 %s\r\n"
		    "Content-Type: text/html; charset=utf-8\r\n"
		    "Content-Length: %zu\r\nCache-Control: no-store\r\n"
		    "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
		    status, page->len);
	strbuf_addbuf(&text, page);
	/* small enough for what the system keeps of a connection */
	sent = send(fd, text.buf, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent >= 0)
		shutdown(fd, SHUT_WR);
	strbuf_release(&text);
}

/* A whole request. Returns what fn said. */
static bool serve(struct loopback *l, struct connection *c, loopback_fn fn,
		  void *data)
{
	static const char begin[] = "GET /?";
	struct strbuf page = STRBUF_INIT;
	char *text = c->text.buf, *end;
	const char *status = "404 Not Found";
	bool done = false;

	if (!is_for_us(l, text) || strlen(text) != c->text.len) {
		status = "400 Bad Request";
	} else if (!strncmp(text, begin, strlen(begin))) {
		end = text + strcspn(text, "\r");
		while (end > text && *end != ' ')
			end--;
		if (end < text + strlen(begin) || strncmp(end, " HTTP/1.", 8))
			goto send;
		*end = '\0';
		done = fn(data, text + strlen(begin), &page);
		status = done ? "200 OK" : "400 Bad Request";
	}
send:
	if (!page.len)
		strbuf_addstr(&page, "<!DOCTYPE html><title>resutil</title>"
			      "<p>Nothing is here.");
	answer(c->fd, status, &page);
	strbuf_release(&page);
	return done;
}

/* ---- all of them -------------------------------------------------------- */

static void accept_one(struct loopback *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned i;

	if (fd < 0)
		return;
	for (i = 0; i < CONNECTIONS && l->c[i].fd >= 0; i++)
		;
	if (i == CONNECTIONS) {
		i = l->next++ % CONNECTIONS;
		connection_close(&l->c[i]);
	}
	l->c[i].fd = fd;
	strbuf_grow(&l->c[i].text, REQUEST_MAX);
}

static bool read_some(struct loopback *l, struct connection *c,
		      loopback_fn fn, void *data)
{
	size_t room = REQUEST_MAX - c->text.len;
	ssize_t got = recv(c->fd, c->text.buf + c->text.len, room, 0);
	bool done = false;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0)
		strbuf_setlen(&c->text, c->text.len + (size_t)got);
	/* one that is too long, or ends before its end, is closed */
	if (got > 0 && memmem(c->text.buf, c->text.len, "\r\n\r\n", 4))
		done = serve(l, c, fn, data);
	else if (got > 0 && c->text.len < REQUEST_MAX)
		return false;
	connection_close(c);
	return done;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Those to be polled: of all connections, of new ones, and who asks. */
static void fill_polls(const struct loopback *l, int asker, struct pollfd *p)
{
	size_t i;

	for (i = 0; i < POLLS; i++) {
		p[i].fd = i < CONNECTIONS ? l->c[i].fd :
			  i == LISTENER ? l->fd : asker;
		p[i].events = i == ASKER ? 0 : POLLIN;
		p[i].revents = 0;
	}
}

int loopback_wait(struct loopback *l, unsigned seconds, int asker,
		  loopback_fn fn, void *data, struct strbuf *err)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000, left;
	struct pollfd p[POLLS];
	size_t i;

	while ((left = end - now_ms()) > 0) {
		fill_polls(l, asker, p);
		if (poll(p, POLLS, (int)MINIMUM(left, 60000)) < 0 &&
		    errno != EINTR)
			return fail_errno(err, "cannot wait for the browser");
		if (p[ASKER].revents & (POLLERR | POLLHUP))
			return fail(err, ERR_FAILED, "whoever waits for this "
				    "login is gone");
		for (i = 0; i < CONNECTIONS; i++)
			if (p[i].revents &&
			    read_some(l, &l->c[i], fn, data))
				return 0;
		if (p[LISTENER].revents)
			accept_one(l);
	}
	return fail(err, ERR_TRANSIENT, "nobody came back within %u seconds",
		    seconds);
}
