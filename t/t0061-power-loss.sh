#!/bin/sh

test_description='what a power failure leaves

A program with fault points notes in a journal what each of its calls has done.
power-loss.py builds from it the directory that a power failure after any of
them leaves, by several policies. Here are calls whose outcome is known.
'
. ./test-lib.sh

. "$TEST_DIRECTORY"/lib-power-loss.sh

# calls <SCRIPT: of sys-calls, in d, where the files old and dir/old were
calls () {
	rm -rf d && mkdir -p d/dir && printf old >d/old && printf old >d/dir/old &&
	noted "$FAULTY_DIRECTORY/helper/sys-calls"
}

# left POLICY LINE...: after the last call
left () {
	left_by last "$@"
}

# left_by K POLICY LINE...: sorted
left_by () {
	k=$1 policy=$2 && shift 2 &&
	power_loss --show journal $k $policy >is &&
	printf "%s\n" "$@" | sort >want &&
	test_cmp want is || {
		echo "after call $k, policy $policy:"
		power_loss --list journal
		return 1
	}
}

# built K POLICY: makes the directory `left`
built () {
	rm -rf left && power_loss journal left $1 $2
}

was="dir/ dir/old=old old=old"

test_expect_success 'a new file: its name and its bytes each need a sync' '
	calls <<-\EOC &&
	write new text
	EOC
	left none $was &&
	left names $was new= &&
	left data $was &&
	left cut $was new=te &&
	left zeros $was new=0000 &&
	left all $was new=text &&

	calls <<-\EOC &&
	write new text
	sync new
	EOC
	left none $was && left data $was &&
	left names $was new=text && left all $was new=text &&

	calls <<-\EOC &&
	write new text
	sync .
	EOC
	left none $was new= && left names $was new= &&
	left data $was new=text &&

	calls <<-\EOC &&
	write new text
	sync new
	sync .
	EOC
	for policy in none names data zeros cut odd even all
	do
		left $policy $was new=text || return 1
	done
'

test_expect_success 'write and rename without a sync: the empty file' '
	calls <<-\EOC &&
	write new text
	rename new old
	EOC
	left none $was &&
	left names dir/ dir/old=old old= &&
	left data $was &&
	left all dir/ dir/old=old old=text &&

	calls <<-\EOC &&
	write new text
	sync new
	rename new old
	EOC
	left none $was && left data $was &&
	left names dir/ dir/old=old old=text &&

	calls <<-\EOC &&
	write new text
	sync new
	rename new old
	sync .
	EOC
	left none dir/ dir/old=old old=text
'

test_expect_success 'a rename from one directory to another has two halves' '
	calls <<-\EOC &&
	rename old dir/new
	sync dir
	EOC
	left none $was dir/new=old &&
	left names dir/ dir/old=old dir/new=old &&

	calls <<-\EOC &&
	rename old dir/new
	sync .
	EOC
	left none dir/ dir/old=old
'

test_expect_success 'what was overwritten in place' '
	calls <<-\EOC &&
	append old -and-new
	EOC
	left none $was && left names $was &&
	left zeros dir/ dir/old=old old=old00000000 &&
	left cut dir/ dir/old=old old=old-and &&
	left data dir/ dir/old=old old=old-and-new &&
	left all dir/ dir/old=old old=old-and-new &&

	calls <<-\EOC &&
	append old -and-new
	sync old
	append old -and-more
	EOC
	left none dir/ dir/old=old old=old-and-new &&
	left cut dir/ dir/old=old old=old-and-new-and &&

	calls <<-\EOC &&
	write old text
	EOC
	left none $was && left names $was && left all dir/ dir/old=old old=text &&

	calls <<-\EOC &&
	pwrite old 1 LD
	EOC
	left none $was && left zeros dir/ dir/old=old old=o00 &&
	left cut dir/ dir/old=old old=oL &&
	left all dir/ dir/old=old old=oLD &&

	# of one size within one tick of the clock
	calls <<-\EOC &&
	pwrite old 0 a
	pwrite old 0 b
	pwrite old 0 c
	sync old
	pwrite old 0 d
	pwrite old 0 e
	EOC
	left none dir/ dir/old=old old=cld && left all dir/ dir/old=old old=eld &&
	left_by 2 all dir/ dir/old=old old=ald &&
	left_by 4 all dir/ dir/old=old old=bld &&

	calls <<-\EOC &&
	truncate old 1
	EOC
	left none $was && left names $was && left all dir/ dir/old=old old=o
'

