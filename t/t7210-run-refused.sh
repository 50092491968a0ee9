#!/bin/sh

test_description='run: what is refused, and bad luck'
. ./test-lib.sh

test_expect_success 'setup' '
	make_project proj
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

# nothing_made COMMAND...: no experiment and nothing half-made came of it
nothing_made () {
	ls -A results >.before
	"$@"
	status=$?
	ls -A results >.after
	test_cmp .before .after || return 99
	return $status
}

test_expect_success 'no project: one line, 125' '
	mkdir ../elsewhere &&
	(
		cd ../elsewhere &&
		test_expect_code 125 resutil run -- true 2>err &&
		test_line_count = 1 err && test_grep "resutil init" err
	)
'

test_expect_success 'no command: usage, 129' '
	test_expect_code 129 resutil run 2>err && test_grep "^usage:" err &&
	test_expect_code 129 resutil run -m x 2>err
'

test_expect_success 'a program that is not there: 127, no name is claimed' '
	test_expect_code 127 nothing_made resutil run -- no-such-program 2>err &&
	test_line_count = 1 err && test_grep no-such-program err &&
	test_expect_code 127 nothing_made resutil run -- ./no/such 2>err
'

test_expect_success 'a program that may not run: 126, no name is claimed' '
	echo x >file && chmod 644 file &&
	test_expect_code 126 nothing_made resutil run -- ./file 2>err &&
	test_line_count = 1 err &&
	mkdir dir &&
	test_expect_code 126 nothing_made resutil run -- ./dir 2>err
'

test_expect_success 'a script whose interpreter is missing: 127' '
	printf "#!/no/such/interpreter\n" >script && chmod +x script &&
	test_expect_code 127 nothing_made resutil run -- ./script 2>err &&
	test_grep "/no/such/interpreter" err
'

test_expect_success 'a file that is no program: 126, and no shell runs it' '
	echo "touch ran" >text && chmod +x text &&
	test_expect_code 126 nothing_made resutil run -- ./text 2>err &&
	test_path_is_missing ran
'

test_expect_success 'a bad comment: the reason, nothing made' '
	for bad in a/b "a:b" "a*b" "q?" "<" "|" "$(printf "a\tb")" \
		"$(printf "\377")"
	do
		test_expect_code 125 nothing_made \
			resutil run -m "$bad" -- touch ran 2>err &&
		test_line_count = 1 err || return 1
	done &&
	test_expect_code 125 nothing_made \
		env RESUTIL_COMMENT=../x resutil run -- touch ran 2>err &&
	long=$(printf "%0201d" 0) &&
	test_expect_code 125 nothing_made resutil run -m "$long" -- touch ran &&
	test_path_is_missing ran
'

test_expect_success 'results_dir that is missing is made' '
	rmdir results 2>/dev/null || rm -rf results &&
	resutil run -m made -- true && resutil rev-exp made
'

test_expect_success 'results_dir that is a file: 125' '
	mv results kept && echo x >results &&
	test_expect_code 125 resutil run -- touch ran 2>err &&
	test_line_count = 1 err && test_grep results err &&
	rm results && mv kept results && test_path_is_missing ran
'

test_expect_success AS_USER 'results_dir that is not writable: 125' '
	chmod 755 . .resutil && chmod -R a+rwX .resutil &&
	test_when_finished "chmod 755 results" && chmod 555 results &&
	test_expect_code 125 as_user resutil run -- true 2>err &&
	test_line_count = 1 err && test_grep results err
'

test_expect_success 'a collect pattern that leads outside: 125' '
	test_expect_code 125 nothing_made resutil run --collect ../x -- true 2>err &&
	test_line_count = 1 err &&
	test_expect_code 125 nothing_made resutil run --collect /x -- true
'

test_expect_success 'a name file that cannot be written: 125, nothing made' '
	test_expect_code 125 nothing_made \
		resutil run --name-file=no/dir/name -- touch ran 2>err &&
	test_path_is_missing ran
'

test_expect_success '--debug does not write through a link: 125' '
	mkdir ../outside && ln -s ../../outside results/_debug &&
	test_expect_code 125 resutil run --debug -- touch ran 2>err &&
	test_line_count = 1 err && rm results/_debug &&
	test_dir_is_empty ../outside && test_path_is_missing ran
