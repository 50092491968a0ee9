#!/bin/sh

test_description='S3 that is not there, is elsewhere, or cannot be trusted'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-radosgw.sh

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two

# refused STATUS TEXT COMMAND...: one line says TEXT
refused () {
	refused_status=$1 refused_text=$2
	shift 2
	test_expect_code "$refused_status" resutil -q "$@" >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "$refused_text" err
}

# at URL: the bucket there
at () {
	echo "s3://lab?endpoint_url=$1"
}

test_expect_success 'setup' '
	start_odd_s3 && plain=$ODD && AWS_ACCESS_KEY_ID=$ODD_KEY &&
	AWS_SECRET_ACCESS_KEY=$ODD_SECRET &&
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
	resutil -q init --storage-type=s3 -o bucket_name=lab \
		-o endpoint_url="$ODD" --project-name=p &&
	make_exp $one && make_exp $two && resutil push one &&
	make_ca ca && for cert in good old
	do
		case $cert in
		old)	end="-enddate 20200101000000Z" ;;
		*)	end= ;;
		esac &&
		make_cert ca $cert DNS:localhost,IP:127.0.0.1 $end || return 1
	done &&
	make_cert ca elsewhere DNS:elsewhere.lab
'

test_expect_success 'a bucket that is not there' '
	for command in list-remote "push two" "pull one" "stat-remote one" \
		"url one" "get-object p/$one.zip" "send-pack two"
	do
		refused 12 "no bucket .missing. at .$ODD.; make it, or" \
			$command --remote "s3://missing?endpoint_url=$ODD" ||
		return 1
	done &&
	refused 12 "no bucket .missing." \
		clone "s3://missing/p?endpoint_url=$ODD" cloned &&
	test_path_is_missing cloned
'

test_expect_success 'a project that is not there names those that are' '
	refused 10 "there may be some of: .p." \
		clone "s3://lab/q?endpoint_url=$ODD" cloned &&
	test_path_is_missing cloned
'

for wrong in 400 301 bare
do
	test_expect_success "a bucket in another region is found ($wrong)" '
		odd_modes "{\"region\": \"eu-north-9\", \"wrong\": \"$wrong\"}" &&
		echo $one >want && resutil list-remote >got &&
		test_cmp want got &&
		resutil push one && resutil push two && resutil pull two &&
		resutil rm -r -y two && odd_modes "{}" && make_exp $two
	'
done

test_expect_success 'a place that is not the bucket is not followed' '
	odd_modes "{\"region\": \"eu-north-9\", \"wrong\": \"307\",
		\"location\": \"http://evil.lab/lab\"}" &&
	resutil -q list-remote >out && echo $one >want && test_cmp want out &&
	test_must_fail grep evil "$ODD_LOG" && odd_modes "{}"
'

test_expect_success 'a region that is none is not asked' '
	odd_modes "{\"region\": \"evil.lab/\", \"wrong\": \"bare\"}" &&
	test_expect_code 128 resutil list-remote 2>err &&
	test_grep "status 301; correct .endpoint_url. or .region." err &&
	odd_modes "{}"
'

for skew in 90000 -90000
do
	test_expect_success "a clock that is $skew s off is no obstacle" '
		odd_modes "{\"skew\": $skew}" &&
		resutil list-remote >got 2>err &&
		echo $one >want && test_cmp want got &&
		test_line_count = 1 err &&
		test_grep "clock of this machine is [89][0-9]* seconds" err &&
		resutil push two && resutil url one >url &&
		test "$(curl -sS -o pack.zip -w "%{http_code}" "$(cat url)")" \
			= 200 &&
		resutil rm -r -y two && odd_modes "{}" && make_exp $two
	'
done

test_expect_success 'and where the clock of the service is not told, that is said' '
	start_proxy "$ODD" && odd_modes "{\"skew\": 90000}" &&
	proxy_rules "{\"answer\": {\"Date\": null}}" &&
	refused 11 "refuses the time of the request.*set the clock" \
		list-remote --remote "$(at $PROXY)" &&
	odd_modes "{}"
'

test_expect_success 'an authority that nobody knows' '
	start_odd_s3 --cert="$PWD"/ca/good.pem && tls=$ODD &&
	refused 12 "cannot trust .$tls.*http.ca-file" \
		list-remote --remote "$(at $tls)" &&
	refused 12 "cannot trust .$tls" push one --remote "$(at $tls)" &&
	test_must_be_empty "$ODD_LOG" &&
	resutil -c http.ca-file="$PWD"/ca/ca.pem push one \
		--remote "$(at $tls)" &&
	SSL_CERT_FILE="$PWD"/ca/ca.pem resutil list-remote \
		--remote "$(at $tls)" >out && test_line_count = 1 out &&
	mkdir -p "$HOME"/.config/resutil &&
	echo "{http: {ca-file: $PWD/ca/ca.pem}}" \
		>"$HOME"/.config/resutil/config.yaml &&
	resutil list-remote --remote "$(at $tls)" >out &&
	test_line_count = 1 out && rm "$HOME"/.config/resutil/config.yaml
