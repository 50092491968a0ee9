#!/bin/sh

test_description='read-trials: find and print the records of trials'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh

# trial DIR TID [STATE]: a record as somebody may have written it.
trial () {
	mkdir -p "$1" &&
	printf "tid: %s\nstate: %s\nparams: {x: 1}\n" "$2" "${3:-done}" \
		>"$1/resutil-exp.yaml"
}

test_expect_success 'setup' '
	trial t/mod.fn/26-11-20/15:01:02/aa mod.fn/aa &&
	trial t/mod.fn/26-11-20/16:01:02/bb mod.fn/bb fail &&
	trial t/mod.fn/26-11-21/15:59:59/cc mod.fn/cc &&
	trial t/other/fn/26-11-20/15:00:00/dd other/fn/dd &&
	mkdir -p t/old/1 &&
	printf "votakvot: 0.1\n\ntid: old/1\n\nstate: done\n" \
		>t/old/1/votakvot.yaml
'

test_expect_success 'all below a path, in order' '
	resutil read-trials t >out &&
	cat >want <<-\EOT &&
	t/mod.fn/26-11-20/15:01:02/aa	mod.fn/aa	done
	t/mod.fn/26-11-20/16:01:02/bb	mod.fn/bb	fail
	t/mod.fn/26-11-21/15:59:59/cc	mod.fn/cc	done
	t/old/1	old/1	done
	t/other/fn/26-11-20/15:00:00/dd	other/fn/dd	done
	EOT
	test_cmp want out &&
	resutil read-trials t/old/1 >out &&
	echo "t/old/1	old/1	done" >want &&
	test_cmp want out
'

# found PATTERN TID...
found () {
	resutil read-trials "$1" >out &&
	shift &&
	cut -f2 out >got &&
	printf "%s\n" "$@" >want &&
	test_cmp want got
}

test_expect_success 'patterns match directories, and all below them counts' '
	found "t/**/26-11-20" mod.fn/aa mod.fn/bb other/fn/dd &&
	found "t/**/26-11-20/15:*" mod.fn/aa other/fn/dd &&
	found "t/**/26-11-20/**" mod.fn/aa mod.fn/bb other/fn/dd &&
	found "t/*/26-11-2[1-9]" mod.fn/cc &&
	found "*/old" old/1 &&
	found "$(pwd)/t/m*/*/15*" mod.fn/aa mod.fn/cc &&
	found "**/votakvot.yaml" mod.fn/aa mod.fn/bb mod.fn/cc old/1 \
		other/fn/dd &&
	found t/old/1/votakvot.yaml old/1
'

test_expect_success 'module and function are one level or two' '
	found t/mod/fn mod.fn/aa mod.fn/bb mod.fn/cc &&
	found t/mod.fn mod.fn/aa mod.fn/bb mod.fn/cc &&
	found t/other.fn other/fn/dd &&
	found t/other/fn other/fn/dd &&
	found "t/mod/fn/26-11-20/15:*" mod.fn/aa &&
	found "t/other.fn/*/15:*" other/fn/dd
'

test_expect_success 'nothing found is nothing' '
	resutil read-trials t/none "t/**/none" "none/*" none >out &&
	test_must_be_empty out
'

