#!/bin/sh

test_description='send-pack'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-sync.sh

# asked: the requests of the store in the trace
asked () {
	sed -n "s/.*store: \([a-z]*\).*/\1/p" trace | sort | uniq -c |
	awk "{ print \$2, \$1 }"
}

test_expect_success 'setup' '
	make_conf && mkdir "$store" && gone=aapfup_20240704T191555_gone && export RESUTIL_TEST_NOW=1720091755 &&
	one=$(resutil add one) && two=$(resutil add two) &&
	echo a >results/$one/a && mkdir results/$two/sub &&
	echo b >results/$two/sub/b
'

test_expect_success 'an experiment becomes a pack in the store' '
	send one && says "new\t$one\t-" && test_must_be_empty err &&
	find "$store" -type f | sed "s|^$store/||" | grep -v "^\.resutil" >files &&
	echo project/$one.zip >want && test_cmp want files &&
	resutil verify-pack "$objects"/$one.zip &&
	hash_of $one >want &&
	resutil unpack-exp -C again "$objects"/$one.zip &&
	hash_of again >got &&
	test_cmp want got
'

test_expect_success 'it is the pack that pack-exp makes' '
	resutil pack-exp -o want.zip $one && cmp want.zip "$objects"/$one.zip
'

test_expect_success 'names come from standard input, each once' '
	printf "%s\n" $two $one $two >names && send --stdin <names &&
	says "new\t$two\t-" "same\t$one\t-" &&
	printf "%s\0" $two >names && resutil send-pack -z --stdin <names >out &&
	printf "same\t%s\t%s\t-\0" $two \
		$(wc -c <"$objects"/$two.zip) >want && cmp want out
'

test_expect_success 'nothing to send, nothing is said to be sent' '
	send --stdin </dev/null && test_must_be_empty out && test_must_be_empty err
'

test_expect_success 'what has grown replaces what is there' '
	resutil update-exp --set info.x=1 one && echo more >results/$one/more &&
	send one && says "grown\t$one\t-" &&
	resutil list-pack "$objects"/$one.zip >list && grep more list &&
	send one && says "same\t$one\t-"
'

test_expect_success '-n sends nothing and notes nothing' '
	resutil update-exp --set info.x=2 one && three=$(resutil add three) &&
	find "$store" .resutil -type f -exec sha256sum {} + | sort >before &&
	send -n one two three && test_must_be_empty err &&
	says "grown\t$one\t-" "same\t$two\t-" "new\t$three\t-" &&
	find "$store" .resutil -type f -exec sha256sum {} + | sort >after &&
	test_cmp before after && send one three
'

test_expect_success 'what is not here is missing, and makes no pack' '
	test_expect_code 10 resutil send-pack gone >out 2>err &&
	printf "missing\tgone\t0\t-\n" >want && test_cmp want out &&
	test_line_count = 1 err &&
	echo $gone >names && test_expect_code 10 resutil send-pack --stdin \
		<names >out 2>err &&
	printf "missing\t$gone\t0\t-\n" >want && test_cmp want out &&
	test_path_is_missing "$objects"/$gone.zip
'

test_expect_success 'the rest is done' '
	resutil update-exp --set info.x=3 one &&
	printf "%s\n" $gone $one "no name" ../../x >names &&
	test_expect_code 3 send --stdin <names &&
	says "grown\t$one\t-" "missing\t$gone\t-" "missing\tno name\t-" \
		"missing\t../../x\t-" && test_line_count = 3 err
'

test_expect_success '_debug is not sent' '
	mkdir -p results/_debug && echo x >results/_debug/x &&
	test_expect_code 129 send _debug && says "failed\t_debug\t-" &&
	test_path_is_missing "$objects"/_debug.zip
'

test_expect_success 'what is only partly here is not sent' '
	part=$(resutil add part) && mkdir -p .resutil/partial &&
	>.resutil/partial/$part && test_expect_code 14 send part &&
	says "failed\t$part\t-" && test_grep "only some files" err &&
	test_path_is_missing "$objects"/$part.zip && rm .resutil/partial/$part
'

test_expect_success 'a record that cannot be read is not sent' '
	bad=$(resutil add bad) && echo "a: [" >results/$bad/resutil-exp.yaml &&
	test_expect_code 13 send bad && says "failed\t$bad\t-" &&
	test_grep "$bad/resutil-exp.yaml" err &&
	test_path_is_missing "$objects"/$bad.zip && rm -r results/$bad
'

test_expect_success '--json' '
	resutil send-pack --json two >out &&
	printf "{\"status\":\"same\",\"name\":\"$two\",\"bytes\":%d,%s}\n" \
		$(wc -c <"$objects"/$two.zip) "\"other\":null,\"message\":null" >want &&
	test_cmp want out &&
	test_expect_code 10 resutil send-pack --json gone >out 2>err &&
	test_grep "\"status\":\"missing\",\"name\":\"gone\"" out &&
	test_grep "\"message\":\"" out
'

test_expect_success 'a store that is not there is not reached, and not made' '
	mv "$store" away && test_when_finished "mv away \"$store\"" &&
	test_expect_code 12 resutil send-pack --patience=0 one >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_path_is_missing "$store"
'

test_expect_success AS_USER 'a store that refuses us' '
	mkdir refused && cp -R .resutil results resutil-conf.yaml refused &&
	(
		cd refused && resutil add late >../late &&
		if test "$(id -u)" = 0
		then
			chown -R 65534:65534 .
		fi &&
		chmod a-w "$objects" && find "$objects" >../before &&
		test_expect_code 11 as_user resutil send-pack \
			--remote="dir:$store" late >../out 2>../err
	) &&
	chmod u+w "$objects" &&
	test_grep "^failed	$(cat late)	" out && test_line_count = 1 err &&
	test_grep "denied" err && find "$objects" >after &&
	test_cmp before after
'

test_expect_success 'a URL is a store without a ledger' '
	mkdir other && cp -r .resutil/remotes before.remotes &&
	send --remote "dir:$TRASH_DIRECTORY/other" one two &&
	says "new\t$one\t-" "new\t$two\t-" &&
	send --remote "dir:$TRASH_DIRECTORY/other" one &&
	says "same\t$one\t-" && test_path_is_file other/project/$one.zip &&
	diff -r before.remotes .resutil/remotes &&
	test_expect_code 10 resutil send-pack --remote nowhere one 2>err &&
	test_line_count = 1 err
'

test_expect_success 'a link that leads out is sent, and told' '
	links=$(resutil add links) && ln -s a results/$links/fine &&
	ln -s ../$one/a results/$links/out && ln -s /etc results/$links/far &&
	send links && says "new\t$links\t-" && test_line_count = 1 err &&
	test_grep "out. leads out" err && test_grep "far. leads out" err &&
	test_grep ! fine err && resutil verify-pack "$objects"/$links.zip
'

test_expect_success 'usage' '
	test_expect_code 129 resutil send-pack 2>err && test_grep usage: err &&
	test_expect_code 129 resutil send-pack --stdin one 2>err &&
	test_expect_code 129 resutil send-pack --level 10 one 2>err &&
	test_expect_code 129 resutil send-pack -j -1 one 2>err
'

test_done
