#!/bin/sh

test_description='days with a directory on the host of a lab

A laptop and a colleague share a directory by ssh, over a line that breaks; on
the host itself it is a directory; and in the end all of it moves on.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

unset RESUTIL_NO_REMOTE
test_set_now 1720120555
MIB=24

# of DIR COMMAND...: there
of () {
	of_dir=$1
	shift
	resutil -C "$of_dir" "$@"
}

# by_name COMMENT: the name of a run of the laptop
by_name () {
	of laptop rev-exp "$1"
}

# same COMMENT DIR: the tree there is that of the laptop
same () {
	same_name=$(by_name "$1") &&
	resutil hash-experiment "laptop/results/$same_name" |
		cut -f 1 >same.here &&
	resutil hash-experiment "$2/results/$same_name" | cut -f 1 >same.there &&
	test_cmp same.here same.there
}

# the host has got all that passes
has_frozen () {
	find "$team" -name ".resutil-ssh-*" -size +2000k | grep -q .
}

is_whole () {
	unzip -p "$team/laptop/$(by_name "$1").zip" weights | cmp - files/weights
}

# push_to_status DIR N
push_to_status () {
	of "$1" push --no-dependency train >"out.$2" 2>"err.$2"
	echo $? >"status.$2"
}

both_are_done () {
	test -s status.1 && test -s status.2
}

test_expect_success 'setup: the host of the lab, and a line to it that breaks' '
	start_sshd && ssh_proxy && team=$SSH_STORES/team && mkdir "$team" &&
	chmod 2775 "$team"
'

test_expect_success 'monday: a project on the laptop, two runs' '
	resutil -q init --storage-type=ssh -o host=lab-proxy -o path="$team" \
		laptop &&
	cd laptop && resutil -q run -m prepare -- \
		sh -c "echo 1,2 >\"\$RESUTIL_EX_DIR\"/table.csv" &&
	resutil -q run -m train -d prepare -- \
		sh -c "echo 0.9 >\"\$RESUTIL_EX_DIR\"/score" &&
	resutil list-remote >names && test_line_count = 2 names
'

test_expect_success 'tuesday: the line breaks in the midst of a large one' '
	mkdir files && head -c ${MIB}M /dev/urandom >files/weights &&
	ssh_proxy_rules up=6000000 times=2 &&
	of laptop add --from "$PWD/files" weights >name &&
	of laptop -q push weights 2>err && ssh_proxy_rules &&
	test_line_count -le 1 err && of laptop list-remote >names &&
	test_grep weights names && unzip -qt "$team/laptop/$(cat name).zip" &&
	of laptop fsck --remote >out &&
	find "$team" -name ".resutil-ssh-?*[0-9a-f]" >left &&
	grep -v lock left >temporaries
	test_must_be_empty temporaries
'

test_expect_success 'wednesday: a train goes into a tunnel, and the lid is shut' '
	ssh_proxy_rules freeze-up=3000000 &&
	of laptop add --from "$PWD/files" tunnel >name &&
	{ setsid -w sh -c "echo \$\$ >pid; exec resutil -C laptop push tunnel" \
		>out 2>err & } &&
	test_wait_for 20 has_frozen && kill -9 "-$(cat pid)" &&
	ssh_proxy_cut && ssh_proxy_rules &&
	test_wait_for 20 ssh_has_no_session &&
	of laptop list-remote >names && test_grep ! tunnel names &&
	of laptop -q push tunnel && is_whole tunnel
'

test_expect_success 'thursday: a colleague has another way there, and looks' '
	resutil -q clone "ssh://lab$team/laptop" colleague &&
	of colleague list --format tsv >out && test_line_count = 5 out &&
	of colleague show train:score >out && test "$(cat out)" = 0.9 &&
	of colleague -q pull train && same train colleague &&
	same prepare colleague && ls colleague/results >names &&
	test_line_count = 2 names
'

test_expect_success 'both push runs of one name, and neither is lost' '
	name=$(by_name train) && cp -r "laptop/results/$name" kept &&
	of laptop -q inform --exp=train note=laptop &&
	of colleague -q inform --exp=train note=colleague &&
	{ push_to_status laptop 1 & } &&
	{ push_to_status colleague 2 & } &&
	test_wait_for 60 both_are_done &&
	cat status.1 status.2 | sort -n >status && printf "0\n14\n" >want &&
	test_cmp want status && unzip -p "$team/laptop/$name.zip" \
		resutil-exp.yaml >record &&
	if test "$(cat status.1)" = 0
	then
		test_grep "note: laptop" record
	else
		test_grep "note: colleague" record
	fi
'

test_expect_success 'friday: on the host itself it is a directory' '
	resutil -q clone "dir:$team/laptop" onhost && cd onhost &&
	resutil -q run -m nightly -- sh -c "echo x >\"\$RESUTIL_EX_DIR\"/x" &&
	cd .. && of colleague -q pull nightly &&
	of onhost -q rm -r -y nightly && of colleague list-remote >names &&
	test_grep ! nightly names
'

test_expect_success 'the week is over: all of it moves to another store' '
	of laptop -q remote add archive "dir:$PWD/archive" &&
	of laptop -q remote copy origin archive -A &&
	of laptop list-remote | sort >want &&
	of laptop list-remote --remote=archive | sort >actual &&
	test_cmp want actual && of laptop fsck --remote=archive >out &&
	of laptop -q remote set-url origin "dir:$PWD/archive" &&
	kill "$SSHD_PID" && of laptop list-remote | sort >actual &&
	test_cmp want actual
'

test_done