test_expect_success 'directories, and what lies in them' '
	calls <<-\EOC &&
	mkdir new
	write new/file text
	sync new/file
	sync new
	EOC
	left none $was && left data $was &&
	left names $was new/ new/file=text &&

	calls <<-\EOC &&
	mkdir new
	write new/file text
	sync new/file
	sync .
	EOC
	left none $was new/ && left data $was new/ &&

	calls <<-\EOC &&
	mkdir new
	write new/file text
	sync new/file
	sync new
	rename new shown
	sync .
	EOC
	left none $was shown/ shown/file=text &&

	calls <<-\EOC &&
	unlink dir/old
	rename dir away
	EOC
	left odd away/ away/old=old old=old &&
	left even dir/ old=old &&
	left_by 1 even dir/ old=old && left_by 1 odd $was &&

	calls <<-\EOC &&
	remove-tree dir
	mkdir new
	rmdir new
	EOC
	left none $was && left data $was && left names old=old &&

	calls <<-\EOC &&
	remove-tree dir
	sync .
	EOC
	left none old=old
'

test_expect_success 'renames that take the place of another, or none' '
	calls <<-\EOC &&
	mkdir new
	write new/file text
	syncfs new
	exchange new dir
	EOC
	left none $was new/ new/file=text &&
	left names dir/ dir/file=text new/ new/old=old old=old &&

	calls <<-\EOC &&
	mkdir new
	write new/file text
	syncfs new
	exchange new dir
	sync .
	EOC
	left none dir/ dir/file=text new/ new/old=old old=old &&

	calls <<-\EOC &&
	noreplace old new
	sync .
	EOC
	left none dir/ dir/old=old new=old
'

test_expect_success 'links, and files that had no name' '
	calls <<-\EOC &&
	link old hard
	symlink old soft
	write old text
	sync .
	EOC
	left none $was hard=old "soft -> old" &&
	left all dir/ dir/old=old hard=text old=text "soft -> old" &&
	built last all && test "$(stat -c %h left/hard)" = 2 &&
	test "$(cat left/soft)" = text &&

	calls <<-\EOC &&
	write temp text
	sync temp
	link temp new
	unlink temp
	sync .
	EOC
	left none $was new=text &&

	calls <<-\EOC &&
	unnamed . new text
	sync .
	EOC
	left none $was new=text && left data $was new=text &&

	calls <<-\EOC &&
	unlink old
	write new text
	sync .
	EOC
	left none dir/ dir/old=old new=
'

test_expect_success 'copies, directories by descriptor, modes and times' '
	calls <<-\EOC &&
	copy old new
	sync .
	EOC
	left none $was new= && left data $was new=old &&

	calls <<-\EOC &&
	copy old new
	sync new
	in dir file text
	sync .
	EOC
	left none $was new=old &&
	left names $was dir/file= new=old &&
	left all $was dir/file=text new=old &&
	power_loss --list journal >list &&
	grep "dir -> dir.moved" list && grep "+ dir.moved/file" list &&

	calls <<-\EOC &&
	chmod 600 old
	times old 1000000000
	sync old
	chmod 644 old
	EOC
	left none $was && built last none &&
	test "$(stat -c "%a %Y" left/old)" = "600 1000000000" &&
	left all $was && built last all &&
	test "$(stat -c "%a %Y" left/old)" = "644 1000000000"
'

test_expect_success 'what others do is lost unless it is synced' '
	calls <<-\EOC &&
	sync .
	run printf foreign >foreign
	run printf more >>old
	write new text
	EOC
	left none $was && left names $was foreign= new= &&
	left data dir/ dir/old=old old=oldmore &&
	left all dir/ dir/old=old foreign=foreign new=text \
		old=oldmore &&

	calls <<-\EOC &&
	sync .
	run printf foreign >foreign
	run printf more >>old
	sync foreign
	sync old
	sync .
	EOC
	left none dir/ dir/old=old foreign=foreign old=oldmore &&

	calls <<-\EOC &&
	sync .
	run mkdir new && printf a >new/a && ln new/a new/b
	syncfs .
	EOC
	left none $was new/ new/a=a new/b=a
'

test_expect_success 'many threads and processes write one journal' '
	rm -rf d && mkdir -p d/one d/two &&
	cat >script <<-\EOC &&
	threads 8 one
	EOC
	noted sh -c "
		\"$FAULTY_DIRECTORY/helper/sys-calls\" <../script &
		sed s/one/two/ ../script | \"$FAULTY_DIRECTORY/helper/sys-calls\" &&
		wait \$!" &&
	test "$(power_loss --count journal)" = $((16 * 5)) &&
	{
		echo one/ && echo two/ && for i in 0 1 2 3 4 5 6 7
		do
			echo one/$i=one/$i && echo two/$i=two/$i || return 1
		done
	} >want &&
	left none $(cat want) &&

	# at each point: what has its name is whole
	power_loss --states journal none >states && test_line_count -gt 9 states &&
	while read -r k
	do
		power_loss --show journal $k none >is &&
		! grep "/[0-9]=\$" is || return 1
	done <states
'

test_done
