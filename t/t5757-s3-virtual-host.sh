#!/bin/sh

test_description='S3: buckets by host names, and by paths'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

# Names below localhost lead to the loopback interface.
at () {
	echo "s3://$1?endpoint_url=http://s3.localhost:$S3_PORT&addressing=$2"
}

# hosts: those of the requests in the trace
hosts () {
	sed -n "s/^.*http:\/\/\([^/]*\)\/.*/\1/p" "$1" | sort -u
}

test_expect_success 'setup: a server that knows its name' '
	start_radosgw "rgw dns name = s3.localhost" &&
	make_bucket lab dotted.bucket && unset AWS_ENDPOINT_URL &&
	echo hello >file && head -c 9000000 /dev/urandom >large
'

for how in virtual path
do
	test_expect_success "$how: objects are put, listed, read and removed" '
		store=$(at lab $how) &&
		(
			RESUTIL_TRACE_HTTP=$PWD/trace.$how &&
			export RESUTIL_TRACE_HTTP &&
			for key in "a b+c/é~!" large
			do
				source=large &&
				test "$key" = large || source=file &&
				resutil put-object --remote "$store" --absent \
					"$key" $source >/dev/null &&
				resutil get-object --remote "$store" "$key" >got &&
				cmp $source got || exit 1
			done &&
			resutil list-objects --remote "$store" \
				--format "%(key)" >keys &&
			printf "%s\n" "a b+c/é~!" large >want && test_cmp want keys
		) &&
		s3_ask GET /lab/large >got 2>/dev/null && cmp large got &&
		resutil remove-object --remote "$store" "a b+c/é~!" &&
		resutil remove-object --remote "$store" large &&
		resutil list-objects --remote "$store" >keys &&
		test_must_be_empty keys
	'
done

test_expect_success 'the bucket is in the host, or in the path' '
	hosts trace.virtual >got && echo "lab.s3.localhost:$S3_PORT" >want &&
	test_cmp want got &&
	hosts trace.path >got && echo "s3.localhost:$S3_PORT" >want &&
	test_cmp want got
'

test_expect_success 'auto: by path, at an endpoint of ones own' '
	(
		RESUTIL_TRACE_HTTP=$PWD/trace.auto && export RESUTIL_TRACE_HTTP &&
		resutil list-objects --remote "$(at lab auto)"
	) &&
	hosts trace.auto >got && test_cmp want got
'

test_expect_success 'a bucket with a dot in its name' '
	for how in virtual path auto
	do
		store=$(at dotted.bucket $how) &&
		resutil put-object --remote "$store" k file >/dev/null &&
		resutil get-object --remote "$store" k >got && cmp file got ||
		return 1
	done
'

test_expect_success 'a project whose conf says so' '
	resutil --no-interactive init --project-name proj --storage-type s3 \
		-o bucket_name=lab -o addressing=virtual \
		-o endpoint_url="http://s3.localhost:$S3_PORT" >out &&
	name=$(resutil add one) && echo data >"results/$name/data" &&
	(
		RESUTIL_TRACE_HTTP=$PWD/trace.conf && export RESUTIL_TRACE_HTTP &&
		resutil push one && resutil list-remote >got
	) &&
	echo "$name" >want && test_cmp want got &&
	hosts trace.conf >got && echo "lab.s3.localhost:$S3_PORT" >want &&
	test_cmp want got &&
	resutil url one >url && test_grep "^http://lab.s3.localhost:$S3_PORT/proj/" url
'

test_expect_success 'a URL by host is read by anybody' '
	cat >read.py <<-\END &&
	import shutil, sys, urllib.request
	from urllib.parse import urlsplit
	at = urlsplit(sys.argv[1])
	host = at.netloc
	ask = urllib.request.Request(sys.argv[1].replace(
	    host, "127.0.0.1:%d" % at.port, 1), headers={"Host": host})
	shutil.copyfileobj(urllib.request.urlopen(ask), sys.stdout.buffer)
	END
	env -u AWS_SECRET_ACCESS_KEY /usr/bin/python3 read.py "$(cat url)" >pack &&
	unzip -p pack data >got && echo data >want && test_cmp want got
'

test_expect_success 'an addressing that there is not' '
	test_expect_code 129 resutil list-objects --remote "$(at lab sideways)" \
		2>err && test_grep "sideways" err && test_line_count = 1 err
'

test_done
