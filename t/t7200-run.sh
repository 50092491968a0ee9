#!/bin/sh

test_description='run: record what a command does'
. ./test-lib.sh

# field NAME KEY: one value of a record, as read-exp prints it
field () {
	resutil read-exp --key "$2" "$1"
}

test_expect_success 'setup' '
	make_repo proj &&
	make_project proj &&
	test_commit proj project
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

test_expect_success 'a run makes an experiment with a record and two logs' '
	resutil run -m one -- sh -c "echo out; echo err >&2" >out 2>err &&
	echo out >want && test_cmp want out &&
	echo err >want && test_cmp want err &&
	resutil rev-exp one >name && name=$(cat name) &&
	test_path_is_file "results/$name/resutil-exp.yaml" &&
	test_cmp out "results/$name/stdout.log" &&
	test_cmp err "results/$name/stderr.log"
'

test_expect_success 'the record says what ran and how it ended' '
	field one state >out && echo done >want && test_cmp want out &&
	field one exit_code >out && echo 0 >want && test_cmp want out &&
	field one cwd >out && pwd -P >want && test_cmp want out &&
	field one executor >out && echo local >want && test_cmp want out &&
	resutil read-exp --json one >out &&
	test_grep "\"argv\":\[\"sh\",\"-c\",\"echo out; echo err >&2\"\]" out &&
	test_grep "\"started\":\"[0-9T:.+-]*\"" out &&
	test_grep "\"finished\":\"[0-9T:.+-]*\"" out &&
	field one usage.wall >out && test_grep "^[0-9.e-]*$" out &&
	field one usage.max_rss >out && test "$(cat out)" -gt 100000
'

test_expect_success 'nothing is left over beside it' '
	ls -A .resutil/live >out && test_must_be_empty out &&
	ls -A results | sed "/_one$/d; /^\.gitignore$/d" >out &&
	test_must_be_empty out
'

test_expect_success 'parameters come from the words of the command' '
	resutil run -m params -- sh -c : --lr 0.1 --epochs=30 seed=1 --fast &&
	resutil read-exp --json --key params params >out &&
	echo "{\"lr\":0.1,\"epochs\":30,\"seed\":1,\"fast\":true}" >want &&
	test_cmp want out
'

test_expect_success 'the program finds its experiment in the environment' '
	resutil run -m env -- sh -c \
		"echo \"\$RESUTIL_EX_DIR|\$RESUTIL_EX_NAME|\$RESUTIL_ID\"" >out &&
	name=$(resutil rev-exp env) &&
	echo "$(pwd -P)/results/$name|$name|$(field env id)" >want &&
	test_cmp want out
'

test_expect_success 'the working directory and standard input are kept' '
	mkdir -p sub &&
	(
		cd sub &&
		echo hello | resutil run -m cwd -- sh -c "pwd -P; cat" >../out
	) &&
	printf "%s\nhello\n" "$(pwd -P)/sub" >want &&
	test_cmp want out &&
	field cwd cwd >out && echo "$(pwd -P)/sub" >want && test_cmp want out
'

test_expect_success '--subst replaces {} in every word, the record keeps it' '
	resutil run -m subst --subst -- sh -c "echo \"\$1\" >\"\$2\"" x \
		"a{}b{}" {}/file &&
	dir=$(pwd -P)/results/$(resutil rev-exp subst) &&
	echo "a${dir}b${dir}" >want &&
	test_cmp want "$dir/file" &&
	resutil read-exp --json --key argv subst >out &&
	test_grep "\"a{}b{}\",\"{}/file\"" out &&
	field subst subst >out && echo true >want && test_cmp want out
'

test_expect_success 'without --subst {} stays as it is' '
	resutil run -- echo {} >out &&
	echo "{}" >want && test_cmp want out
'

test_expect_success 'options stop at the first word of the command' '
	resutil run -m stop echo -m --debug -- -n >out &&
	echo "-m --debug -- -n" >want && test_cmp want out &&
	resutil rev-exp stop
'

test_expect_success 'the exit status is the program'\''s, the run is kept' '
	test_expect_code 7 resutil run -m seven -- sh -c "exit 7" 2>err &&
	test_must_be_empty err &&
	field seven state >out && echo fail >want && test_cmp want out &&
	field seven exit_code >out && echo 7 >want && test_cmp want out
'

test_expect_success 'a program killed by a signal gives 128+n' '
	test_expect_code 137 resutil run -m killed -- sh -c "kill -9 \$\$" &&
	field killed state >out && echo fail >want && test_cmp want out &&
	field killed signal >out && echo SIGKILL >want && test_cmp want out &&
	resutil read-exp --json killed >out &&
	test_grep ! exit_code out
'

test_expect_success 'RESUTIL_COMMENT names the run, -m wins' '
	RESUTIL_COMMENT=from-env resutil run -- true &&
	resutil rev-exp from-env &&
	RESUTIL_COMMENT=unused resutil run -m option -- true &&
	resutil rev-exp option &&
	test_expect_code 10 resutil rev-exp unused
