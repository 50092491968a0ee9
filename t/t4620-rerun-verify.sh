#!/bin/sh

test_description='rerun --verify: whether the same came out'

. ./test-lib.sh

# differs_in OPTION...: what `rerun --verify` printed is in `out`; it must say
# no.
differs () {
	test_expect_code 1 resutil --no-interactive rerun --verify "$@" \
		>out 2>err &&
	test_grep "^not verified: " out
}

# verified OPTION...
verified () {
	resutil rerun --verify "$@" >out 2>err &&
	test_grep "^verified: " out
}

# forget: the repetitions, so that the first has its prefix for itself.
forget () {
	resutil list-exps | grep -e "-rerun$" >again || return 0
	xargs -d "\n" resutil rm -l -y -- <again >/dev/null
}

test_expect_success 'setup' '
	make_repo . && make_project . && printf "/results\n/*\n" >.git/info/exclude &&
	test_commit . setup
'

test_expect_success 'a program that does the same' '
	resutil run -m same -- sh -c "echo out; echo err >&2; resutil inform a=1
		mkdir \"\$RESUTIL_EX_DIR/d\"
		printf \"a\\0b\" >\"\$RESUTIL_EX_DIR/d/bin\"
		ln -s d/bin \"\$RESUTIL_EX_DIR/link\"
		echo \"\$RESUTIL_EX_DIR \$RESUTIL_EX_NAME\" >\"\$RESUTIL_EX_DIR/names\"
		pwd >\"\$RESUTIL_EX_DIR/here\"" &&
	verified same &&
	test_line_count = 1 out &&
	test_grep "all 8 outcomes of .*_same are the same in .*_same-rerun$" out &&
	printf "out\nerr\n" >expect && test_cmp expect err
'

test_expect_success 'it says all with -v, and as JSON' '
	forget && resutil -v rerun --verify same >out 2>err &&
	sed "\$d" out >rows &&
	cat >expect <<-\EOF &&
	same	state
	same	exit_code
	same	info.a
	same	d/bin
	same	here
	same	link
	same	names
	same	stdout.log
	EOF
	test_cmp expect rows &&
	forget && resutil rerun --verify --json same >json 2>/dev/null &&
	test_line_count = 1 json &&
	python3 "$TEST_DIRECTORY/helper/json-lines.py" json >out &&
	same=$(resutil list-exps | grep "_same$") &&
	for line in "rerun_of=$same" verdict=same compared.0.what=record \
		compared.3.what=file compared.3.path=d/bin compared.nr=8 \
		compared.3.verdict=same not_restored.nr=0
	do
		grep -Fqx "$line" out || { echo "$line"; cat out; return 1; }
	done
'

# planted FILE COMMAND: a repetition whose program does COMMAND as well.
planted () {
	resutil run -m "p$1" -- sh -c "
		echo 1 >\"\$RESUTIL_EX_DIR/a\"
		echo 2 >\"\$RESUTIL_EX_DIR/b\"; chmod +x \"\$RESUTIL_EX_DIR/b\"
		ln -s a \"\$RESUTIL_EX_DIR/l\"
		resutil inform x=1
		case \$RESUTIL_EX_NAME in
		*-rerun) cd \"\$RESUTIL_EX_DIR\" && $2;;
		esac" &&
	differs "p$1" && sed "\$d" out >rows
}

test_expect_success 'each planted difference is found, and nothing else' '
	tab=$(printf "\t") && nr=0 &&
	while IFS="|" read -r row command
	do
		nr=$((nr + 1)) &&
		planted $nr "$command" </dev/null &&
		printf "%s\n" "$row" | tr "#" "\t" >expect &&
		test_cmp expect rows || return 1
	done <<-\EOF
	differs#a#line 1: '\''1'\'' then, '\''3'\'' now|echo 3 >a
	differs#a#line 1: '\''1'\'' then, '\''1'\'' now|printf 1 >a
	differs#a#line 2: no more lines then, '\''2'\'' now|echo 2 >>a
	differs#a#2 bytes then, 3 now|printf "a\\0b" >a
	missing#a|rm a
	new#n|echo x >n
	differs#b#cannot be run any more|chmod -x b
	differs#l#leads elsewhere|ln -sfn b l
	differs#l#no link any more|rm l; cp a l
	differs#info.x#1 then, 2 now|resutil inform x=2
	differs#info.y#nothing then, 1 now|resutil inform y=1
	differs#stdout.log#line 1: no more lines then, '\''o'\'' now|echo o
	EOF
'

test_expect_success 'another end' '
	resutil run -m end -- sh -c "case \$RESUTIL_EX_NAME in
		*-rerun) exit 3;; esac" &&
	differs end && sed "\$d" out >rows &&
	printf "differs\tstate\tdone then, fail now\n" >expect &&
	printf "differs\texit_code\t0 then, 3 now\n" >>expect &&
	test_cmp expect rows &&
	test_expect_code 4 resutil run -m four -- sh -c "exit 4" &&
	verified four
