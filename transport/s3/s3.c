/*
 * A store that is a bucket of S3, of AWS or of any service that speaks it.
 * Source: Amazon S3 API Reference.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/s3-conf.h"
#include "lib/base/store-conf.h"
#include "transport/object.h"
#include "transport/s3/s3-internal.h"
#include "transport/aws/sigv4.h"

#define REGION_DEFAULT "us-east-1"
#define AWS_DOMAIN "amazonaws.com"

struct s3_store *s3_store_of(struct transport *t)
{
	return (struct s3_store *)t;
}

/* ---- settings ----------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

/* Without the port: whether it is one of AWS. */
static bool is_aws_host(const char *host)
{
	return ends_with(host, "." AWS_DOMAIN) ||
	       ends_with(host, "." AWS_DOMAIN ".cn");
}

/*
 * "s3.REGION.amazonaws.com", as people copy it, is what is asked by default, so
 * that a bucket that is elsewhere is followed there, too. *region: unless it
 * is known already.
 */
static bool is_plain_aws(const char *host, char **region)
{
	const char *at = host + 3;
	size_t len;

	if (strncmp(host, "s3.", 3))
		return false;
	if (!strcmp(at, AWS_DOMAIN))
		return true;
	len = strcspn(at, ".");
	if (strcmp(at + len, "." AWS_DOMAIN) &&
	    strcmp(at + len, "." AWS_DOMAIN ".cn"))
		return false;
	if (!*region)
		*region = xmemdupz(at, len);
	return true;
}

/* What goes into Host and the signature: without a port that goes without
 * saying, as libcurl does it. */
static void set_endpoint(struct s3_store *s, const char *url)
{
	bool tls = !strncasecmp(url, "https://", 8);
	const char *host = url + (tls ? 8 : 7);
	size_t len = strcspn(host, "/"), path_len = strlen(host + len);
	const char *usual = tls ? ":443" : ":80";

	s->scheme = xstrdup(tls ? "https" : "http");
	while (path_len && host[len + path_len - 1] == '/')
		path_len--;
	s->base_path = xmemdupz(host + len, path_len);
	s->host = xmemdupz(host, len);
	if (ends_with(s->host, usual))
		s->host[len - strlen(usual)] = '\0';
}

/* Where the requests go: as it is set, or AWS. */
static int find_endpoint(struct s3_store *s, const struct transport_config *c,
			 const struct aws_source *source, struct strbuf *err)
{
	char *url = store_conf_text(c->config, "endpoint_url"), *region = NULL;
	int ret = 0;

	s->region = store_conf_text(c->config, "region");
	if (!url)
		ret = aws_find_endpoint(source, &url, err);
	if (!ret && url)
		ret = s3_check_endpoint(url, err);
	if (!ret && !s->region)
		ret = aws_find_region(source, &s->region, err);
	if (!ret && s->region)
		ret = s3_check_region(s->region, err);
	if (ret)
		goto cleanup;
	set_endpoint(s, url ? url : "https://s3." AWS_DOMAIN);
	s->is_aws = !*s->base_path && is_plain_aws(s->host, &region);
	if (s->is_aws) {
		free(s->host);
		s->host = xstrdup(AWS_DOMAIN);
	}
	if (!s->region)
		s->region = region ? region : xstrdup(REGION_DEFAULT);
	else
		free(region);

cleanup:
	free(url);
	return ret;
}

static int find_bucket(struct s3_store *s, const struct transport_config *c,
		       const struct aws_source *source, struct strbuf *err)
{
	int ret;

	s->bucket = store_conf_text(c->config, "bucket_name");
	if (s->bucket)
		return 0;
	ret = aws_find_bucket(source, &s->bucket, err);
	if (!ret && !s->bucket)
		ret = fail(err, ERR_USAGE, "storage_config lacks "
			   "'bucket_name', which storage_type 's3' needs, "
			   "and S3_BUCKET_NAME is not set");
	return ret ? ret : s3_check_bucket(s->bucket, err);
}

/*
 * A bucket can stand before the host where it may be a part of a host's name,
 * and a wildcard certificate covers no dots. Services of one's own often have
 * no such names.
 */
static bool wants_path_style(const struct s3_store *s, const char *addressing)
{
	if (addressing && !strcmp(addressing, "path"))
		return true;
	if (addressing && !strcmp(addressing, "virtual"))
		return false;
	return !(s->is_aws || is_aws_host(s->host)) || strlen(s->bucket) > 63 ||
	       s->bucket[strspn(s->bucket, "abcdefghijklmnopqrstuvwxyz"
				"0123456789-")];
}

