#!/bin/sh

test_description='S3: answers that are none, and listings of anything'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-http.sh
. "$TEST_DIRECTORY"/lib-odd-answers.sh

test_expect_success 'setup' '
	start_odd_s3 && start_proxy "$ODD" &&
	AWS_ACCESS_KEY_ID=$ODD_KEY AWS_SECRET_ACCESS_KEY=$ODD_SECRET &&
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
	resutil -q init --storage-type=s3 -o bucket_name=lab \
		-o endpoint_url="$PROXY" --project-name=p &&
	make_exp $one && resutil push one && make_exp $two &&
	make_page
'

for status in 200 403 404
do
	test_expect_success "a web page with status $status is no S3" '
		answers $status text/html page &&
		case $status in 403) code=11 ;; *) code=12 ;; esac &&
		refused $code "$PROXY answers with status $status and a web page" \
			list-remote &&
		test_grep "endpoint_url" err &&
		refused $code "a web page" pull one &&
		for exp in one two
		do
			resutil -q push $exp >out 2>err
			case $? in
			11|12|13) ;;
			*) return 1 ;;
			esac
			test_line_count = 1 err || return 1
		done &&
		unchanged
	'
done

test_expect_success 'neither is a page to which requests are sent on' '
	proxy_rules "{\"status\": 302, \"fields\":
		{\"Location\": \"http://portal.lab/login?session=\\u001b[31m\"}}" &&
	refused 128 "status 302" list-remote && unchanged
'

test_expect_success 'text, nothing, and half an answer' '
	echo hello >text && answers 200 text/plain text &&
	refused 13 "cannot list .s3://lab" list-remote &&
	answers 200 application/xml &&
	refused 13 "cannot list .s3://lab" list-remote &&
	echo "<ListBucketResult><Contents><Key>p/x" >half &&
	answers 200 application/xml half &&
	refused 13 "cannot list .s3://lab" list-remote &&
	echo "<Nothing/>" >other && answers 200 application/xml other &&
	refused 13 "is no listing" list-remote && unchanged
'

test_expect_success 'bombs, foreign files, and depth' '
	cat >bomb <<-\EOF &&
	<?xml version="1.0"?>
	<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">
	<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
	<ListBucketResult><Name>&c;</Name></ListBucketResult>
	EOF
	answers 200 application/xml bomb &&
	refused 13 "declares a document type" list-remote &&
	cat >foreign <<-\EOF &&
	<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd">
	<ListBucketResult/>
	EOF
	answers 200 application/xml foreign &&
	refused 13 "declares a document type" list-remote &&
	awk "BEGIN { for (i = 0; i < 20000; i++) printf \"<a>\" }" >deep &&
	answers 200 application/xml deep &&
	refused 13 "nested too deep" list-remote && unchanged
'

test_expect_success 'an answer without an end' '
	awk "BEGIN { printf \"<ListBucketResult>\"
		for (i = 0; i < 400000; i++)
			printf \"<Contents><Key>p/%d</Key></Contents>\", i }" >long &&
	answers 200 application/xml long &&
	refused 13 "cannot list" list-remote && unchanged
'

test_expect_success 'the reason of the service is repeated: escaped, bounded' '
	{
		printf "<Error><Code>AccessDenied</Code><Message>Only from the" &&
		printf " VPN &lt;b&gt; &#x9b;31m\nnext " &&
		head -c 5000 /dev/zero | tr "\0" x &&
		printf "</Message></Error>"
	} >reason &&
	answers 403 application/xml reason &&
	refused 11 "AccessDenied: Only from the VPN <b>" list-remote &&
	test_grep "signed with keys of the environment" err &&
	refused 11 "AccessDenied: Only from the VPN" push two &&
	printf "<Error><Code>../../x y</Code><Message>m</Message></Error>" \
		>odd && answers 400 application/xml odd &&
	refused 128 "no S3 error" list-remote && unchanged
'

test_expect_success 'success that is an error' '
	echo "<Error><Code>AccessDenied</Code></Error>" >error &&
	answers 200 application/xml error &&
	refused 11 "AccessDenied" list-remote && unchanged
'

test_expect_success 'an object without a size or a version' '
	proxy_rules "{\"method\": \"HEAD\", \"answer\": {\"ETag\": null}}" &&
	refused 13 "tells no size or no ETag" push one && unchanged &&
	proxy_rules "{\"method\": \"HEAD\", \"answer\":
		{\"ETag\": \"\\\"a b\\\"\"}}" &&
	refused 13 "tells no size or no ETag" push one && unchanged
'

# listed JSON: what list-remote says when the bucket has these keys
listed () {
	odd_modes "{\"keys\": $1}" && resutil list-remote >out 2>err &&
	odd_modes "{}"
}

test_expect_success 'garbage names are passed over' '
	listed "[\"p/aapfcd_20240704T111556_%1b%5b31mred.zip\",
		\"p/../aapfcd_20240704T111556_x.zip\", \"/p/$one.zip\",
		\"p/aapfcd_20240704T111556_a%0ab.zip\",
		\"p/aapfcd_20240704T111556_%ff.zip\", \"p//$one.zip\", \"p/\",
		\"p/$one\", \"p/$one.zip/\", \"p/a/$one.zip\", \"p/%00.zip\",
		\"p/$one.zip\", \"q/$two.zip\", \"p/.zip\", \"\",
		\"p/aapfcd_20240704T111556_a%5cb.zip\"]" &&
	echo $one >want && test_cmp want out && test_must_be_empty err
'

test_expect_success 'what a person sees of them is escaped' '
	odd_modes "{\"keys\": [\"%1b%5b31mred\", \"a%0ab\", \"%c2%9b31m\"]}" &&
	resutil list-objects >out && odd_modes "{}" &&
	test_line_count = 3 out && test_grep ! "$ESC" out
'

test_expect_success 'a listing that turns in circles ends' '
	odd_modes "{\"many\": 3000, \"token\": \"same\"}" &&
	refused 13 "its listing goes on, and not where" list-remote &&
	odd_modes "{}" && unchanged
'

test_expect_success !SANITIZED 'a million objects of others need no memory' '
	odd_modes "{\"many\": 1000}" &&
	max-rss few resutil list-remote &&
	odd_modes "{\"many\": 1000000}" &&
	max-rss many resutil list-remote >out && test_must_be_empty out &&
	odd_modes "{}" &&
	test $(($(cat many) - $(cat few))) -lt 6000
'

test_done
