#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/http-internal.h"

/* Some hold what lets us in. */
void http_request_release(struct http_request *r)
{
	size_t i;

	for (i = 0; i < r->headers.nr; i++)
		explicit_bzero((char *)r->headers.v[i],
			       strlen(r->headers.v[i]));
	strvec_release(&r->headers);
}

void http_answer_release(struct http_answer *a)
{
	strvec_release(&a->fields);
	strbuf_release(&a->body);
}

/* ---- status and fields -------------------------------------------------- */

static void read_status(struct http_answer *a, const char *line)
{
	unsigned major = 0, minor = 0;
	const char *at = line + 5;	/* behind "HTTP/" */

	for (; isdigit((unsigned char)*at); at++)
		major = major < 10 ? major * 10 + (unsigned)(*at - '0') : 0;
	if (*at == '.')
		for (at++; isdigit((unsigned char)*at); at++)
			minor = minor < 10 ? (unsigned)(*at - '0') : 0;
	a->version = (int)(major * 10 + minor);
	at += strspn(at, " \t");
	a->status = 0;
	for (; isdigit((unsigned char)*at) && a->status < 100; at++)
		a->status = a->status * 10 + (*at - '0');
}

/* line[0..len), without its end. */
static void read_field(struct http_answer *a, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	struct strbuf field = STRBUF_INIT;
	const char *value;
	size_t i;

	if (!colon || colon == line)
		return;
	for (i = 0; line + i < colon; i++)
		strbuf_addch(&field, tolower((unsigned char)line[i]));
	strbuf_trim(&field);
	if (!field.len)
		goto cleanup;
	strbuf_addstr(&field, ": ");
	for (value = colon + 1; value < line + len; value++)
		if (*value != ' ' && *value != '\t')
			break;
	for (; len && strchr(" \t", line[len - 1]); len--)
		;
	if (value < line + len)
		strbuf_add(&field, value, (size_t)(line + len - value));
	strvec_push(&a->fields, field.buf);

cleanup:
	strbuf_release(&field);
}

void answer_read(struct http_answer *a, const struct strbuf *head)
{
	const char *at = head->buf, *end = head->buf + head->len, *stop;
	const char *retry;

	strvec_clear(&a->fields);
	a->status = 0;
	for (; at < end; at = stop + 1) {
		size_t len;

		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		len = (size_t)(stop - at);
		if (len && at[len - 1] == '\r')
			len--;
		/* A NUL in the middle ends the field. */
		len = strnlen(at, len);
		if (at == head->buf) {
			if (len > 5)
				read_status(a, at);
		} else if (len) {
			read_field(a, at, len);
		}
	}
	retry = http_field(a, "retry-after");
	a->retry_after = retry ?
		http_retry_after(retry, (int64_t)time(NULL)) : 0;
}

const char *http_field(const struct http_answer *a, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i < a->fields.nr; i++) {
		const char *field = a->fields.v[i];

		if (!strncmp(field, name, len) && field[len] == ':')
			return field + len + 2;
	}
	return NULL;
}

/* ---- what a status means ------------------------------------------------ */

bool status_is_passing(int status)
{
	switch (status) {
	case 408: case 429: case 500: case 502: case 503: case 504:
		return true;
	}
	return false;
}

int http_status_error(const struct http_answer *a)
{
	if (status_is_passing(a->status))
		return a->gave_up ? ERR_UNREACHABLE : ERR_TRANSIENT;
	switch (a->status) {
	case 401: case 403:
		return ERR_CREDENTIALS;
	case 404:
		return ERR_NOT_FOUND;
	case 409: case 412:
		return ERR_CONFLICT;
	}
	return ERR_FAILED;
}

/* ---- dates -------------------------------------------------------------- */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Digits, from `least` to `most` of them. */
static bool read_digits(const char **at, int *out, int least, int most)
{
	int n;

	*out = 0;
	for (n = 0; n < most && isdigit((unsigned char)**at); n++, (*at)++)
		*out = *out * 10 + (**at - '0');
	return n >= least;
}