static void set_prefix(struct s3_store *s, char *prefix)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addstr(&path, prefix ? prefix + strspn(prefix, "/") : "");
	while (path.len && path.buf[path.len - 1] == '/')
		strbuf_setlen(&path, path.len - 1);
	s->base.url = xstrfmt("s3://%s%s%s", s->bucket, path.len ? "/" : "",
			      path.buf);
	strbuf_complete_slash(&path);
	s->prefix = strbuf_detach(&path, NULL);
	free(prefix);
}

static void s3_release(struct transport *t)
{
	struct s3_store *s = s3_store_of(t);

	aws_credentials_free(s->credentials);
	http_close(s->http);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->probing);
	free(s->base.url);
	free(s->bucket);
	free(s->prefix);
	free(s->scheme);
	free(s->host);
	free(s->base_path);
	free(s->region);
	free(s);
}

static int configure(struct s3_store *s, const struct transport_config *c,
		     struct strbuf *err)
{
	struct http_options options = c->http;
	char *key_file = store_conf_text(c->config, "key_file_path");
	char *profile = store_conf_text(c->config, "profile");
	char *addressing = store_conf_text(c->config, "addressing");
	struct aws_source source = {
		.base_dir = c->base_dir, .key_file = key_file,
		.profile = profile, .anonymous = s3_conf_anonymous(c->config),
	};
	int ret;

	options.patience = s->patience = c->patience;
	ret = s3_conf_check(c->config, err);
	if (!ret)
		ret = find_bucket(s, c, &source, err);
	if (!ret)
		ret = find_endpoint(s, c, &source, err);
	/* What the tools of AWS are told about authorities. */
	if (!ret && !options.ca_file && !strcmp(s->scheme, "https"))
		options.ca_file = getenv("AWS_CA_BUNDLE");
	if (!ret)
		ret = http_open(&s->http, &options, err);
	if (ret)
		goto cleanup;
	s->has_sums = s->is_aws || is_aws_host(s->host);
	s->conditions_known = s->has_sums ||
			      ends_with(s->host, ".r2.cloudflarestorage.com");
	s->path_style = wants_path_style(s, addressing);
	set_prefix(s, store_conf_text(c->config, "prefix"));
	source.http = s->http;
	aws_credentials_new(&s->credentials, &source);

cleanup:
	free(key_file);
	free(profile);
	free(addressing);
	return ret;
}

static int s3_open(struct transport **out, const struct transport_config *c,
		   struct strbuf *err)
{
	struct s3_store *s = xcalloc(1, sizeof(*s));
	int ret;

	s->base.ops = &transport_s3;
	s->base.caps = transport_s3.caps;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->probing, NULL);
	ret = configure(s, c, err);
	if (ret) {
		s3_release(&s->base);
		return ret;
	}
	*out = &s->base;
	return 0;
}

