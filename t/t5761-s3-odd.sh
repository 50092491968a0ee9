#!/bin/sh

test_description='store contract: s3, by servers that lack or do not tell something'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-http.sh

test_expect_success 'setup: a server that does as it is told' '
	start_odd_s3 && AWS_ACCESS_KEY_ID=$ODD_KEY &&
	AWS_SECRET_ACCESS_KEY=$ODD_SECRET AWS_ENDPOINT_URL=$ODD &&
	AWS_REGION=us-east-1 && export AWS_ACCESS_KEY_ID \
		AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL AWS_REGION
'

# holds NAME MODES: but for what cannot be had there
holds () {
	odd_modes "$2" &&
	resutil test-store "s3://$1/pre" >tap 2>err || {
		grep -v "^ok" tap err >&4
		return 1
	}
}

# skips SENTENCE...: exactly these clauses are skipped
skips () {
	sed -n "s/^ok [0-9]* - \(.*\) # SKIP.*/\1/p" tap | sort >skipped &&
	printf "%s\n" "$@" | sort >want && test_cmp want skipped
}

test_expect_success 'no conditions, small pages, keys as they are' '
	holds bare "{\"conditions\": \"501\", \"page\": 70, \"encoding\": false}" &&
	skips "of many who create one key, one does" \
		"of many who replace versions, none is lost"
'

test_expect_success 'ETags that are no MD5, with checksums and versions' '
	holds kms "{\"etag\": \"kms\", \"checksums\": true, \"versions\": true,
		\"md5\": true}"
'

test_done
