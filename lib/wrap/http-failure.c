#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/http-internal.h"

/* What a server or a library says is quoted up to here. */
#define REASON_MAX 200

static const char *reason_of(const struct call *call)
{
	return *call->problem ? call->problem :
	       call->http->curl->easy_strerror(call->result);
}

/* A proxy that answers is no network that fails, unless it says so itself. */
static int proxy_failure(const struct call *call, const char *place,
			 struct strbuf *err)
{
	long status = 0;

	call->http->curl->easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE,
				       &status);
	if (status < 300)
		return 0;
	return fail(err, status_is_passing((int)status) ? ERR_TRANSIENT :
							   ERR_UNREACHABLE,
		    "the proxy refuses the way to '%s' with status %ld; see "
		    "HTTPS_PROXY and NO_PROXY", place, status);
}

/* Such a reason repeats the whole URL of the proxy, its password too. */
static bool is_about_proxy_url(const char *reason)
{
	return !strncmp(reason, "Unsupported proxy", 17);
}

static int trust_failure(const struct call *call, const char *place,
			 struct strbuf *err)
{
	return fail(err, ERR_UNREACHABLE, "cannot trust '%s': %.*s; set "
		    "http.ca-file when its certificate is of an authority of "
		    "your own", place, REASON_MAX, reason_of(call));
}

/* The library says it in words alone. Whoever does not speak TLS, or none that
 * we do, will not learn it; one that was cut off may. */
static int tls_failure(const struct call *call, const char *place,
		       struct strbuf *err)
{
	const char *reason = reason_of(call);

	if (strstr(reason, "wrong version number") ||
	    strstr(reason, "packet length too long"))
		return fail(err, ERR_UNREACHABLE, "what answers at '%s' does "
			    "not speak TLS; is it http://", place);
	return fail(err, strstr(reason, "alert") ||
		    strstr(reason, "unsupported protocol") ? ERR_UNREACHABLE :
							     ERR_TRANSIENT,
		    "no TLS with '%s': %.*s", place, REASON_MAX, reason);
}

static int ca_failure(const struct call *call, struct strbuf *err)
{
	const struct http *h = call->http;

	if (!h->ca_file)
		return fail(err, ERR_UNREACHABLE, "cannot read the "
			    "certificates of authorities: %.*s; set "
			    "http.ca-file", REASON_MAX, reason_of(call));
	return fail(err, ERR_USAGE, "cannot read the certificates in '%s' "
		    "(%s)", h->ca_file, h->ca_name);
}

/* Failures of our own functions, which libcurl knows as errors of its own. */
static int own_failure(const struct call *call, const char *place,
		       struct strbuf *err)
{
	const struct http_request *r = call->r;

	if (call->too_long)
		return fail(err, ERR_CONTENT, "the answer of '%s' is longer "
			    "than any that it should give", place);
	if (call->short_body)
		return fail(err, ERR_CONTENT, "what is sent to '%s' ended "
			    "after %" PRIu64 " of %" PRIu64 " bytes", place,
			    call->given, r->body_size);
	if (call->stalled)
		return fail(err, ERR_TRANSIENT, "nothing came from '%s' for "
			    "%u seconds", place, http_stall_of(call));
	return 0;
}

static int explain(const struct call *call, const char *place,
		   struct strbuf *err)
{
	const char *reason = reason_of(call);

	if (is_about_proxy_url(reason))
		return fail(err, ERR_UNREACHABLE, "the proxy on the way to "
			    "'%s' has a URL that is none; see HTTPS_PROXY and "
			    "HTTP_PROXY", place);
	switch (call->result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail(err, ERR_TRANSIENT, "cannot find the address of "
			    "'%s'; is its name right, and the network there",
			    place);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return fail(err, ERR_TRANSIENT, "cannot find the address of "
			    "the proxy on the way to '%s': %.*s; see "
			    "HTTPS_PROXY and NO_PROXY", place, REASON_MAX,
			    reason);
	case CURLE_COULDNT_CONNECT:
		return fail(err, ERR_TRANSIENT, "cannot connect to '%s': %.*s",
			    place, REASON_MAX, reason);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
		return trust_failure(call, place, err);
	case CURLE_SSL_CONNECT_ERROR:
		return tls_failure(call, place, err);
	case CURLE_SSL_CACERT_BADFILE:
		return ca_failure(call, err);
	case CURLE_URL_MALFORMAT:
		return fail(err, ERR_USAGE, "'%s' is no URL that can be asked",
			    place);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		if (!call->sends)
			return fail(err, ERR_USAGE, "'%s' is no URL of "
				    "http:// or https://", place);
		return fail(err, ERR_CONTENT, "what answers at '%s' does not "
			    "speak HTTP: %.*s", place, REASON_MAX, reason);
	case CURLE_ABORTED_BY_CALLBACK:
		reason = "it was closed before an answer came";
		break;
	default:
		break;
	}
	return fail(err, ERR_TRANSIENT, "the connection to '%s' failed: %.*s",
		    place, REASON_MAX, reason);
}

int call_failure(const struct call *call, struct strbuf *err)
{
	struct strbuf place = STRBUF_INIT;
	int ret;

	if (!call->result && call->head_done)
		return 0;
	http_place(&place, call->r->url);
	if (!call->result)
		ret = fail(err, ERR_CONTENT, "'%s' changed to something that "
			   "is not HTTP", place.buf);
	else
		ret = own_failure(call, place.buf, err);
	if (!ret && call->result != CURLE_COULDNT_CONNECT && !call->sends)
		ret = proxy_failure(call, place.buf, err);
	if (!ret)
		ret = explain(call, place.buf, err);
	strbuf_release(&place);
	return ret;
}