void s3_lacks(struct s3_store *s, unsigned cap)
{
	static bool told;

	__atomic_fetch_and(&s->base.caps, ~cap, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	notice("'%s' does not know conditional writes, so it is looked at "
	       "before and after each; two who write one name in the same "
	       "moment may not notice each other", s->base.url);
}

/* ---- addresses ---------------------------------------------------------- */

char *s3_region(struct s3_store *s, int64_t *now)
{
	const char *off = getenv("RESUTIL_TEST_S3_CLOCK");
	char *region;

	pthread_mutex_lock(&s->lock);
	region = xstrdup(s->region);
	if (now)
		*now = (int64_t)time(NULL) + s->skew +
			(off ? strtoll(off, NULL, 10) : 0);
	pthread_mutex_unlock(&s->lock);
	return region;
}

void s3_address(const struct s3_store *s, const char *region, const char *key,
		struct strbuf *host, struct strbuf *path)
{
	if (!s->path_style)
		strbuf_addf(host, "%s.", s->bucket);
	if (s->is_aws)
		strbuf_addf(host, "s3.%s.%s%s", region, s->host,
			    strncmp(region, "cn-", 3) ? "" : ".cn");
	else
		strbuf_addstr(host, s->host);
	strbuf_addstr(path, s->base_path);
	if (s->path_style)
		strbuf_addf(path, "/%s", s->bucket);
	if (key || !s->path_style)
		strbuf_addch(path, '/');
	if (key) {
		http_escape(path, s->prefix, strlen(s->prefix), true);
		http_escape(path, key, strlen(key), true);
	}
}

/* ---- stat --------------------------------------------------------------- */

int s3_stat(struct transport *t, const char *key, struct object *out,
	    struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct s3_call c = S3_CALL_INIT("HEAD", key);
	struct object o = OBJECT_INIT, old;
	int ret;

	/* Some services refuse what they do not know. */
	if (__atomic_load_n(&s->has_sums, __ATOMIC_RELAXED))
		strvec_push(&c.headers, "x-amz-checksum-mode: ENABLED");
	ret = s3_call(s, &c, err);
	if (!ret)
		ret = s3_stat_read(s, &c, &o, err);
	if (!ret) {
		old = *out;
		*out = o;
		o = old;
	}
	object_release(&o);
	s3_call_release(&c);
	return ret;
}

/* ---- remove, presign ---------------------------------------------------- */

/* Whether it is there, and of that version (NULL: of any). */
static int check_version(struct s3_store *s, const char *key,
			 const char *version, struct strbuf *err)
{
	struct object there = OBJECT_INIT;
	int ret = s3_stat(&s->base, key, &there, err);

	if (!ret && version && strcmp(version, there.version))
		ret = object_fail_changed(&s->base, key, err);
	object_release(&there);
	return ret;
}

/*
 * S3 says nothing of a key that was not there, so it is looked at first. That
 * it is still the version, services decide that know If-Match here; others
 * refuse it, or read it in a way of their own.
 */
static int s3_remove(struct transport *t, const char *key,
		     const char *version, struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct s3_call c = S3_CALL_INIT("DELETE", key);
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = check_version(s, key, version, err);
	if (ret)
		goto cleanup;
	if (version)
		s3_add_match(&c.headers, "If-Match", version);
	/* With a version, with-retry.c looks what became of it. */
	c.flags = version ? 0 : HTTP_REPEATABLE;
	ret = s3_call(s, &c, &why);
	if (ret && version &&
	    (s3_is_unsupported(&c) ||
	     (c.answer.status == 412 &&
	      !check_version(s, key, version, NULL)))) {
		strvec_clear(&c.headers);
		strbuf_reset(&why);
		ret = s3_call(s, &c, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);

cleanup:
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}

/* Once, for all that are signed. */
static void tell_end(const struct aws_keys *k, int64_t until)
{
	static bool told;
	struct moment end = { k->expires, 0, 0 };
	struct strbuf text = STRBUF_INIT;

	if (!k->expires || until <= k->expires ||
	    __atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	moment_format_utc(&text, &end);
	notice("a URL holds no longer than the keys that sign it: until %s",
	       text.buf);
	strbuf_release(&text);
}

static int s3_presign(struct transport *t, const char *key, unsigned seconds,
		      struct strbuf *url, struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct strbuf host = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf query = STRBUF_INIT;
	struct aws_keys keys = AWS_KEYS_INIT;
	struct sigv4 sign = { .service = "s3" };
	struct strvec none = STRVEC_INIT;
	struct sigv4_request r = {
		.method = "GET", .query = &none, .payload = SIGV4_UNSIGNED
	};
	char *region = s3_region(s, &sign.now);
	int ret;

	s3_address(s, region, key, &host, &path);
	sign.region = region;
	r.host = host.buf;
	r.path = path.buf;
	ret = aws_credentials_get(s->credentials, &keys, err);
	if (!ret && !keys.anonymous)
		ret = sigv4_query(&query, &sign, &keys, &r, seconds, err);
	if (!ret)
		tell_end(&keys, sign.now + seconds);
	if (!ret)
		strbuf_addf(url, "%s://%s%s%s%s", s->scheme, host.buf,
			    path.buf, query.len ? "?" : "", query.buf);
	aws_keys_release(&keys);
	strbuf_release(&query);
	strbuf_release(&path);
	strbuf_release(&host);
	free(region);
	return ret;
}

const struct transport_ops transport_s3 = {
	.type = "s3",
	.caps = TRANSPORT_CAN_COPY | TRANSPORT_CAN_PRESIGN |
		TRANSPORT_CAN_CREATE | TRANSPORT_CAN_COMPARE |
		TRANSPORT_CAN_RESUME | TRANSPORT_CAN_META |
		TRANSPORT_CAN_SUMS | TRANSPORT_CAN_PRUNE | TRANSPORT_IS_FAR,
	.open = s3_open,
	.list = s3_list,
	.stat = s3_stat,
	.get = s3_get,
	.put = s3_put,
	.withdraw = s3_withdraw,
	.remove = s3_remove,
	.remove_many = s3_remove_many,
	.copy = s3_copy,
	.presign = s3_presign,
	.rests = s3_rests,
	.prune = s3_prune,
	.release = s3_release,
};
