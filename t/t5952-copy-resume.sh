#!/bin/sh

test_description='copy-pack: goes on with both halves, through radosgw'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-uploads.sh

COPIES=.resutil/copies

# copy_dies RULE: from the directory into the bucket; killed as the proxy says
copy_dies () {
	proxy_rules "$1" &&
	test_expect_code 137 sh -c 'echo $$ >pid; exec resutil "$@"' - \
		copy-pack --from=dir:a --to=origin --all &&
	rm pid && test_wait_for 20 is_quiet
}

# copy_ends: the rest of it; `told` says what had been there
copy_ends () {
	proxy_rules && resutil -v copy-pack "$@" --all >out 2>told &&
	find $COPIES -type f >left && test_must_be_empty left
}

private () {
	find $COPIES -type f ! -perm 600 >open && test_must_be_empty open
}

test_expect_success 'setup: a server, and a large pack in a directory' '
	setup_uploads 25000000 && mkdir a &&
	resutil send-pack --remote=dir:a $NAME && rm -r results/$NAME
'

test_expect_success 'an upload that was cut off goes on' '
	copy_dies "{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"nth\": 3, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"},
		{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": 7, \"stall_up\": 0}" &&
	find $COPIES -name "*.part" -size +24000k >files &&
	test_line_count = 1 files && private &&
	test_grep "\"state\":" $COPIES/*.json &&
	resutil gc --remote=origin -n >gone && uploads >held &&
	test_line_count = 1 held &&
	copy_ends --from=dir:a --to=origin &&
	test_grep "resumed; 2[0-9.]* M" told &&
	count_requests "$PART and status == 200" >nr &&
	test $(cat nr) -le 3 && uploads >held && test_must_be_empty held &&
	resutil get-object --remote=origin $KEY | cmp - a/$KEY
'

test_expect_success 'what was fetched is not fetched again' '
	mkdir b && proxy_rules "{\"method\": \"GET\", \"path\": \"$NAME\",
		\"nth\": 12, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	test_expect_code 137 sh -c "echo \$\$ >pid; exec resutil copy-pack \
		--from=origin --to=dir:b --all" && rm pid &&
	test_wait_for 20 is_quiet && private &&
	find $COPIES -name "*.part" -size +0 >files && test_line_count = 1 files &&
	held=$(cat $COPIES/*.part | wc -c) && test $held -ge 1048576 &&
	resutil -v fsck >found 2>&1 && test_grep "copy between stores" found &&
	resutil gc >gone && test_path_is_file $(cat files) &&
	copy_ends --from=origin --to=dir:b && test_grep "resumed; " told &&
	count_requests "method == \"GET\" and \"$NAME\" in path and status == 206" \
		>nr && echo "$(cat nr) requests, $held bytes were here" &&
	test $(cat nr) -le $((25 - held / 1048576)) &&
	cmp a/$KEY b/$KEY
'

# interrupted COMMAND...: leaves a part of the pack from the bucket
interrupted () {
	rm -f b/$KEY &&
	proxy_rules "{\"method\": \"GET\", \"path\": \"$NAME\",
		\"nth\": 12, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"}" &&
	test_expect_code 137 sh -c "echo \$\$ >pid; exec resutil copy-pack \
		--from=origin --to=dir:b --all" && rm pid &&
	test_wait_for 20 is_quiet
}

test_expect_success 'what was damaged here meanwhile is fetched anew' '
	interrupted && printf X |
	dd of=$(echo $COPIES/*.part) bs=1 seek=5000 conv=notrunc 2>/dev/null &&
	copy_ends --from=origin --to=dir:b && test_grep ! resumed told &&
	cmp a/$KEY b/$KEY
'

test_expect_success 'another state in the store begins anew' '
	interrupted && resutil fetch-exp $NAME >out &&
	resutil update-exp --set=info.more=1 $NAME &&
	resutil send-pack $NAME >out && rm -r results/$NAME &&
	copy_ends --from=origin --to=dir:b && test_grep ! resumed told &&
	resutil get-object --remote=origin $KEY >now && cmp now b/$KEY
'

test_expect_success 'a note that says nothing, and none, are none' '
	interrupted && echo "{}" >$(echo $COPIES/*.json) &&
	copy_ends --from=origin --to=dir:b && cmp now b/$KEY &&
	interrupted && rm $COPIES/*.json &&
	copy_ends --from=origin --to=dir:b && cmp now b/$KEY
'

test_expect_success 'the store goes away in the middle; what came stays' '
	rm b/$KEY && proxy_rules "{\"method\": \"GET\", \"path\": \"$NAME\",
		\"from\": 12, \"status\": 503}" &&
	test_expect_code 12 resutil copy-pack --patience=1 --from=origin \
		--to=dir:b --all >out 2>err &&
	test_path_is_missing b/$KEY && test $(cat $COPIES/*.part | wc -c) -gt 1000000 &&
	copy_ends --from=origin --to=dir:b && test_grep "resumed" told &&
	cmp now b/$KEY
'

test_expect_success 'old ones are removed by gc, and fsck tells of them' '
	interrupted && touch -d "8 days ago" $COPIES/*.part &&
	resutil gc -n >gone && test_path_is_file $(echo $COPIES/*.part) &&
	resutil gc >gone && find $COPIES -type f >left &&
	test_must_be_empty left &&
	: >$COPIES/00112233445566778899aabbccddeeff.json &&
	resutil -v fsck >found 2>&1 && test_grep "note of a copy" found &&
	: >$COPIES/notes && resutil gc --older-than=0 >gone &&
	echo notes >want && ls $COPIES >left && test_cmp want left &&
	rm $COPIES/notes
'

test_expect_success 'what others did meanwhile needs no rest' '
	cp now a/$KEY && remove_there && copy_dies "{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"nth\": 3, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"},
		{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": 7, \"stall_up\": 0}" &&
	uploads >held && test_line_count = 1 held && proxy_rules &&
	resutil put-object --remote=origin $KEY now &&
	copy_ends --from=dir:a --to=origin && uploads >held &&
	test_must_be_empty held
'

test_expect_success 'gc withdraws an old one from the store it goes to' '
	remove_there && copy_dies "{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"nth\": 3, \"run_after\": \"kill -9 \$(cat $PWD/pid)\"},
		{\"method\": \"PUT\", \"path\": \"partNumber\",
		\"from\": 7, \"stall_up\": 0}" && proxy_rules &&
	resutil gc --remote=origin >gone && uploads >held &&
	test_line_count = 1 held &&
	sed -i "s/\"begun\":\"20../\"begun\":\"2020/; s/\"begun\":\"2020[0-9]*-/\"begun\":\"2020-/" \
		$COPIES/*.json &&
	resutil gc -n --remote=origin >gone && uploads >held &&
	test_line_count = 1 held && test_grep "would" gone &&
	resutil gc --remote=origin >gone && uploads >held &&
	test_must_be_empty held && find $COPIES -type f >left &&
	test_must_be_empty left
'

test_done