'

test_expect_success 'certificates that have expired, or are of somebody else' '
	for cert in old elsewhere
	do
		start_odd_s3 --cert="$PWD"/ca/$cert.pem &&
		refused 12 "cannot trust .$ODD" \
			-c http.ca-file="$PWD"/ca/ca.pem \
			list-remote --remote "$(at $ODD)" || return 1
	done &&
	test_grep "elsewhere\|subject\|name" err
'

test_expect_success 'what does not speak TLS is not asked for long' '
	start=$(date +%s) &&
	refused 12 "does not speak TLS; is it http://" \
		list-remote --remote "$(at "https${plain#http}")" &&
	test $(($(date +%s) - start)) -lt 20
'

test_expect_success 'a file of authorities that is not there, or is none' '
	refused 129 "/nowhere. (http.ca-file)" -c http.ca-file=/nowhere \
		list-remote &&
	echo junk >junk.pem &&
	refused 129 "junk.pem. (http.ca-file)" \
		-c http.ca-file="$PWD"/junk.pem \
		list-remote --remote "$(at $tls)"
'

test_expect_success 'nobody there, no such host, no proxy' '
	port=$(free_port) &&
	refused 12 "cannot connect to .http://127.0.0.1:$port" list-remote \
		--timeout 5 --remote "$(at http://127.0.0.1:$port)" &&
	# no name server is asked for what cannot be a name
	nobody=$(printf "nobody%064d" 0) &&
	refused 12 "cannot find the address of .http://$nobody" \
		list-remote --timeout 5 --remote "$(at http://$nobody)" &&
	(
		http_proxy=http://127.0.0.1:$port &&
		export http_proxy &&
		refused 12 "127.0.0.1 port $port" list-remote --timeout 5 \
			--remote "$(at http://nobody.invalid)"
	)
'

test_expect_success 'a proxy that refuses' '
	start_proxy "$plain" && proxy_rules "{\"status\": 407}" &&
	(
		https_proxy=$PROXY && export https_proxy &&
		refused 12 "the proxy refuses.*407.*HTTPS_PROXY" list-remote \
			--remote "$(at https://nobody.invalid)"
	)
'

# offline PORT: origin is where nobody is
offline () {
	sed -i "s,endpoint_url: .*,endpoint_url: http://127.0.0.1:$1," \
		resutil-conf.yaml
}

test_expect_success 'a run without a network is kept, with its own status' '
	mkdir trip && cd trip &&
	resutil -q init --offline --storage-type=s3 -o bucket_name=lab \
		-o endpoint_url=http://127.0.0.1:1 --project-name=trip &&
	unset RESUTIL_NO_REMOTE &&
	offline "$(free_port)" &&
	test_expect_code 3 resutil run -m away -- \
		sh -c "echo 1 >\"\$RESUTIL_EX_DIR\"/x; exit 3" >out 2>err &&
	test_grep "cannot connect" err && test_grep "resutil push" err &&
	resutil run -m off --no-push -- true && RESUTIL_NO_REMOTE=1 &&
	export RESUTIL_NO_REMOTE && resutil list-exps >exps &&
	test_line_count = 2 exps && resutil show away:x >got &&
	echo 1 >want && test_cmp want got &&
	resutil status >out && test_grep "2" out
'

test_expect_success 'also with keys that are no good' '
	cd trip && unset RESUTIL_NO_REMOTE &&
	sed -i "s,endpoint_url: .*,endpoint_url: $PROXY," resutil-conf.yaml &&
	proxy_rules &&
	AWS_SECRET_ACCESS_KEY=wrong resutil run -m refused -- true 2>err &&
	test_grep "SignatureDoesNotMatch" err &&
	(
		unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY &&
		resutil run -m unknown -- true 2>err &&
		test_grep "no credentials" err
	) &&
	RESUTIL_NO_REMOTE=1 && export RESUTIL_NO_REMOTE &&
	resutil list-exps >exps && test_line_count = 4 exps
'

test_expect_success 'and is sent when the network is there again' '
	cd trip && resutil push -A >out && test_grep "^4 sent" out &&
	resutil list-remote >got && test_cmp exps got
'

test_done