static bool read_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool read_month(const char **at, int *month)
{
	for (*month = 0; *month < 12; (*month)++)
		if (!strncasecmp(*at, months + 3 * *month, 3)) {
			*at += 3;
			return true;
		}
	return false;
}

static bool read_time(const char **at, struct tm *tm)
{
	return read_digits(at, &tm->tm_hour, 2, 2) && read_char(at, ':') &&
	       read_digits(at, &tm->tm_min, 2, 2) && read_char(at, ':') &&
	       read_digits(at, &tm->tm_sec, 2, 2) && tm->tm_hour < 24 &&
	       tm->tm_min < 60 && tm->tm_sec < 61;
}

/* RFC 9110, 5.6.7: a year of two digits that would be more than 50 years
 * ahead is of the century before; 70 and later are told apart well enough. */
static bool read_year(const char **at, struct tm *tm)
{
	const char *from = *at;
	int year;

	if (!read_digits(at, &year, 2, 4) || *at - from == 3)
		return false;
	if (*at - from == 2)
		year += year < 70 ? 2000 : 1900;
	tm->tm_year = year - 1900;
	return true;
}

/* "06 Nov 1994 08:49:37 GMT", "06-Nov-94 08:49:37 GMT" */
static bool read_dmy(const char **at, struct tm *tm)
{
	char between = strchr(*at, '-') ? '-' : ' ';

	return read_digits(at, &tm->tm_mday, 1, 2) &&
	       read_char(at, between) && read_month(at, &tm->tm_mon) &&
	       read_char(at, between) && read_year(at, tm) &&
	       read_char(at, ' ') && read_time(at, tm) &&
	       (!strcmp(*at, " GMT") || !strcmp(*at, " UTC"));
}

/* "Nov  6 08:49:37 1994" */
static bool read_asctime(const char **at, struct tm *tm)
{
	bool good = read_month(at, &tm->tm_mon) && read_char(at, ' ');

	read_char(at, ' ');
	return good && read_digits(at, &tm->tm_mday, 1, 2) &&
	       read_char(at, ' ') && read_time(at, tm) &&
	       read_char(at, ' ') && read_year(at, tm) && !**at;
}

bool http_date(int64_t *sec, const char *text)
{
	struct tm tm = { 0 };
	const char *at = text;

	/* The name of the day says nothing. */
	while (isalpha((unsigned char)*at))
		at++;
	if (at == text)
		return false;
	if (read_char(&at, ',')) {
		if (!read_char(&at, ' ') || !read_dmy(&at, &tm))
			return false;
	} else if (!read_char(&at, ' ') || !read_asctime(&at, &tm)) {
		return false;
	}
	if (tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	*sec = (int64_t)timegm(&tm);
	return true;
}

uint64_t http_retry_after(const char *text, int64_t now)
{
	const uint64_t most = HTTP_RETRY_AFTER_MAX + 1;
	uint64_t seconds = 0;
	const char *at;
	int64_t when;

	for (at = text; isdigit((unsigned char)*at); at++)
		seconds = MINIMUM(seconds * 10 + (uint64_t)(*at - '0'), most);
	if (at > text)
		return *at ? 0 : seconds;
	if (!http_date(&when, text) || when <= now)
		return 0;
	return MINIMUM((uint64_t)(when - now), most);
}

/* ---- URLs --------------------------------------------------------------- */

void http_escape(struct strbuf *out, const char *text, size_t len,
		 bool is_path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c && strchr(plain, c)) || (is_path && c == '/')) {
			strbuf_addch(out, c);
		} else {
			strbuf_addch(out, '%');
			strbuf_addch(out, hex[c >> 4]);
			strbuf_addch(out, hex[c & 15]);
		}
	}
}

void http_place(struct strbuf *out, const char *url)
{
	const char *host = strstr(url, "://"), *end, *at;

	host = host ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	/* Who is asked is no secret, as whom may be. */
	for (at = end; at > host && at[-1] != '@'; at--)
		;
	strbuf_add(out, url, (size_t)(host - url));
	strbuf_add(out, at, (size_t)(end - at));
}
