#!/bin/sh

test_description='ssh: the connection is cut while something is put

A proxy cuts it behind some bytes, or the pushing process is killed: nothing
is half visible, and what was there already is not sent again.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

RESUTIL_TEST_SSH_PIECE=524288
export RESUTIL_TEST_SSH_PIECE

test_expect_success setup '
	start_sshd && ssh_proxy &&
	mkdir "$SSH_STORES/s" && STORE=$(ssh_url lab-proxy s) &&
	head -c 12000000 /dev/urandom >large && echo small >small &&
	resutil -q init --storage-type=ssh -o host=lab-proxy \
		-o path="$SSH_STORES/s" --project-name=p project &&
	(cd project && resutil -q run --no-push -m large -- \
		sh -c "cp ../large \"\$RESUTIL_EX_DIR\"/data") &&
	name=$(basename project/results/*_large)
'

three_ended () {
	test "$(wc -l <"$SSH_PROXY_LOG")" = 3
}

# objects NAME...: these are there, and nothing else
objects () {
	(cd "$SSH_STORES/s" && find . -type f ! -name ".resutil-*" | sort) \
		>found &&
	printf "%s" "$*" | tr " " "\n" | sed "s,.,./&,;/^$/d" | sort >want &&
	test_cmp want found
}

# so many whole pieces came
held_some () {
	find "$SSH_STORES/s" -name ".resutil-ssh-????????????????" \
		-size +4000k >some && test_path_is_file some &&
	test "$(wc -l <some)" = 1
}

test_expect_success 'a small put that is cut goes through' '
	for cut in up=2500 up=30000 down=3000
	do
		ssh_proxy_rules "$cut" times=1 &&
		resutil put-object --remote="$STORE" --absent "a$cut" small &&
		test_cmp small "$SSH_STORES/s/a$cut" || return 1
	done && ssh_proxy_rules && rm "$SSH_STORES/s"/a*
'

test_expect_success 'a push that is cut twice goes on each time' '
	ssh_proxy_rules up=5000000 times=2 &&
	RESUTIL_TRACE="$PWD/trace" resutil -C project -q push "$name" &&
	grep "bytes are there" trace >held &&
	test_line_count = 2 held &&
	objects "p/$name.zip" &&
	# 22 million when each began anew; what is on its way at a cut is lost
	test_wait_for 5 three_ended &&
	awk "{ sum += \$1 } END { exit sum > 19000000 }" "$SSH_PROXY_LOG" &&
	find "$SSH_STORES" -name ".resutil-ssh-????????????????" >rests &&
	test_must_be_empty rests && test_path_is_missing \
		"project/.resutil/uploads/origin/$name.json" &&
	resutil -C project verify-pack "$name"
'

test_expect_success 'so does one whose process was killed' '
	rm "$SSH_STORES/s/p/$name.zip" && ssh_proxy_rules freeze-up=6000000 &&
	{
		setsid resutil -C project -q push "$name" >out 2>err &
	} && pid=$! &&
	test_wait_for 20 test -f "project/.resutil/uploads/origin/$name.json" &&
	test_wait_for 20 held_some &&
	kill -9 -$pid && ! wait $pid &&
	objects && ssh_proxy_cut && ssh_proxy_rules &&
	rm -f trace && RESUTIL_TRACE="$PWD/trace" \
		resutil -C project -q push "$name" &&
	grep "bytes are there" trace && objects "p/$name.zip" &&
	resutil -C project verify-pack "$name"
'

test_done