'

test_expect_success 'the spellings of the Python tool are accepted' '
	resutil run --resutil_comment py1 --resutil_no_interactive -- true &&
	resutil run --reusitl_comment=py2 -- true &&
	resutil rev-exp py1 py2
'

test_expect_success 'no comment, no last part' '
	test_set_now 1720091755.5 &&
	resutil run --name-file=file -- true &&
	unset RESUTIL_TEST_NOW &&
	echo aapfcd_20240704T111555 >want &&
	test_cmp want file
'

test_expect_success '--name-file is there before the program starts' '
	resutil run --name-file=file -- cat file >out &&
	test_cmp file out &&
	resutil rev-exp "$(cat file)"
'

test_expect_success 'paths into results among the words are dependencies' '
	one=$(resutil rev-exp one) && two=$(resutil rev-exp seven) &&
	resutil run -m dep -- true "results/$one/stdout.log" \
		"--in=results/$two" "again=results/$one" &&
	field dep dependency >out &&
	printf "%s\n" "$one" "$two" >want &&
	test_cmp want out &&
	resutil read-exp --json --key inputs dep >out &&
	test_grep "\"path\":\"stdout.log\",\"size\":4" out &&
	resutil read-exp --json --key dependency_ids dep >out &&
	test_grep "$(field one id)" out
'

test_expect_success '-d names a dependency in any form of EXP' '
	resutil run -m dep2 -d one -d @ -- true &&
	resutil read-deps dep2 >out &&
	{ resutil rev-exp one && resutil rev-exp dep; } >want &&
	test_cmp want out
'

test_expect_success 'an input is hashed when run.hash-inputs is set' '
	one=$(resutil rev-exp one) &&
	resutil -c run.hash-inputs=yes run -m hashed -- true \
		"results/$one/stdout.log" &&
	sum=$(sha256sum <"results/$one/stdout.log") &&
	resutil read-exp --json --key inputs hashed >out &&
	test_grep "\"sha256\":\"${sum%% *}\"" out
'

test_expect_success 'an unknown dependency is refused before anything is made' '
	ls results >before &&
	test_expect_code 125 resutil run -d nowhere -- touch ran 2>err &&
	test_grep "nowhere" err && test_line_count = 1 err &&
	test_path_is_missing ran &&
	ls results >after && test_cmp before after
'

test_expect_success 'a word that names what is nowhere is told, and no reason to stop' '
	gone=aapfup_20240704T191555_gone &&
	resutil run -m gone -- echo results/$gone/x >out 2>err &&
	echo results/$gone/x >want && test_cmp want out &&
	test_line_count = 1 err && test_grep "warning: .*$gone" err &&
	resutil read-deps gone >out && test_must_be_empty out &&
	resutil read-exp --json --key inputs gone >out &&
	test_grep "\"experiment\":\"$gone\",\"path\":\"x\"" out
'

test_expect_success 'nothing can depend on the debug directory' '
	resutil run --debug -- true && ls results >before &&
	test_expect_code 125 resutil run -d _debug -- touch ran 2>err &&
	test_line_count = 1 err && test_grep "_debug" err &&
	test_path_is_missing ran &&
	ls results >after && test_cmp before after &&
	resutil run -m nodep -- true results/_debug/stdout.log &&
	resutil read-exp --json nodep >out &&
	test_grep ! "\"dependency\":\[\"" out && test_grep ! inputs out
'

test_expect_success 'the code state is that from before the program' '
	echo "print(2)" >train.py &&
	resutil run -m code -- sh -c "echo broken >train.py" &&
	git checkout -q train.py &&
	dir=results/$(resutil rev-exp code) &&
	echo "print(2)" >want &&
	test_cmp want "$dir/uncommited_files/train.py" &&
	test_grep "^+print(2)" "$dir/uncommited.patch" &&
	field code git.commit_hash >out && git rev-parse HEAD >want &&
	test_cmp want out
'

test_expect_success 'a state that git cannot read is told, and no reason to stop' '
	cp .git/index ../saved-index && echo garbage >.git/index &&
	resutil run -m unreadable -- echo ran >out 2>err &&
	resutil status >status &&
	cp ../saved-index .git/index &&
	echo ran >want && test_cmp want out &&
	test_line_count = 1 err && test_grep "warning.*git says" err &&
	test_grep "cannot be read whole" status &&
	test_grep ! "no file has changed" status &&
	field unreadable git.error >out && test_grep "index\|signature" out
'

test_expect_success 'at.started is when the program started' '
	head -c 5000000 /dev/zero >heavy &&
	resutil run -m moment -- true && rm heavy &&
	field moment at.created >created && field moment at.started >started &&
	test_must_fail cmp created started
'

