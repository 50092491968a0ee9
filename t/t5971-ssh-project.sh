#!/bin/sh

test_description='a project whose store is a directory of another host'

. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-ssh.sh

unset RESUTIL_NO_REMOTE
TOP=$TRASH_DIRECTORY
export TOP
test_set_now 1720120555

# in_exp NAME...: files that these experiments have there
there () {
	for name
	do
		test_path_is_file "$team/proj/$name.zip" || return 1
	done
}

test_expect_success 'setup: a host' '
	start_sshd && ssh_shared && team=$SSH_STORES/team &&
	mkdir proj && echo "print()" >proj/train.py
'

test_expect_success 'init says what is missing, and saves nothing' '
	test_expect_code 12 resutil init --storage-type=ssh -o host=lab \
		-o path="$team" proj >out 2>err &&
	test_grep "$team" err && test_grep "man resutil-ssh" err &&
	test_grep "resutil init --offline .*host=lab" err &&
	test_path_is_missing proj/resutil-conf.yaml &&
	test_path_is_missing "$team"
'

test_expect_success 'init tries it out' '
	mkdir "$team" &&
	resutil init --storage-type=ssh -o host=lab -o path="$team" proj >out &&
	cat >want <<-END &&
	Connected to ssh
	  Host: lab
	  Directory: $team
	  Project dir: proj
	  Experiments: 0
	END
	head -n 5 out >actual && test_cmp want actual &&
	test_grep "Initialized project .proj." out &&
	find "$team" ! -name ".resutil-ssh-lock" -type f >left &&
	test_must_be_empty left
'

test_expect_success 'a run is sent when it ends' '
	cd proj &&
	resutil -q run -m one -- sh -c "echo 1 >\"\$RESUTIL_EX_DIR\"/a.txt" &&
	one=$(resutil rev-exp one) && there "$one" &&
	unzip -p "$team/proj/$one.zip" a.txt >../a && test "$(cat ../a)" = 1 &&
	unzip -qt "$team/proj/$one.zip" &&
	resutil list --format tsv >../out && test_grep "$one" ../out &&
	resutil push -A >../out && test_grep "0 sent.*1 already" ../out
'

test_expect_success 'checkpoints, and what grows, replace what was there' '
	cd proj && cat >train.sh <<-\EOF &&
	echo half >"$RESUTIL_EX_DIR"/loss.txt &&
	resutil checkpoint &&
	resutil -C "$TOP/proj" list-remote >"$TOP/seen" &&
	resutil show "origin/@:loss.txt" >>"$TOP/seen" &&
	echo whole >"$RESUTIL_EX_DIR"/loss.txt
	EOF
	resutil run -m two -d one -- sh train.sh 2>../err &&
	two=$(resutil rev-exp two) && there "$two" &&
	test_grep "^half$" "$TOP/seen" && test_grep "$two" "$TOP/seen" &&
	unzip -p "$team/proj/$two.zip" loss.txt >../loss &&
	test "$(cat ../loss)" = whole
'

test_expect_success 'a colleague clones, looks, and pulls with what it needs' '
	mkdir colleague && cd colleague &&
	resutil clone "ssh://lab$team/proj" >out &&
	test_grep "holds 2 experiments" out && cd proj &&
	resutil show two:loss.txt >../loss && test "$(cat ../loss)" = whole &&
	resutil pull two >../out && test_grep "2 fetched" ../out &&
	resutil hash-experiment results/* | sort >../theirs &&
	( cd ../../proj && resutil hash-experiment results/* ) |
		sort >../ours && test_cmp ../ours ../theirs &&
	resutil fsck --remote >../out && resutil status >../out
'

test_expect_success 'a conflict is named, and nothing overwritten' '
	( cd colleague/proj && resutil -q comment two "theirs of two" ) &&
	resutil -C proj list-remote >names && test_grep "theirs of two" names &&
	cksum <"$team/proj/$one.zip" >before &&
	( cd proj && resutil -q inform --exp=one by=laptop &&
		resutil -q push one ) &&
	( cd colleague/proj && resutil -q inform --exp=one by=colleague &&
		test_expect_code 14 resutil push one ) 2>err &&
	test_grep "$one" err &&
	unzip -p "$team/proj/$one.zip" resutil-exp.yaml >record &&
	test_grep "by: laptop" record && cksum <"$team/proj/$one.zip" >after &&
	! test_cmp before after >/dev/null 2>&1
'

test_expect_success 'what is damaged there is found, and sent again' '
	cd proj && zip=$team/proj/$one.zip && resutil fsck --remote >out &&
	size=$(wc -c <"$zip") && cp "$zip" ../whole.zip &&
	printf xxxx | dd of="$zip" bs=1 seek=70 conv=notrunc 2>/dev/null &&
	test_expect_code 1 resutil fsck --remote >../out 2>../err &&
	cat ../out ../err >../all && test_grep "$one" ../all &&
	cp ../whole.zip "$zip" && resutil fsck --remote >../out
'

test_expect_success 'gc takes what a dead put left, and not what is new' '
	cd proj && old=$team/proj/.resutil-ssh-0123456789abcdef &&
	new=$team/proj/.resutil-ssh-fedcba9876543210 &&
	echo x >"$old" && touch -d 2024-07-01 "$old" && echo x >"$new" &&
	resutil gc --remote -n >../out && test_path_is_file "$old" &&
	resutil gc --remote >../out && test_path_is_missing "$old" &&
	test_path_is_file "$new" && rm "$new"
'

test_expect_success 'on the host itself the store is a directory' '
	resutil -C proj list-objects --remote="dir:$team" | sort >here &&
	resutil -C proj list-objects | sort >there && test_cmp here there &&
	resutil -q clone "dir:$team/proj" onhost && cd onhost &&
	resutil add three >name && resutil -q push three &&
	resutil -C ../proj list-remote >names && test_grep three names &&
	resutil -C ../proj -q pull three && resutil -q rm -r -y three &&
	resutil -C ../proj list-remote >names && test_grep ! three names
'

test_expect_success 'rm takes it there, too' '
	cd proj && resutil rm -r -l -y three >../out 2>&1
	resutil rm -r -y one >../out && test_path_is_missing "$team/proj/$one.zip" &&
	resutil list-remote >../names && test_line_count = 1 ../names
'

test_expect_success 'user, port and ssh_config of the conf are used' '
	grep -v "Port\|User " "$SSH_CONFIG" >plain.conf &&
	port=$(ssh_port lab) &&
	test_expect_code 12 resutil init --storage-type=ssh -o host=lab \
		-o path="$team" -o ssh_config=../plain.conf plain 2>err &&
	resutil -q init --storage-type=ssh -o host="$(id -un)@lab" \
		-o port="$port" -o path="$team" -o ssh_config=../plain.conf plain &&
	sed -n "/^storage_config/,/^storage_type/p" plain/resutil-conf.yaml >out &&
	test_grep "^  port: $port$" out && test_grep "^  user: $(id -un)$" out &&
	( cd plain && resutil add four >name && resutil -q push four ) &&
	resutil clone -o ssh_config=plain.conf \
		"ssh://$(id -un)@lab:$port$team/plain" again >out &&
	resutil -C again list-remote >names && test_grep four names &&
	resutil config --trusted again >out &&
	test_grep "ssh -F $PWD/plain.conf" out &&
	resutil config --trusted --json again >out &&
	test_grep "\"trusted\":\"yes\"" out
'

test_done
