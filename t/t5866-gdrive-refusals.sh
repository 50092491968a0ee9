#!/bin/sh

test_description='Drive: quotas, limits and rights'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-drive-claims.sh

# refuse PATTERN REASON MESSAGE [MEMBERS]: a 403 for such requests
refuse () {
	google_admin errors "{\"errors\": [{\"path\": \"$1\", \"status\": 403,
		\"reason\": \"$2\", \"message\": \"$3\"${4:+, $4}}]}" >&4
}

test_expect_success 'setup: a folder in My Drive, shared with a robot' '
	start_drive && claim_accounts a b && shared=$base &&
	mine=$(drive_folder mine) && robot=bot@a-project.iam.gserviceaccount.com &&
	drive_share "$mine" $robot writer &&
	sed "s/$shared/$mine/" a.url >r.url && echo one >one && echo two >two
'

test_expect_success 'a robot has no room on My Drive: both ways out are named' '
	test_expect_code 128 at r put-object --absent first one 2>err &&
	test_grep "storageQuotaExceeded" err && test_grep "shared drive" err &&
	test_grep "$robot.* as .Content manager." err &&
	test_grep "resutil remote login" err && base=$mine &&
	files_of first >got && test_must_be_empty got
'

test_expect_success 'it may replace what a person has put there' '
	drive_file "$mine" theirs one && at r put-object theirs two &&
	one_object theirs two
'

test_expect_success 'what it may not remove says whose it is' '
	test_expect_code 11 at r remove-object theirs 2>err &&
	test_grep "belongs to .owner@example.com." err && one_object theirs two
'

test_expect_success 'who may only read is told whom to make an editor' '
	drive_share "$mine" $robot reader &&
	at r get-object theirs >got && test_cmp two got &&
	for expect in "" --version=$(at r list-objects | cut -f 2)
	do
		test_expect_code 11 at r put-object $expect theirs one 2>err &&
		test_grep "share the folder with .$robot. as .Editor." err ||
		return 1
	done &&
	test_expect_code 11 at r put-object --absent new one 2>err &&
	test_grep "share the folder with .$robot. as .Editor." err &&
	one_object theirs two && files_of new >got && test_must_be_empty got
'

test_expect_success 'a contributor of a shared drive cannot remove, and says so' '
	base=$shared && at a put-object --absent kept one &&
	drive_share "$shared" bot@b-project.iam.gserviceaccount.com writer &&
	test_expect_code 11 at b remove-object kept 2>err &&
	test_grep "content manager" err && one_object kept one
'

test_expect_success 'nor its own pending file, when it lost: that is no object' '
	test_expect_code 14 at b put-object --absent kept two 2>err &&
	test_grep "kept. is in .* already" err &&
	files_of kept >files && grep -c ^object files >got && echo 1 >want &&
	test_cmp want got && at a get-object kept >got && test_cmp one got
'

test_expect_success 'limits of Drive say what they are' '
	while read -r reason words
	do
		refuse "^/upload/" "$reason" "No more of them." &&
		test_expect_code 128 at a put-object --absent limit one 2>err &&
		test_grep "$reason: No more of them" err &&
		test_grep "$words" err && files_of limit >got &&
		test_must_be_empty got || return 1
	done <<-\EOF
	teamDriveFileLimitExceeded a shared drive takes 500,000 files
	numChildrenInNonRootLimitExceeded a folder takes 500,000 files
	dailyLimitExceeded used up its requests of this day
	activeItemCreationLimitExceeded has made as many files
	EOF
'

test_expect_success 'rates that are exceeded are waited for' '
	while read -r status reason
	do
		google_admin errors "{\"errors\": [{\"path\": \"^/upload/\",
			\"status\": $status, \"reason\": \"$reason\",
			\"times\": 3}]}" >&4 &&
		at a put-object --absent rate-$status-$reason one &&
		one_object rate-$status-$reason one || return 1
	done <<-\EOF
	403 userRateLimitExceeded
	403 rateLimitExceeded
	429 rateLimitExceeded
	EOF
'

test_expect_success 'each request of a put may be told so' '
	for nr in 0 1 2 3 4
	do
		for method in GET POST PATCH
		do
			google_admin errors "{\"errors\": [{
				\"method\": \"$method\", \"path\": \"^/(drive|upload)/\",
				\"status\": 403, \"after\": $nr,
				\"reason\": \"userRateLimitExceeded\"}]}" >&4 &&
			key=each-$nr-$method &&
			at a put-object --absent $key one &&
			version=$(at a list-objects $key | cut -f 2) &&
			at a put-object --version=$version $key two &&
			one_object $key two || return 1
		done
	done
'

test_expect_success 'many at once under a limit of the account all get through' '
	google_admin modes "{\"drive_rate\": 20}" >&4 &&
	test_when_finished "google_admin modes {\\\"drive_rate\\\":0}" &&
	for i in 1 2 3 4 5 6
	do
		cp a.url m$i.url && begin m$i put-object --absent many-$i one ||
		return 1
	done &&
	end m1 m2 m3 m4 m5 m6 && statuses 0 m1 m2 m3 m4 m5 m6 &&
	for i in 1 2 3 4 5 6
	do
		one_object many-$i one || return 1
	done &&
	google_requests /drive/v3/files >asked && grep -c " 403" asked
'

test_done