test_expect_success '--treeish records a tree and writes nothing into .git' '
	find .git -type f | sort >before &&
	resutil run -m tree --treeish -- true &&
	find .git -type f | sort >after && test_cmp before after &&
	field tree git.treeish >out && test_grep "^[0-9a-f]\{40\}$" out
'

test_expect_success '--debug uses one directory again, which is never listed' '
	resutil run --debug -- sh -c "echo 1; echo x >\"\$RESUTIL_EX_DIR\"/mine" &&
	resutil list-exps >before &&
	RESUTIL_DEBUG=1 resutil run -m ignored -- echo 2 &&
	resutil list-exps >after && test_cmp before after &&
	echo 2 >want && test_cmp want results/_debug/stdout.log &&
	test_path_is_file results/_debug/mine &&
	test_grep "^state: done" results/_debug/resutil-exp.yaml
'

test_expect_success 'RESUTIL_DEBUG=0 is no debug run' '
	RESUTIL_DEBUG=0 resutil run -m nodebug -- true &&
	resutil rev-exp nodebug
'

test_expect_success '--no-push and RESUTIL_NO_REMOTE are taken' '
	RESUTIL_NO_REMOTE=1 resutil run --no-push -- true
'

test_expect_success '-n prints a plan and changes nothing' '
	ls -A results >before &&
	one=$(resutil rev-exp one) &&
	name=$(printf "new\t.txt") && echo x >"$name" &&
	head -c 11000000 /dev/zero >large.bin &&
	resutil run -n -m plan -d one -- touch "a b" >out &&
	rm "$name" large.bin &&
	printf "%s\t%s\n" command "touch '\''a b'\''" comment plan \
		dependency "$one" file "\"new\\t.txt\"" \
		left-out "large.bin	too large" >want &&
	grep "^program	/" out &&
	grep "^[cd]\|^file.*new\|^left" out | sort >sorted &&
	test_cmp want sorted &&
	test_path_is_missing "a b" &&
	ls -A results >after && test_cmp before after
'

test_expect_success 'words that are no UTF-8 are recorded byte for byte' '
	word=$(printf "a\377b\nc") &&
	resutil run -m bytes -- printf "%s" "$word" >out &&
	printf "%s" "$word" >want && test_cmp_bin want out &&
	resutil read-exp --json --key argv bytes >out &&
	test_grep "{\"base64\":\"Yf9iCmM=\"}" out
'

test_expect_success 'ten megabytes of binary output arrive and are kept' '
	head -c 10000000 /dev/urandom >big &&
	resutil run -m big -- sh -c "cat big; cat big >&2" >out 2>err &&
	test_cmp_bin big out && test_cmp_bin big err &&
	dir=results/$(resutil rev-exp big) &&
	test_cmp_bin big "$dir/stdout.log" &&
	test_cmp_bin big "$dir/stderr.log" &&
	rm big out err
'

test_expect_success 'a background process of the program is not waited for' '
	resutil run -m bg -- sh -c "sleep 60 & echo \$!" >out &&
	kill "$(cat out)"
'

test_expect_success 'a reader that goes away ends the program as without us' '
	resutil run -m head -- sh -c "trap \"\" PIPE
		i=0
		while test \$i -lt 100000 && echo line; do i=\$((i+1)); done
		echo \$i >stopped" 2>/dev/null | head -n 1 >out &&
	test_wait_for 10 test -s stopped &&
	test "$(cat stopped)" -lt 100000
'

test_expect_success DEV_FULL 'a stream of ours that cannot be written is told' '
	resutil run -m cut -- echo x >/dev/full 2>err &&
	test_line_count = 1 err && test_grep "standard output" err &&
	resutil show cut:stdout.log >out && echo x >want && test_cmp want out
'

test_expect_success 'a run inside a run makes an experiment of its own' '
	resutil run -m outer -- resutil run -m inner -- true &&
	resutil rev-exp outer inner
'

test_expect_success 'closed standard streams are no reason to fail' '
	resutil run -m closed -- true <&- >&- 2>&- &&
	field closed state >out && echo done >want && test_cmp want out
'

test_expect_success 'waiting for a program that closed its streams costs nothing' '
	resutil run -m idle -- sh -c "exec >&- 2>&-; sleep 1
		sed \"s/.*) //\" /proc/\$PPID/stat >ticks" &&
	read -r a b c d e f g h i j k user sys rest <ticks &&
	test $((user + sys)) -lt 30
'

test_expect_success 'signals ignored before are ignored by the program, no others' '
	# signals 1 to 28: the C library keeps 32 and 33 to itself
	only="s/^SigIgn:.*\(.\{7\}\)$/\1/p" &&
	(
		trap "" HUP XFSZ
		sed -n "$only" /proc/self/status >want
		resutil run -m nohup -- sed -n "$only" /proc/self/status >out
	) &&
	test_cmp want out &&
	sed -n "$only" /proc/self/status >want &&
	resutil run -m hup -- sed -n "$only" /proc/self/status >out &&
	test_cmp want out
'

test_done
