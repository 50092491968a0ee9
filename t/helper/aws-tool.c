/*
 * Asks what commands ask: keys, regions, endpoints, signatures.
 *
 *	aws-tool [OPTIONS] keys [TIMES]	id, secret, token, expiry, origin
 *	aws-tool [OPTIONS] threads NR	the same by NR threads at once
 *	aws-tool [OPTIONS] expired	keys, refused; what came then
 *	aws-tool [OPTIONS] region|endpoint|bucket
 *	aws-tool sign|presign METHOD HOST PATH PAYLOAD NOW REGION [-q N=V]...
 *		[-H 'N: V']...	with the keys of the environment
 *	aws-tool [OPTIONS] crash		keys, then a crash
 *
 * OPTIONS: --base-dir=D --key-file=F --profile=P --anonymous --wait=SECONDS
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/http.h"
#include "t/helper/repeat.h"
#include "transport/aws/aws-credentials.h"
#include "transport/aws/sigv4.h"

#define PRESIGN_SECONDS 900

static struct aws_source source;
static struct aws_credentials *credentials;
static unsigned pause_seconds;

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static int show_keys(void)
{
	struct aws_keys k = AWS_KEYS_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = aws_credentials_get(credentials, &k, &err);

	if (ret)
		error("%s", err.buf);
	else if (k.anonymous)
		printf("anonymous\t%s\n", aws_credentials_origin(credentials));
	else
		printf("%s\t%s\t%s\t%" PRId64 "\t%s\n", k.id, k.secret,
		       or_none(k.token), k.expires,
		       aws_credentials_origin(credentials));
	fflush(stdout);
	aws_keys_release(&k);
	strbuf_release(&err);
	return ret;
}

static int show_expired(void)
{
	struct aws_keys k = AWS_KEYS_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = aws_credentials_get(credentials, &k, &err);

	if (ret) {
		error("%s", err.buf);
	} else {
		printf("%s\n", k.anonymous ? "anonymous" : k.id);
		fflush(stdout);
		if (pause_seconds)
			sleep(pause_seconds);
		printf("%s\n", aws_credentials_expired(credentials, &k) ?
		       "useful" : "useless");
		ret = show_keys();
	}
	aws_keys_release(&k);
	strbuf_release(&err);
	return ret;
}

static int show_found(int (*find)(const struct aws_source *, char **,
				  struct strbuf *))
{
	struct strbuf err = STRBUF_INIT;
	char *text = NULL;
	int ret = find(&source, &text, &err);

	if (ret)
		error("%s", err.buf);
	else
		printf("%s\n", or_none(text));
	free(text);
	strbuf_release(&err);
	return ret;
}

static int sign(bool in_query, const char **argv)
{
	struct strvec query = STRVEC_INIT, headers = STRVEC_INIT,
		      out = STRVEC_INIT;
	struct strbuf url = STRBUF_INIT, err = STRBUF_INIT;
	struct aws_keys k = AWS_KEYS_INIT;
	struct sigv4_request r = { argv[0], argv[1], argv[2], &query, &headers,
				   argv[3] };
	struct sigv4 s = { argv[5], "s3", strtoll(argv[4], NULL, 10) };
	size_t i;
	int ret;

	for (argv += 6; argv[0] && argv[1]; argv += 2)
		strvec_push(!strcmp(argv[0], "-q") ? &query : &headers,
			    argv[1]);
	ret = aws_credentials_get(credentials, &k, &err);
	if (!ret && in_query)
		ret = sigv4_query(&url, &s, &k, &r, PRESIGN_SECONDS, &err);
	else if (!ret)
		ret = sigv4_headers(&out, &s, &k, &r, &err);
	if (ret)
		error("%s", err.buf);
	if (url.len)
		printf("%s\n", url.buf);
	for (i = 0; i < out.nr; i++)
		printf("%s\n", out.v[i]);
	aws_keys_release(&k);
	strvec_release(&query);
	strvec_release(&headers);
	strvec_release(&out);
	strbuf_release(&url);
	strbuf_release(&err);
	return ret;
}

static int act(int argc, const char **argv)
{
	const char *verb = argv[0];

	if (!strcmp(verb, "keys"))
		return repeat_in_turn(show_keys, argv[1], pause_seconds);
	if (!strcmp(verb, "threads") && argc == 2)
		return repeat_at_once(show_keys, argv[1]);
	if (!strcmp(verb, "expired"))
		return show_expired();
	if (!strcmp(verb, "region"))
		return show_found(aws_find_region);
	if (!strcmp(verb, "endpoint"))
		return show_found(aws_find_endpoint);
	if (!strcmp(verb, "bucket"))
		return show_found(aws_find_bucket);
	if (!strcmp(verb, "sign") && argc >= 7)
		return sign(false, argv + 1);
	if (!strcmp(verb, "presign") && argc >= 7)
		return sign(true, argv + 1);
	if (!strcmp(verb, "crash")) {
		show_keys();
		raise(SIGSEGV);
	}
	die("unknown words");
}

static bool take_option(const char *word)
{
	const char *value = strchr(word, '=');

	value = value ? value + 1 : "";
	if (!strncmp(word, "--base-dir=", 11))
		source.base_dir = value;
	else if (!strncmp(word, "--key-file=", 11))
		source.key_file = value;
	else if (!strncmp(word, "--profile=", 10))
		source.profile = value;
	else if (!strncmp(word, "--wait=", 7))
		pause_seconds = (unsigned)strtoul(value, NULL, 10);
	else if (!strcmp(word, "--anonymous"))
		source.anonymous = true;
	else
		return false;
	return true;
}

static void warn_of(const char *text)
{
	warning("%s", text);
}

int main(int argc, const char **argv)
{
	struct http_options options = { .patience = 2 };
	struct strbuf err = STRBUF_INIT;
	struct http *http = NULL;
	int ret;

	notice_to(warn_of);
	for (argc--, argv++; argc && take_option(*argv); argc--, argv++)
		;
	if (!argc)
		die("no words");
	ret = http_open(&http, &options, &err);
	if (ret)
		die_code(ret, &err);
	source.http = http;
	aws_credentials_new(&credentials, &source);
	ret = act(argc, argv);
	aws_credentials_free(credentials);
	http_close(http);
	strbuf_release(&err);
	return exit_status_of(ret);
}