'

test_expect_success 'numbers, only where it is asked for' '
	resutil run -m num -- sh -c "
		case \$RESUTIL_EX_NAME in *-rerun) x=0.50001;; *) x=0.5;; esac
		echo \"loss \$x v1\" >\"\$RESUTIL_EX_DIR/log\"
		resutil inform loss=\$x; resutil meter loss=\$x" &&
	differs num && sed "\$d" out | cut -f 2 >rows &&
	printf "%s\n" info.loss log metrics-0000.csv >expect &&
	test_cmp expect rows &&
	differs --rtol=1e-5 num &&
	verified --rtol=1e-4 num &&
	printf "near\tinfo.loss\nnear\tlog\nnear\tmetrics-0000.csv\n" >expect &&
	sed "\$d" out >rows && test_cmp expect rows &&
	verified --atol=0.0001 num && differs --atol=0.000001 num &&
	resutil rerun --verify --rtol=1e-4 --json num >json 2>/dev/null &&
	test_grep "\"verdict\":\"near\"" json
'

test_expect_success 'times in metrics are no outcome, rows are' '
	resutil run -m met -- sh -c "resutil meter a=1; resutil meter a=2
		case \$RESUTIL_EX_NAME in *x-rerun) resutil meter a=3;; esac" &&
	verified met && resutil comment -l met metx && differs metx &&
	test_grep "^differs	metrics-0000.csv	line 4: no more lines then" out
'

# What has such a name was taken for one, and verified whatever it held.
test_expect_success 'only measurements are, not what is called a little like them' '
	resutil run -m like -- sh -c "cd \"\$RESUTIL_EX_DIR\" || exit
		for file in metrics-final.csv metrics-0000.txt metrics-op-system.csv
		do
			echo \$\$,same >\$file || exit
		done
		resutil meter -s file-system pid=\$\$
		resutil meter -s system pid=\$\$" &&
	differs like && sed "\$d" out | cut -f 1,2 | tr "\t" " " >rows &&
	cat >expect <<-\EOF &&
	differs metrics-0000-file-system.csv
	differs metrics-0000.txt
	differs metrics-final.csv
	differs metrics-op-system.csv
	EOF
	test_cmp expect rows
'

test_expect_success 'lines and files that do not count' '
	resutil run -m line -- sh -c "
		echo \"took \$\$ s\" >\"\$RESUTIL_EX_DIR/log\"
		echo same >>\"\$RESUTIL_EX_DIR/log\"
		mkdir \"\$RESUTIL_EX_DIR/tmp\"
		echo \$\$ >\"\$RESUTIL_EX_DIR/tmp/pid.tmp\"" &&
	differs line && test_line_count = 3 out &&
	differs --ignore-lines="^took [0-9]+ s\$" line &&
	test_line_count = 3 out && test_grep "^near	log" out &&
	verified --ignore-lines="^took [0-9]+ s\$" --ignore="*.tmp" line &&
	verified --ignore=log --ignore="tmp/**" line &&
	differs --ignore="log" --ignore="t*" line
'

test_expect_success 'a command that knows better' '
	resutil run -m cmd -- sh -c "
		echo \$\$ >\"\$RESUTIL_EX_DIR/a b\"; echo x >\"\$RESUTIL_EX_DIR/c\"" &&
	write_script know <<-\SH &&
	echo "asked $# $(basename "$1") $(basename "$2")"
	test -s "$1" && test -s "$2" && test "$1" != "$2"
	SH
	verified --compare="$PWD/know" cmd && test_grep "^near	a b" out &&
	test_grep "^asked 2 a b a b" err && test_line_count = 1 err &&
	differs --compare=false cmd && test_grep "; .false. ends with 1$" out &&
	differs --compare="no-such-command 2>/dev/null; exit 127;" cmd &&
	test_grep "ends with 127" out
'

test_expect_success 'words that are wrong' '
	for words in "--rtol=1" "--json" "--ignore=x" "--compare=cmp" \
		"--verify --rtol=x" "--verify --atol=-1" "--verify --rtol=inf" \
		"--verify --ignore-lines=[" "--script --verify" "--verify" ""
	do
		test_expect_code 129 resutil rerun $words \
			$(case $words in *y|"") ;; *) echo same ;; esac) \
			>out 2>err &&
		test_must_be_empty out || return 1
	done
'

test_expect_success 'a run that is not over, and one of which only some is here' '
	resutil run -m going -- sh -c "
		cd \"\$RESUTIL_EX_DIR\" || exit
		while test ! -e stop && test -d .
		do
			sleep 0.1
		done" >/dev/null 2>&1 &
	going=$! &&
	test_when_finished "touch results/*_going/stop; stop_process $going" &&
	test_wait_for 30 resutil rev-exp going >name &&
	test_expect_code 14 resutil rerun --verify going 2>err &&
	test_grep "cannot be compared yet" err &&
	touch "results/$(cat name)/stop" && wait $going
'

test_done