'

test_expect_success 'a hundred runs of one comment at once: a hundred names' '
	mkdir pids &&
	i=0 &&
	while test $i -lt 100
	do
		resutil run -m same --name-file=pids/$i -- true &
		i=$((i + 1))
	done &&
	wait &&
	cat pids/* | sort -u >names &&
	test_line_count = 100 names &&
	resutil list-exps | grep "_same$" >listed &&
	test_cmp names listed &&
	resutil read-exp --key state --stdin <names >out &&
	sort -u out >states && echo done >want && test_cmp want states
'

# A limit on file size is a full disk that needs no mount: the write fails
# and the file keeps what fitted. Our own output must be no file then.
test_expect_success 'a log that cannot grow: the program goes on, the loss is told' '
	{
		(
			ulimit -f 100 && exec resutil run -m full -- sh -c "
				head -c 1000000 /dev/zero; echo survived >&2"
		) 2>err
		echo $? >status
	} | wc -c >out &&
	echo 0 >want && test_cmp want status &&
	test "$(cat out)" -eq 1000000 &&
	test_grep survived err &&
	test_grep "stdout.log.*not kept" err &&
	resutil read-exp --json --key lost_output full >out &&
	test_grep "\"path\":\"stdout.log\",\"bytes\":[0-9]*" out &&
	resutil read-exp --key state full >out &&
	echo done >want && test_cmp want out
'

test_expect_success 'the program is not spared the end that such a limit means' '
	(
		ulimit -f 100 && exec resutil run -m limit -- sh -c "
			exec head -c 1000000 /dev/zero >grown"
	) >out 2>err
	echo $? >status && rm grown &&
	echo 153 >want && test_cmp want status &&
	resutil read-exp --key signal limit >out &&
	echo SIGXFSZ >want && test_cmp want out
'

# A file system of our own that can be full.
test_lazy_prereq SMALL_DISK '
	mkdir small && mount -t tmpfs -o size=1m none small && umount small
'

test_expect_success SMALL_DISK 'a full disk: the end is recorded all the same' '
	mkdir ../small && mount -t tmpfs -o size=1m none ../small &&
	test_when_finished "umount \"$TEST_TOP_DIRECTORY/trash/small\"" &&
	make_project ../small 2>err &&
	(
		cd ../small &&
		test_expect_code 4 resutil run -m disk -- sh -c "
			cat /dev/zero >fill 2>/dev/null
			echo lost; exit 4" >../out 2>../err &&
		resutil read-exp --key state disk >../state &&
		resutil read-exp --json --key lost_output disk >../lost
	) &&
	echo lost >want && test_cmp want ../out &&
	test_grep "stdout.log.*not kept" ../err &&
	echo fail >want && test_cmp want ../state &&
	test_grep "\"path\":\"stdout.log\",\"bytes\":5" ../lost
'

test_expect_success SMALL_DISK 'a disk that is full already: 125, nothing made' '
	mkdir -p ../small && mount -t tmpfs -o size=1m none ../small &&
	test_when_finished "umount \"$TEST_TOP_DIRECTORY/trash/small\"" &&
	make_project ../small &&
	(
		cd ../small &&
		cat /dev/zero >fill 2>/dev/null
		test_expect_code 125 resutil run -- touch ran 2>../err &&
		ls -A results .resutil/live
	) >out &&
	test_line_count = 1 ../err && test_grep "No space" ../err &&
	test_grep ! "\.tmp" out && test_grep ! "^[0-9a-f]*-" out
'

test_expect_success 'a program that removes its own experiment keeps its status' '
	test_expect_code 3 resutil run -m gone -- sh -c "
		rm -r \"\$RESUTIL_EX_DIR\"; exit 3" 2>err &&
	test_grep "put back" err && resutil read-exp --key state gone >out &&
	echo fail >want && test_cmp want out
'

test_expect_success 'a program that changes the record loses nothing' '
	resutil run -m both -- sh -c "
		resutil update-exp --set info.score=0.9 \"\$RESUTIL_EX_NAME\"" &&
	resutil read-exp --key info.score both >out &&
	echo 0.9 >want && test_cmp want out &&
	resutil read-exp --key state both >out &&
	echo done >want && test_cmp want out
'

test_done
