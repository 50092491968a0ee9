#!/bin/sh

test_description='push: experiments and what they need into a store'
. ./test-lib.sh

# The store of the project, and the keys of what is in it.
store=$TRASH_DIRECTORY/proj.store

packs () {
	(cd "${1:-$store}/project" && ls -A | sort)
}

# add COMMENT [-d EXP...]: an experiment with a file; $COMMENT is its name
add () {
	add_name=$(resutil add "$@") && eval "$1=\$add_name" &&
	echo "$1" >"results/$add_name/file"
}

test_expect_success 'setup' '
	make_project proj && cd proj && test_set_now 1720091755 &&
	add data && add model -d data && add figure -d model && add other &&
	for name in $data $model $figure $other
	do
		touch -d @1720091755 results/$name results/$name/* || return 1
	done
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'what works in another program is started there at once' '
	RESUTIL_TRACE="$PWD/trace" resutil push -n model >out 2>err &&
	test_grep "run: resutil send-pack" trace &&
	test_grep "command: send-pack" trace &&
	! grep "exec: " trace &&
	test_expect_code 128 env RESUTIL_EXEC_PATH="$PWD/nowhere" \
		resutil push -n model 2>err &&
	test_grep "is resutil installed whole" err &&
	rm trace
'

test_expect_success '-n tells what would be sent, and sends nothing' '
	resutil push -n model >out 2>err &&
	cat >want <<-END &&
	Would send $data
	Would send $model
	END
	head -n 2 out | sort >lines && sort want >sorted && test_cmp sorted lines &&
	test_grep "^2 to send (.*), 0 already there\$" out &&
	test_must_be_empty err &&
	test_path_is_missing "$store/project"
'

test_expect_success 'an experiment and what it needs' '
	resutil push model >out 2>err &&
	test_must_be_empty err &&
	sort out >sorted &&
	grep -x "Sent $data" out && grep -x "Sent $model" out &&
	test_grep "^2 sent (.*), 0 already there\$" out &&
	test_line_count = 3 out &&
	packs >out && printf "%s.zip\n" $data $model >want && test_cmp want out
'

test_expect_success 'the same bytes as read-deps and send-pack' '
	mkdir ../one ../two &&
	resutil push --remote="dir:$PWD/../one" figure &&
	resutil read-deps --closure figure >names &&
	resutil send-pack --remote="dir:$PWD/../two" --stdin <names >out &&
	test_line_count = 3 out &&
	packs ../one >out && test_line_count = 3 out &&
	diff -r ../one ../two
'

test_expect_success 'with --all the same bytes as list-exps and send-pack' '
	mkdir ../three ../four &&
	resutil push --remote="dir:$PWD/../three" --all &&
	resutil list-exps >names &&
	resutil send-pack --remote="dir:$PWD/../four" --stdin <names >out &&
	packs ../three >out && test_line_count = 4 out &&
	diff -r ../three ../four
'

test_expect_success 'the packs are what they say' '
	for pack in ../three/project/*.zip
	do
		resutil verify-pack "$pack" || return 1
	done &&
	resutil unpack-exp -C ../unpacked ../three/project/$model.zip &&
	diff -r results/$model ../unpacked
'

test_expect_success 'what is there is not sent again, by one child for all' '
	resutil push figure >out &&
	echo "Sent $figure" >want && head -n 1 out >first &&
	test_cmp want first && test_grep "^1 sent (.*), 2 already there" out &&
	(cd "$store" && ls -li project) >before &&
	RESUTIL_TRACE=$PWD/trace resutil push data model figure >out &&
	echo "0 sent, 3 already there" >want && test_cmp want out &&
	(cd "$store" && ls -li project) >after && test_cmp before after &&
	grep "run: resutil send-pack" trace >children &&
	test_line_count = 1 children && rm trace
'

test_expect_success '--no-dependency sends what is named alone' '
	mkdir ../alone &&
	resutil push --no-dependency --remote="dir:$PWD/../alone" figure >out &&
	packs ../alone >out && echo $figure.zip >want && test_cmp want out &&
	resutil push --no-dependency --remote="dir:$PWD/../alone" \
		figure $figure >out &&
	echo "0 sent, 1 already there" >want && test_cmp want out
'

test_expect_success 'alone, where nobody can be asked: usage' '
	test_expect_code 129 resutil push 2>err && test_grep "^usage:" err &&
	packs >out && test_line_count = 3 out &&
	test_expect_code 129 resutil push --all model 2>err &&
	test_grep "too much" err
'

test_expect_success 'alone with -n: what would be done' '
	resutil push -n >out &&
	echo "Would send $other" >want && head -n 1 out >first &&
	test_cmp want first &&
	test_grep "^1 to send (.*), 3 already there\$" out &&
	packs >out && test_line_count = 3 out
'

test_expect_success PTY 'alone on a terminal: counted, then asked' '
	test_expect_code 1 pty-run --screen=screen \
		--expect="1 to send" --expect="Send them?" --send="n\r" \
		resutil push &&
	test_grep "Nothing was done" screen &&
	packs >out && test_line_count = 3 out &&
	TERM=xterm pty-run --screen=screen --expect="Send them?" --send="\r" \
		resutil push &&
	test_grep "Sent $other" screen &&
	printf "\r\033[KSent %s" "$other" >line &&
	test_grep -F "$(cat line)" screen &&
	packs >out && test_line_count = 4 out
'

test_expect_success '-y answers; nothing to do is no question' '
	add another &&
	resutil push -y >out && test_grep "^Sent $another" out &&
	resutil push -y >out &&
	echo "0 to send, 5 already there" >want && test_cmp want out
'

test_expect_success 'what has grown replaces what is there' '
	cp "$store/project/$model.zip" before.zip &&
	resutil update-exp --set info.score=1 model && echo more >results/$model/more &&
	resutil push --all >out &&
	echo "Sent $model, which has grown" >want && head -n 1 out >first &&
	test_cmp want first &&
	test_grep "^1 sent (.*), 4 already there" out &&
	test_must_fail cmp before.zip "$store/project/$model.zip" &&
	resutil list-pack "$store/project/$model.zip" >out && test_grep more out
'

# meet NAME: another run of that name is in the store
meet () {
	mkdir ../meet && cp resutil-conf.yaml ../meet &&
	(
		cd ../meet && mkdir results && cp -r ../proj/results/$1 results &&
		sed "s/^id: .*/id: \"11111111-2222-4333-8444-555555555555\"/" \
			../proj/results/$1/resutil-exp.yaml \
			>results/$1/resutil-exp.yaml &&
		echo theirs >results/$1/file &&
		resutil push --force $1
	) &&
	rm -r ../meet
}