test_expect_success 'files are named, those of a trial in it are not' '
	trial u/outer outer &&
	trial u/outer/sub/inner inner &&
	echo 1 >u/outer/metrics-0000.csv &&
	mkdir u/outer/model && echo 2 >"u/outer/model/w eights" &&
	ln -s nowhere u/outer/link &&
	echo 3 >u/outer/sub/more && echo 4 >u/outer/sub/inner/own &&
	>u/outer/.resutil-live && >u/outer/resutil-exp.yaml.1.2.tmp &&
	resutil read-trials --json u >out &&
	test_line_count = 2 out &&
	sed "s/,\"record\".*//" out >got &&
	cat >want <<-\EOT &&
	{"path":"u/outer","tid":"outer","state":"done","attached":["link","metrics-0000.csv","model/w eights","sub/more"]
	{"path":"u/outer/sub/inner","tid":"inner","state":"done","attached":["own"]
	EOT
	test_cmp want got &&
	resutil read-trials --json --no-attached u >out &&
	! grep attached out
'

test_expect_success 'links and hidden directories are passed over' '
	trial v/here here && trial v/.hidden/x hidden &&
	ln -s ../t v/link && ln -s . v/loop &&
	found v here &&
	found "v/**" here &&
	ln -s v w && found w here
'

test_expect_success 'copies of records among copies of code are no trials' '
	mkdir -p code/exp/uncommited_files/tr/a &&
	cp -R "$(resutil read-trials . | head -n 1 | cut -f1)"/resutil-exp.yaml \
		code/exp &&
	cp code/exp/resutil-exp.yaml code/exp/uncommited_files/tr/a &&
	resutil read-trials code | cut -f1 >out &&
	echo code/exp >want && test_cmp want out &&
	resutil read-trials "code/**/tr" >out && test_must_be_empty out &&
	resutil read-trials --json code >json &&
	test_grep "uncommited_files/tr/a/resutil-exp.yaml" json &&
	rm -r code
'

test_expect_success 'values keep their types' '
	mkdir typed &&
	cat >typed/resutil-exp.yaml <<-\EOT &&
	tid: typed
	state: done
	result:
	  s: !!set {3, x}
	  b: !!binary "/w=="
	  t: 2026-11-20 23:04:10.690226
	  d: 2026-11-20
	  n: .nan
	  i: [-.inf, 36893488147419103232, "1", 1.5]
	  m: {1: a, null: b, "2": c}
	EOT
	resutil read-trials --json typed >out &&
	cat >want <<-\EOT &&
	"result":{"s":{"!":"set","v":[3,"x"]},"b":{"!":"binary","v":"/w=="},"t":{"!":"timestamp","v":"2026-11-20 23:04:10.690226"},"d":{"!":"timestamp","v":"2026-11-20"},"n":{"!":"float","v":"nan"},"i":[{"!":"float","v":"-inf"},{"!":"int","v":"36893488147419103232"},"1",1.5],"m":{"!":"map","v":[[1,"a"],[null,"b"],["2","c"]]}}
	EOT
	tr -d "\n" <want >want.1 &&
	grep -F -f want.1 out
'

test_expect_success 'a record that cannot be read is named, the others printed' '
	trial x/good good && mkdir x/bad && echo "{" >x/bad/resutil-exp.yaml &&
	test_expect_code 3 resutil read-trials x >out 2>err &&
	test_line_count = 1 out && grep "x/bad" err &&
	test_expect_code 13 resutil read-trials x/bad 2>err
'

test_expect_success 'a trial whose recorder is gone is lost' '
	mkdir y && cat >y/resutil-exp.yaml <<-EOT &&
	tid: "y"
	state: running
	host: $(uname -n)
	EOT
	found y y && grep "	lost" out
'

test_expect_success 'a thousand, by several threads, in order' '
	for i in 1 2 3 4 5 6 7 8 9
	do
		for j in 0 1 2 3 4 5 6 7 8 9
		do
			for k in 0 1 2 3 4 5 6 7 8 9
			do
				mkdir -p many/$i$j$k &&
				echo "tid: n$i$j$k" >many/$i$j$k/resutil-exp.yaml ||
				return 1
			done
		done
	done &&
	resutil read-trials many >out &&
	test_line_count = 900 out &&
	sort out >sorted && test_cmp sorted out
'

test_expect_success 'paths come from the standard input, too' '
	echo t/old >list &&
	resutil read-trials --stdin <list >out &&
	printf "t/old/1\told/1\tdone\n" >want && test_cmp want out &&
	printf "t/old\0" | resutil read-trials --stdin -z >out &&
	printf "t/old/1\told/1\tdone\0" >want && test_cmp want out
'

# begun ROOT TID: a trial that a recorder records; in .resutil/trials then
begun () {
	printf "%s\n" "{\"op\":\"begin\",\"kind\":\"trial\",\"root\":\"$1\",\"tid\":\"$2\",\"providers\":[]}" \
		"{\"op\":\"finish\",\"run\":1,\"state\":\"done\"}" |
	resutil record-runs >answers && ! grep "\"ok\":false" answers
}

# note_of PATH: where the note of a root is
note_of () {
	python3 - "$1" <<-\END
	import sys
	h = 0xcbf29ce484222325
	for byte in sys.argv[1].encode():
	    h = (h ^ byte) * 0x100000001b3 % 2 ** 64
	print(".resutil/trials/%016x" % h)
	END
}

# known TID...: what the project knows, by its tids
known () {
	resutil read-trials >out && cut -f2 out >got &&
	printf "%s\n" "$@" >want && test_cmp want got
}

test_expect_success 'a project knows the roots of its trials' '
	make_conf proj && mkdir -p proj/sub proj/results && (
		cd proj && resutil read-trials >out && test_must_be_empty out &&
		begun zoo b/1 && begun zoo a/1 && (cd sub && begun in/er x) &&
		begun ../beside y && resutil read-trials >out &&
		cat >want <<-\EOT &&
		sub/in/er/x	x	done
		zoo/a/1	a/1	done
		zoo/b/1	b/1	done
		EOT
		test_cmp want out && ls .resutil/trials >notes &&
		test_line_count = 2 notes &&
		echo zoo >want && test_cmp want "$(note_of zoo)" &&
		cd sub && resutil read-trials --json --no-attached >out &&
		sed "s/,\"tid.*//" out >got && cat >want <<-\EOT &&
		{"path":"../zoo/a/1"
		{"path":"../zoo/b/1"
		{"path":"in/er/x"
		EOT
		test_cmp want got
	)
'

test_expect_success 'the nearest project, by the root and not by where it runs' '
	mkdir -p proj/zoo/own && make_conf proj/zoo/own &&
	(cd proj && begun zoo/own/t z) &&
	(cd proj/zoo/own && known z) &&
	test_path_is_missing "proj/$(note_of zoo/own/t)" &&
	rm -r proj/zoo/own
'

test_expect_success 'a root in a root, and experiments' '
	(
		cd proj && begun . top && begun zoo/a inner &&
		begun results/in t &&
		exp=results/aapfup_20240704T191555_nice && trial $exp e &&
		resutil read-trials >out && cut -f1 out >got &&
		cat >want <<-\EOT &&
		results/in/t
		sub/in/er/x
		top
		zoo/a/1
		zoo/a/inner
		zoo/b/1
		EOT
		test_cmp want got && rm -r top results zoo/a/inner
	)
'

test_expect_success 'a root that is gone is passed over' '
	(
		cd proj && rm -f "$(note_of .)" && begun gone g && known g x a/1 b/1 &&
		rm -r gone && known x a/1 b/1
	)
'

test_expect_success 'what leads out of the project, or is no note, is ignored' '
	trial far/t outside && (
		cd proj && rm -r .resutil/trials && mkdir .resutil/trials &&
		ln -s ../far link && far=$(cd ../far && pwd) &&
		for path in "$far" ../far "zoo/../../far" link/ link \
			"zoo//a" ./zoo "" zoo/ zoo/.. /
		do
			echo "$path" >"$(note_of "$path")" || return 1
		done &&
		printf zoo >"$(note_of zoo)" &&
		echo zoo >.resutil/trials/0123456789abcdef &&
		mkdir .resutil/trials/0123456789abcdee &&
		ln -s "$far" .resutil/trials/0123456789abcded &&
		mkfifo .resutil/trials/0123456789abcdec &&
		head -c 100000 /dev/zero | tr "\0" x \
			>.resutil/trials/0123456789abcdea &&
		resutil read-trials >out 2>err && test_must_be_empty out &&
		test_must_be_empty err &&
		begun zoo a/2 && known a/1 a/2 b/1 && rm link
	)
'

test_expect_success 'a project that cannot be written to takes trials' '
	make_conf ro && mkdir ro/t && : >ro/.resutil &&
	(cd ro && begun t x && resutil read-trials t >out &&
		test_line_count = 1 out && resutil read-trials >out &&
		test_must_be_empty out)
'

test_expect_success 'wrong usage' '
	test_expect_code 129 resutil read-trials 2>err &&
	grep "project" err &&
	test_expect_code 129 resutil read-trials --stdin x 2>err
'

test_done
