#!/bin/sh

test_description='after a power failure everything that was reported is there

For each call of a command, and each way in which the disk may have got what was
not synced: whoever reads finds whole experiments, packs and records, nothing
that was reported done is missing, and the next command goes on.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-power-loss.sh

# project: d is one, with a store and some files
project () {
	rm -rf d && mkdir -p d/store d/files/deep &&
	cat >d/resutil-conf.yaml <<-\EOC &&
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: store
	EOC
	seq 20000 >d/files/a && echo b >d/files/deep/b
}

# after_each CHECK: in each directory that a power failure can leave after any
# of the calls in the journal; $last is set after the last one
after_each () {
	rm -rf left && power_loss --each journal left &&
	count=$(power_loss --count journal) &&
	ls left >states && test_line_count -gt 6 states || return 1
	for tree in left/*
	do
		case $tree in
		left/$count.*) last=t ;;
		*) last= ;;
		esac
		(cd $tree && readable && $1) >told 2>&1 || {
			cat told
			echo "after call and by policy ${tree#left/}:"
			power_loss --list journal
			return 1
		}
	done
}

# readable: what has a name is an experiment, and its record can be read
readable () {
	resutil list-exps >../names &&
	{ ls results 2>/dev/null || :; } | sort >../there &&
	sort ../names >../listed && test_cmp ../there ../listed &&
	{
		test ! -s ../names ||
		resutil read-exp --json --stdin <../names >../records
	}
}

# with_files: the one experiment, if it is there, has what the files have;
# it is there when its name was printed
with_files () {
	test "$(wc -l <../names)" -le 1 && test -s ../names || test -z "$last" &&
	while read -r name
	do
		grep "\"name\": *\"$name\"" ../records &&
		cmp results/$name/a files/a &&
		cmp results/$name/deep/b files/deep/b || return 1
	done <../names
}

test_expect_success 'add: whole, and there when it says so' '
	project && noted resutil add x --from files >name &&
	after_each with_files
'

test_expect_success 'what was not synced is written again' '
	echo "*" >want &&
	test_cmp want d/.resutil/.gitignore &&
	: >d/.resutil/.gitignore &&
	(cd d && resutil add y) &&
	test_cmp want d/.resutil/.gitignore &&
	echo mine >d/.resutil/.gitignore &&
	(cd d && resutil add z) &&
	echo mine >want && test_cmp want d/.resutil/.gitignore
'

# with_record: who has started the program has its record on the disk; when
# its status is reported, the whole of it
with_record () {
	if test -e started
	then
		test -s ../names
	fi &&
	case $last in
	t)	grep "\"state\": *\"fail\"" ../records &&
		grep "\"exit_code\": *7" ../records
		;;
	*)	test ! -s ../names || grep "\"state\":" ../records
		;;
	esac
}

test_expect_success 'run: the record is there before the program' '
	project && cat >script <<-\EOC &&
	write started yes
	sync started
	sync .
	EOC
	test_expect_code 7 noted resutil run -m x -- sh -c "
		\"\$0\" <../script && exit 7" \
		"$FAULTY_DIRECTORY/helper/sys-calls" &&
	after_each with_record
'

# result: an update is there as a whole, or not at all
with_result () {
	if test -n "$last" || ! grep "\"revision\": *1," ../records
	then
		grep "\"accuracy\": *1" ../records &&
		grep "\"revision\": *2," ../records
	else
		! grep accuracy ../records
	fi
}

test_expect_success 'update-exp: the old record or the new one' '
	project && (cd d && resutil add x) &&
	noted resutil update-exp @ --set result.accuracy=1 &&
	after_each with_result
'

# all_or_gone: no part of what is removed stays under its name
all_or_gone () {
	if test -n "$last"
	then
		test ! -s ../names
	elif test -s ../names
	then
		with_files
	fi
}

test_expect_success 'rm: there as a whole, or gone' '
	project && (cd d && resutil add x --from files) &&
	noted resutil rm -l -y --force @ &&
	after_each all_or_gone
'

# in_store: each object is a whole pack, all of them when push says so, and the
# next push sends what is missing and nothing else
in_store () {
	(ls store/p/*.zip 2>/dev/null || :) >../packs &&
	{ test -z "$last" || test_line_count = 2 ../packs; } &&
	{ test ! -s ../packs || resutil verify-pack $(cat ../packs); } &&
	resutil push -A && resutil verify-pack store/p/*.zip &&
	ls store/p >../packs && test_line_count = 2 ../packs
}

test_expect_success 'push: whole packs, and the next push goes on' '
	project && (cd d && resutil add x --from files && resutil add y) &&
	noted resutil push -A &&
	after_each in_store
'

test_done