test_expect_success 'a conflict is named, keeps what is there, stops nothing' '
	add third && meet $other &&
	cp "$store/project/$other.zip" theirs.zip &&
	test_expect_code 3 resutil push --all >out 2>err &&
	test_grep "^Sent $third" out && test_grep ", 1 not done\$" out &&
	test_line_count = 1 err && test_grep "$other" err &&
	cmp theirs.zip "$store/project/$other.zip" &&
	test_expect_code 14 resutil push other >out 2>err &&
	test_line_count = 1 err && cmp theirs.zip "$store/project/$other.zip"
'

test_expect_success '--rename sends it under another name, --force over it' '
	resutil push -n --rename other >out &&
	test_grep "^Would send $other, with a rename: " out &&
	cp -r results ../saved && cp -r .resutil/remotes ../saved-remotes &&
	resutil push --rename other >out 2>err &&
	sed -n "s/^Sent $other as //p" out >new && test_line_count = 1 new &&
	test_path_is_dir "results/$(cat new)" &&
	test_path_is_missing "results/$other" &&
	test_path_is_file "$store/project/$(cat new).zip" &&
	cmp theirs.zip "$store/project/$other.zip" &&
	rm -r results .resutil/remotes "$store/project/$(cat new).zip" &&
	mv ../saved results && mv ../saved-remotes .resutil/remotes &&
	resutil push --force other >out &&
	test_must_fail cmp theirs.zip "$store/project/$other.zip"
'

test_expect_success 'a name that is nowhere: 10, and no pack of nothing' '
	packs >before &&
	test_expect_code 10 resutil push nowhere >out 2>err &&
	test_line_count = 1 err && test_grep nowhere err &&
	test_expect_code 10 resutil push aapfup_20240704T191555_gone 2>err &&
	test_line_count = 1 err &&
	packs >after && test_cmp before after
'

test_expect_success 'of several names one is nowhere: 3, the rest is sent' '
	add fourth &&
	test_expect_code 3 resutil push nowhere fourth >out 2>err &&
	test_grep "^Sent $fourth" out && test_line_count = 1 err
'

test_expect_success 'what is only in the store is not here to be sent' '
	mv results/$fourth .. &&
	test_expect_code 10 resutil push $fourth 2>err &&
	mv ../$fourth results &&
	test_line_count = 1 err && test_grep "only in .origin." err
'

