#!/bin/sh

test_description='run --monitor: the series system'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-mount.sh

# until-rows.py NR [REGEXP]: a program of one process that ends when NR rows
# are there, or after half a minute.
cat >until-rows.py <<\EOF
import glob, os, re, sys, time
end = time.monotonic() + 30
while time.monotonic() < end:
    text = "".join(open(name).read() for name in glob.glob(
        os.environ["RESUTIL_EX_DIR"] + "/metrics-*-system.csv"))
    if len(re.findall((sys.argv[2:] or ["^[0-9].*"])[0], text, re.M)) >= \
            int(sys.argv[1]):
        break
    time.sleep(0.02)
EOF

test_expect_success 'setup' '
	make_project proj
'

# From here on each test begins in the project.
TRASH_DIRECTORY=$TRASH_DIRECTORY/proj
cd "$TRASH_DIRECTORY" || exit 1

header=at,processes,threads,cpu,cpu_seconds,memory,read_bytes,write_bytes

# rows COMMENT: the rows of its only file of the series
rows () {
	set -- "results/$(resutil rev-exp "$1")"/metrics-*-system.csv &&
	test $# = 1 && test "$(head -n 1 "$1")" = "$header" &&
	tail -n +2 "$1"
}

# sees CONDITION COMMENT: some row of it fulfils an awk condition, with
# processes, cpu and so on as variables
sees () {
	rows "$2" >rows.out &&
	awk -F , "{
		processes = \$2; threads = \$3; cpu = \$4; cpu_seconds = \$5
		memory = \$6; write_bytes = \$8
		if ($1) found = 1
	} END { exit !found }" rows.out
}

smi_is_over () {
	! kill -0 $smi 2>/dev/null || grep -q "^State:.Z" /proc/$smi/status
}

# rows_are_whole COMMENT: whatever killed the writer
rows_are_whole () {
	cat results/$(resutil rev-exp "$1")/metrics-*-system.csv >rows.out &&
	test -s rows.out && test -z "$(tail -c 1 rows.out)"
}

test_expect_success 'a short run has one row, at its end' '
	resutil run --monitor -m short -- true 2>err && test_must_be_empty err &&
	rows short >out && test_line_count = 1 out &&
	test_grep "^[0-9]*\.[0-9]\{6\},0,0," out
'

test_expect_success 'a longer one has more' '
	resutil run --monitor=0.1 -m longer -- python3 ../until-rows.py 5 &&
	rows longer >out && test_line_count -gt 3 out &&
	sees "processes == 1 && threads == 1 && memory > 100000" longer
'

test_expect_success 'what its children used counts, also of those that ended' '
	resutil run --monitor=60 -m work -- sh -c "
		sh -c \"i=0; while [ \\\$i -lt 300000 ]; do i=\\\$((i+1)); done\"" &&
	rows work >out && test_line_count -ge 1 out &&
	sees "cpu_seconds >= 0.05" work
'

test_expect_success 'daemons and their children count' '
	cat >daemon.sh <<-\EOF &&
	setsid sh -c "sh -c \"echo >>up; until test -e stop; do sleep 0.05; done; :\"; :" \
		</dev/null >/dev/null 2>&1 &
	setsid env -i sh -c "echo >>up; until test -e stop; do sleep 0.05; done; :" \
		</dev/null >/dev/null 2>&1 &
	until test $(wc -l <up) = 2; do sleep 0.02; done
	exec sh -c "until test -e stop; do sleep 0.05; done; :"
	EOF
	: >up && rm -f stop &&
	{
		resutil run --monitor=0.1 -m daemons -- sh daemon.sh &
	} &&
	run=$! && test_when_finished ": >stop" &&
	seen=0 && test_wait_for 20 resutil rev-exp daemons >/dev/null 2>&1 &&
	test_wait_for 20 sees "processes >= 4" daemons 2>/dev/null &&
	: >stop && wait $run
'

test_expect_success 'a daemon that outlives its program does not, any more' '
	resutil run --monitor=0.1 -m outlived -- sh -c "
		setsid sleep 5 >/dev/null 2>&1 </dev/null & sleep 0.3" &&
	rows outlived >out && test_line_count -ge 1 out
'

test_expect_success 'what it writes counts' '
	resutil run --monitor -m writes -- sh -c "
		head -c 5000000 /dev/zero >\"\$RESUTIL_EX_DIR\"/zeros; sync" &&
	sees "write_bytes >= 0" writes
'

test_expect_success 'as run.monitor says; an option counts more' '
	resutil -c run.monitor=yes run -m yes -- true && rows yes >out &&
	resutil -c run.monitor=0.2 run -m often -- true && rows often >out &&
	resutil -c run.monitor=1 run -m second -- true && rows second >out &&
	for off in no false ""
	do
		resutil -c run.monitor=$off run -m off -- true &&
		! ls results/$(resutil rev-exp off)/metrics-* || return 1
		resutil rm -l -y off || return 1
	done &&
	resutil -c run.monitor=yes run --no-monitor -m none -- true &&
	! ls results/$(resutil rev-exp none)/metrics-*
'

test_expect_success 'what is no number of seconds: 129, or 125 in the conf' '
	for bad in 0 0.01 -1 x 10y nan inf 1e300
	do
		test_expect_code 129 resutil run --monitor=$bad -- touch ran \
			2>err || return 1
	done &&
	test_expect_code 125 resutil -c run.monitor=often run -- touch ran \
		2>err && test_line_count = 1 err && test_grep run.monitor err &&
	test_path_is_missing ran
