#!/bin/sh

test_description='running, unattended, lost: what a run is now'
. ./test-lib.sh

test_expect_success 'setup' '
	cat >resutil-conf.yaml <<-\EOF
	project_name: p
	results_dir: results
	storage_type: dir
	storage_config:
	  path: /nowhere
	EOF
'

# start COMMENT: a run whose program waits to be killed; sets recorder, name
# and program
start () {
	rm -f name pid &&
	{
		resutil run -m "$1" --name-file name -- \
			sh -c 'echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 600' \
			>out.$1 2>&1 &
		recorder=$!
	} &&
	test_wait_for 20 test -s name &&
	test_wait_for 20 test -s pid &&
	name=$(cat name) program=$(cat pid)
}

# state_is TEXT: of $name, as list tells it
state_is () {
	resutil list --format="%(name)	%(state)" >list.out &&
	printf "%s\t%s\n" "$name" "$1" >want &&
	grep "^$name	" list.out >got &&
	test_cmp want got
}

id_of () {
	resutil read-exp --json "$1" >json &&
	sed -n "s/.*\"id\": *\"\([^\"]*\)\".*/\1/p" json
}

test_expect_success 'a run that runs is running' '
	start one &&
	state_is running &&
	test_path_is_file .resutil/live/$(id_of $name) &&
	grep "^$program [0-9]* [-0-9a-f]*$" .resutil/live/$(id_of $name)
'

test_expect_success 'its recorder is killed: unattended' '
	kill -9 $recorder &&
	test_wait_for 20 state_is "running, unattended" &&
	kill -0 $program
'

test_expect_success 'its record can be changed, and it still is' '
	resutil update-exp --set info.note=watched $name &&
	state_is "running, unattended"
'

test_expect_success 'the program is killed too: lost' '
	kill -9 $program &&
	test_wait_for 20 state_is lost &&
	test_path_is_file .resutil/live/$(id_of $name)
'

test_expect_success 'the next writer takes the left-over file away' '
	resutil update-exp --set info.note=over $name &&
	test_path_is_missing .resutil/live/$(id_of $name) &&
	state_is lost
'

test_expect_success 'a run that has ended leaves no file' '
	resutil run -m ended --name-file name -- true &&
	name=$(cat name) &&
	state_is done &&
	test_dir_is_empty .resutil/live
'

test_expect_success 'a run of another host is running there' '
	start far &&
	kill -9 $recorder $program &&
	test_wait_for 20 state_is lost &&
	sed "s/^host: .*/host: far.example/" results/$name/resutil-exp.yaml \
		>changed &&
	cp changed results/$name/resutil-exp.yaml &&
	state_is "running on far.example"
'

test_expect_success 'an id that leads out of its place opens nothing' '
	sed -e "s/^host: .*/host: $(uname -n)/" \
		-e "s|^id: .*|id: ../../results/$name/resutil-exp.yaml|" \
		changed >results/$name/resutil-exp.yaml &&
	cp results/$name/resutil-exp.yaml before &&
	state_is lost &&
	test_cmp before results/$name/resutil-exp.yaml
'

test_expect_success '.resutil is removed under a run: it goes on' '
	start swept &&
	rm -rf .resutil &&
	state_is running &&
	kill $program &&
	wait $recorder;
	state_is fail
'

test_expect_success 'twenty writers at once lose nothing' '
	resutil add many >name &&
	name=$(cat name) &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		resutil update-exp --set info.k$i=$i $name 2>err.$i &
	done &&
	wait &&
	cat err.* >errors &&
	test_must_be_empty errors &&
	resutil read-exp --json $name >json &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		grep "\"k$i\": *$i[,}]" json >line || return 1
	done &&
	grep "\"revision\": *21[,}]" json &&
	find . -name "*.tmp" >left &&
	test_must_be_empty left &&
	test_dir_is_empty .resutil/live
'

test_done