test_expect_success '_debug is refused, and not among all' '
	mkdir results/_debug && cp results/$data/* results/_debug &&
	test_expect_code 129 resutil push _debug 2>err &&
	test_line_count = 1 err && test_grep _debug err &&
	resutil push --all >out && test_grep "^0 sent" out &&
	test_path_is_missing "$store/project/_debug.zip"
'

test_expect_success 'a dependency that is not here: in the store, or nowhere' '
	add needs -d data && mv results/$data .. &&
	resutil push needs >out 2>err &&
	test_line_count = 1 err && test_grep "warning.*$data" err &&
	test_grep "^Sent $needs" out &&
	mv "$store/project/$data.zip" .. &&
	resutil update-exp --set info.n=2 needs &&
	test_expect_code 3 resutil push needs >out 2>err &&
	mv ../$data results && mv ../$data.zip "$store/project" &&
	test_line_count = 1 err && test_grep "$data" err &&
	test_grep ! warning err && test_grep "^Sent $needs" out
'

test_expect_success 'a circle of dependencies: each once' '
	add left && add right -d left &&
	resutil update-exp --json --from=- left <<-END &&
	{"dependency": ["$right"]}
	END
	mkdir ../circle &&
	resutil push --remote="dir:$PWD/../circle" left >out &&
	packs ../circle >out &&
	printf "%s.zip\n" $left $right | sort >want && test_cmp want out
'

test_expect_success 'a remote by its name; one that is none; a store that is away' '
	cat >>resutil-conf.yaml <<-END &&
	remotes:
	  second:
	    type: dir
	    config:
	      path: $TRASH_DIRECTORY.second
	END
	test_expect_code 12 resutil push --remote=second data 2>err &&
	test_line_count = 1 err && test_path_is_missing ../proj.second &&
	mkdir ../proj.second &&
	resutil push --remote=second data >out &&
	packs ../proj.second >out && echo $data.zip >want && test_cmp want out &&
	test_expect_code 10 resutil push --remote=nobody data 2>err &&
	test_line_count = 1 err
'

test_expect_success '-q says nothing; settings are checked' '
	mkdir ../quiet &&
	resutil -q push --remote="dir:$PWD/../quiet" data >out 2>err &&
	test_must_be_empty out && test_must_be_empty err &&
	test_expect_code 129 resutil push -j -1 data 2>err &&
	RESUTIL_TRACE=$PWD/trace resutil -c transfer.jobs=3 push data &&
	test_grep "send-pack.*--jobs=3" trace && rm trace
'

test_expect_success '--porcelain: a line for each, once, whoever was asked before' '
	mkdir ../lines && store=dir:$PWD/../lines &&
	write_script ../asked <<-\EOF &&
	cat >"$0.about"
	EOF
	test_expect_code 129 resutil push --remote=$store --porcelain 2>err &&
	test_grep "nobody can be asked" err &&
	test_expect_code 129 resutil push --remote=$store --porcelain=v9 data 2>err &&
	test_grep "no form .v9." err &&
	resutil push --remote=$store data >out &&
	resutil list-exps >names && test_line_count -gt 2 names &&
	for option in -A -y
	do
		resutil push --remote=$store --porcelain -n $option >plan &&
		resutil -q -c hooks.pre-push="$PWD/../asked" push \
			--remote=$store --porcelain=v1 $option >out 2>err &&
		test_must_be_empty err &&
		cut -f 1,2 plan | sort >want && cut -f 1,2 out | sort >is &&
		test_cmp want is && cut -f 2 is | sort >is.names &&
		test_cmp names is.names &&
		grep "^same	$data\$" is && grep "^new" is &&
		test_grep ! "^new	.*	0	" out &&
		test_path_is_file ../asked.about &&
		rm -r ../lines/* ../asked.about &&
		resutil push --remote=$store --force data >out || return 1
	done &&
	resutil push --remote=$store -z -A >out.z &&
	tr "\000" "\n" <out.z >is && test_line_count = $(wc -l <names) is
'

# A program in place of the one that has send-pack.
stand_in () {
	rm -rf ../libexec && mkdir ../libexec &&
	write_script ../libexec/resutil-pack
}

test_expect_success 'a signal ends the child, and then push' '
	stand_in <<-\EOF &&
	echo $$ >pid.tmp && mv pid.tmp pid
	exec sleep 30
	EOF
	rm -f pid push.pid status &&
	{ (
		RESUTIL_EXEC_PATH=$PWD/../libexec resutil push data 2>err &
		echo $! >push.pid
		wait $!
		echo $? >status.tmp && mv status.tmp status
	) & } &&
	test_wait_for 20 test -e pid &&
	test_wait_for 20 test -s push.pid &&
	kill -TERM $(cat push.pid) &&
	test_wait_for 20 test -e status &&
	echo 143 >want && test_cmp want status &&
	test_wait_for 5 test_must_fail kill -0 $(cat pid)
'

test_expect_success 'a child that dies is no success' '
	stand_in <<-\EOF &&
	exec kill -9 $$
	EOF
	test_must_fail env RESUTIL_EXEC_PATH=$PWD/../libexec \
		resutil push data >out 2>err &&
	test_grep "1 not done" out &&
	stand_in <<-EOF &&
	printf "new\t%s\t7\t-\n" $data
	exit 128
	EOF
	test_must_fail env RESUTIL_EXEC_PATH=$PWD/../libexec \
		resutil push data >out 2>err
'

test_done