'

test_expect_success 'a debug run has it, too' '
	resutil run --debug --monitor -- true &&
	resutil run --debug --monitor -- true &&
	test_line_count = 2 results/_debug/metrics-0000-system.csv &&
	resutil run --debug -- true &&
	test_path_is_missing results/_debug/metrics-0000-system.csv
'

test_expect_success 'the program can meter beside it' '
	resutil run --monitor=0.1 -m both -- sh -c "
		resutil meter a=1; sleep 0.3; resutil meter -s system a=2" &&
	dir=results/$(resutil rev-exp both) &&
	cat $dir/metrics-*.csv >all && test_grep "$header" all &&
	test_grep "^at,a" all && grep -c "^at," all >out &&
	echo 3 >want && test_cmp want out
'

test_expect_success 'graphics processors, as nvidia-smi tells' '
	mkdir bin && write_script bin/nvidia-smi <<-\EOF &&
	while :
	do
		echo "0, 35, 1024"; echo "1, [N/A], 10"
		sleep 0.05
	done
	EOF
	PATH=$PWD/bin:$PATH resutil run --monitor=0.1 -m gpu -- \
		python3 ../until-rows.py 1 ",35\.0,1073741824,,10485760$" &&
	cat results/$(resutil rev-exp gpu)/metrics-*-system.csv >all &&
	test_grep "^$header,gpu0,gpu0_memory,gpu1,gpu1_memory\$" all &&
	test_grep ",35.0,1073741824,,10485760\$" all
'

test_expect_success 'an nvidia-smi that hangs, or fails, keeps nobody' '
	write_script bin/nvidia-smi <<-\EOF &&
	trap "" TERM HUP INT
	exec sleep 100
	EOF
	PATH=$PWD/bin:$PATH resutil run --monitor=0.1 -m hangs -- sleep 0.3 &&
	rows hangs >out && test_line_count -ge 1 out &&
	write_script bin/nvidia-smi <<-\EOF &&
	echo "NVIDIA-SMI has failed" >&2; exit 9
	EOF
	PATH=$PWD/bin:$PATH resutil run --monitor=0.1 -m fails -- sleep 0.3 \
		2>err && test_must_be_empty err && rows fails >out
'

test_expect_success 'a program that ignores its children, and closes its streams' '
	resutil run --monitor=0.1 -m closed -- python3 -c "
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for fd in range(3): os.close(fd)
for n in range(20):
    if not os.fork(): os._exit(0)
    time.sleep(0.02)
" >out 2>err && test_must_be_empty out && test_must_be_empty err &&
	rows closed >out && test_line_count -gt 1 out
'

test_expect_success 'the status, the output and signals are as without' '
	test_expect_code 7 resutil run --monitor=0.1 -m status -- sh -c "
		echo out; echo err >&2; sleep 0.3; exit 7" >out 2>err &&
	echo out >want && test_cmp want out && echo err >want &&
	test_cmp want err &&
	test_expect_code 143 resutil run --monitor=0.1 -m term -- sh -c "
		sleep 0.3; kill -TERM \$\$"
'

test_expect_success MOUNT 'a full disk: the program goes on, lost rows are told' '
	disk 1m small && resutil --no-interactive -C small init \
		--project-name full --storage-type dir -o path=store >/dev/null &&
	resutil -C small run --no-push --monitor=0.1 -m full -- sh -c "
		dd if=/dev/zero of=\"\$RESUTIL_EX_DIR\"/much bs=4k
		sleep 0.5
		resutil checkpoint --background || echo refused
		rm \"\$RESUTIL_EX_DIR\"/much
		sleep 0.3
		resutil checkpoint && echo went on" >out 2>err &&
	test_grep "went on" out &&
	test_grep "rows of the series .system. were not kept: .*No space" err &&
	resutil -C small read-exp --key state full >out && echo done >want &&
	test_cmp want out && cat small/results/*_full/metrics-*.csv >all &&
	awk -F , "NF != 8" all >torn && test_must_be_empty torn
'

test_expect_success 'kill -9 of the recorder ends what it started' '
	write_script bin/nvidia-smi <<-EOF &&
	echo \$\$ >"$PWD"/smi.pid
	while echo "0, 35, 1024"; do sleep 0.05; done
	EOF
	rm -f stop && {
		PATH=$PWD/bin:$PATH resutil run --monitor=0.1 -m killed -- sh -c "
			until test -e stop; do sleep 0.05; done" 2>/dev/null &
	} && run=$! && test_when_finished ": >stop" &&
	test_wait_for 20 test -s smi.pid &&
	test_wait_for 20 rows_are_whole killed 2>/dev/null && kill -9 $run &&
	{ wait $run || :; } && smi=$(cat smi.pid) &&
	test_wait_for 20 smi_is_over && rows_are_whole killed
'

test_expect_success 'rows that cannot be kept are told, and nobody is stopped' '
	resutil run --monitor=0.1 -m lost -- sh -c "
		mv \"\$RESUTIL_EX_DIR\" moved; sleep 0.5; mv moved \"\$RESUTIL_EX_DIR\"
		echo on" >out 2>err &&
	echo on >want && test_cmp want out
'

test_done
