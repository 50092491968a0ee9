#!/bin/sh

test_description='which projects may have commands run'
. ./test-lib.sh

# clone_of DIR: a conf that came from somewhere, and asks for a command that
# leaves a trace.
clone_of () {
	mkdir -p "$1" &&
	cat >"$1"/resutil-conf.yaml <<-END
	project_name: theirs
	results_dir: results
	storage_type: dir
	storage_config:
	  path: $TRASH_DIRECTORY/store
	meta:
	  spy: [touch, $TRASH_DIRECTORY/asked]
	END
}

# was_asked [ARG...]: whether a run in the project here asks the command
was_asked () {
	rm -f "$TRASH_DIRECTORY/asked" &&
	resutil -c run.meta-wait=60 "$@" run -m x -- true 2>err &&
	test -f "$TRASH_DIRECTORY/asked"
}

trusted=$HOME/.local/share/resutil/trusted

test_expect_success 'setup' '
	mkdir store && clone_of theirs && make_repo mine && make_project mine
'

test_expect_success 'a conf from elsewhere runs nothing, and that is said once' '
	cd theirs && ! was_asked &&
	test_line_count = 1 err && test_grep "not asked.*meta.spy.*--trust" err &&
	test_expect_code 1 resutil config --trusted >out &&
	test_grep "not trusted" out && test_grep "meta.spy: touch" out &&
	resutil read-exp --key meta.spy.error @ >out &&
	test_grep "not trusted" out &&
	resutil -q run -m x -- true 2>err && test_must_be_empty err
'

test_expect_success 'what only looks or moves runs nothing either' '
	cd theirs && rm -f ../asked &&
	for command in "list" "status" "log" "show @" "fsck" "gc -n" "push @" \
		"pull @" "read-exp @" "checkpoint --exp=@" "list-exps"
	do
		resutil $command >/dev/null 2>&1 </dev/null
		test_path_is_missing ../asked || return 1
	done
'

test_expect_success 'trusted, it is asked' '
	cd theirs && resutil config --trust >out &&
	test_grep "meta.spy: touch .*/asked" out &&
	resutil config --trusted && was_asked && test_must_be_empty err &&
	test_when_finished "rm -rf sub" && mkdir sub && cd sub && was_asked
'

test_expect_success 'the file is private, a line a project' '
	test "$(stat -c %a "$trusted")" = 600 &&
	grep -c "^$TRASH_DIRECTORY/theirs	{" "$trusted" >nr &&
	echo 1 >want && test_cmp want nr &&
	resutil -C theirs config --trust && resutil -C theirs config --trust &&
	grep -c "^$TRASH_DIRECTORY/theirs	" "$trusted" >nr &&
	test_cmp want nr
'

test_expect_success 'JSON tells it, too' '
	resutil config --trusted --json theirs >out &&
	printf "{\"path\":\"%s\",\"trusted\":\"yes\",\"runs\":[\"%s\"]}\n" \
		"$TRASH_DIRECTORY/theirs" \
		"meta.spy: touch $TRASH_DIRECTORY/asked" >want &&
	test_cmp want out
'

test_expect_success 'an edit of the section takes the trust, another edit does not' '
	cd theirs && test_when_finished "cp ../conf.before resutil-conf.yaml" &&
	cp resutil-conf.yaml ../conf.before &&
	printf "run: {prompt: no}\n# a comment\n" >>resutil-conf.yaml &&
	was_asked &&
	sed "s/\[touch,/[touch, -c,/" ../conf.before >resutil-conf.yaml &&
	! was_asked && test_grep "has changed since" err &&
	test_expect_code 1 resutil config --trusted --json >out &&
	test_grep "\"changed\"" out &&
	cp ../conf.before resutil-conf.yaml && was_asked
'

test_expect_success 'hooks: that come later take it as well' '
	cd theirs && test_when_finished "cp ../conf.before resutil-conf.yaml" &&
	printf "hooks:\n  done: [touch, x]\n" >>resutil-conf.yaml &&
	! was_asked && test_grep "has changed since" err &&
	test_expect_code 1 resutil config --trusted >out &&
	test_grep "hooks.done: touch x" out
'

test_expect_success 'untrusted again' '
	resutil config --untrust theirs >out && test_grep "No longer" out &&
	resutil config --untrust theirs >out && test_grep "was not" out &&
	(cd theirs && ! was_asked) &&
	test_grep ! theirs "$trusted"
'

test_expect_success 'a link to the project is the project' '
	ln -s theirs link && resutil config --trust link &&
	(cd link && was_asked) && (cd theirs && was_asked) &&
	resutil config --untrust link
'

test_expect_success 'a project that was moved or copied is another one' '
	resutil config --trust theirs &&
	cp -a theirs copy && (cd copy && ! was_asked) &&
	mv theirs moved && (cd moved && ! was_asked) &&
	mv moved theirs && (cd theirs && was_asked) && rm -rf copy
'

test_expect_success 'the directory is gone: what was said of it can be taken back' '
	clone_of gone && resutil config --trust gone && rm -r gone &&
	resutil config --untrust gone >out && test_grep "No longer" out &&
	test_grep ! "/gone	" "$trusted"
'

test_expect_success 'init trusts what it made, also when its conf changes' '
	resutil config --trusted mine >out && test_grep "nothing to run" out &&
	cp mine/resutil-conf.yaml mine.before &&
	printf "meta:\n  spy: touch %s/asked\n" "$TRASH_DIRECTORY" \
		>>mine/resutil-conf.yaml &&
	cd mine && was_asked && echo "  two: [true]" >>resutil-conf.yaml &&
	was_asked && resutil config --trusted >out && test_grep "two: true" out
'

test_expect_success 'but not where another project took its place' '
	mv mine/.resutil saved && rm -rf other && clone_of other &&
	mv mine mine.away && mv other mine &&
	test_when_finished "cd \"$TRASH_DIRECTORY\" && rm -rf mine &&
		mv mine.away mine && mv saved mine/.resutil" &&
	cd mine && ! was_asked &&
	mkdir -p .resutil && : >.resutil/made-here && ! was_asked &&
	printf "00000000-0000-4000-8000-000000000000\n" >.resutil/made-here &&
	! was_asked && ln -sf ../../saved/made-here .resutil/made-here &&
	! was_asked
'

test_expect_success 'nor by init --force in a project of others' '
	clone_of forced && cd forced &&
	resutil init --force --project-name other >/dev/null && ! was_asked
'

test_expect_success 'nor in a clone' '
	make_project origin && cd origin && unset RESUTIL_NO_REMOTE &&
	resutil run -m first --push -- true && cd .. &&
	resutil clone "dir:$TRASH_DIRECTORY/origin.store/project" cloned &&
	printf "meta:\n  spy: touch %s/asked\n" "$TRASH_DIRECTORY" \
		>>cloned/resutil-conf.yaml &&
	cd cloned && ! was_asked --no-interactive
'

test_expect_success 'untrust also takes what init said' '
	resutil config --untrust mine && cd mine && ! was_asked &&
	resutil config --trust >out && test_grep "meta.two" out && was_asked
'

test_expect_success !NOT_ROOT 'a conf that belongs to somebody else' '
	make_project owned &&
	printf "meta:\n  spy: touch %s/asked\n" "$TRASH_DIRECTORY" \
		>>owned/resutil-conf.yaml &&
	(cd owned && was_asked) &&
	chown nobody owned/resutil-conf.yaml && (cd owned && ! was_asked) &&
	resutil config --trust owned && (cd owned && was_asked)
'

test_expect_success 'a file of trust that others could have written is not used' '
	test_when_finished "chmod 600 \"$trusted\"" &&
	(cd mine && was_asked) && chmod 620 "$trusted" &&
	(cd mine && ! was_asked) &&
	test_expect_code 13 resutil config --trust theirs >out 2>err &&
	test_must_be_empty out && test_grep "chmod 600" err
'

test_expect_success 'nonsense and links in its place trust nobody' '
	test_when_finished "mv \"$trusted.away\" \"$trusted\"" &&
	mv "$trusted" "$trusted.away" &&
	printf "\0\377\n\n\t\nx\t*\n" >"$trusted" && chmod 600 "$trusted" &&
	(cd mine && ! was_asked) && rm "$trusted" &&
	ln -s "$trusted.away" "$trusted" && (cd mine && ! was_asked) &&
	rm "$trusted" && mkdir "$trusted" && (cd mine && ! was_asked) &&
	rmdir "$trusted"
'

test_expect_success 'paths with tabs, quotes and ends of lines' '
	dir=$(printf "a\tb\"c\nd*") && clone_of "$dir" && clone_of a &&
	resutil config --trust "$dir" >out && test_line_count = 2 out &&
	(cd "$dir" && was_asked) && (cd a && ! was_asked) &&
	resutil config --untrust "$dir" && (cd "$dir" && ! was_asked)
'

test_expect_success 'many at once: none is lost' '
	for i in 1 2 3 4 5 6 7 8
	do
		clone_of many$i || return 1
	done &&
	for i in 1 2 3 4 5 6 7 8
	do
		resutil -q config --trust many$i &
	done &&
	wait &&
	for i in 1 2 3 4 5 6 7 8
	do
		resutil -q config --trusted many$i || return 1
	done
'

test_expect_success 'what the user set himself needs no trust' '
	mkdir -p "$HOME/.config/resutil" &&
	test_when_finished "rm -r \"$HOME/.config/resutil\"" &&
	printf "meta:\n  spy: [touch, %s/asked]\n" "$TRASH_DIRECTORY" \
		>"$HOME/.config/resutil/config.yaml" &&
	make_project plain && (cd plain && was_asked) &&
	resutil config --untrust theirs &&
	cd theirs && sed -i "/spy/s/touch,/touch, -c, x,/" resutil-conf.yaml &&
	was_asked && test_grep "not asked" err
'

test_expect_success 'without a home nothing is trusted, and runs go on' '
	cd theirs && (unset HOME; resutil run -m x -- true) 2>err &&
	test_grep "not trusted" err &&
	(unset HOME; test_expect_code 128 resutil config --trust) 2>err &&
	make_project ../homeless.first &&
	(unset HOME; resutil init --project-name x -o path="$TRASH_DIRECTORY/hs" \
		../homeless)
'

# The store to which it would be sent is named by the same conf.
test_expect_success 'what a conf takes for no secret counts only where it is trusted' '
	clone_of exempt && make_repo exempt && test_commit exempt project &&
	printf "secrets: {allow: [\"*\"], allow-files: [\"**\", .env]}\n" \
		>>exempt/resutil-conf.yaml && cd exempt &&
	sed -i "/^meta/,/spy/d" resutil-conf.yaml &&
	printf "AWS_SECRET_ACCESS_KEY=%040d\n" 0 >.env &&
	resutil run --no-push -m x -- true --password hunter2 2>err &&
	test_grep "what .secrets.allow. and .*--trust" err &&
	! grep -r "hunter2\|ACCESS_KEY=" results &&
	test_expect_code 1 resutil config --trusted >out &&
	test_grep "secrets.allow-files: no secret is ..\*" out &&
	test_expect_code 1 resutil config get secrets.allow 2>err &&
	test_grep "does not count before" err &&
	resutil config --trust && resutil config get secrets.allow >out 2>err &&
	echo "*" >want && test_cmp want out && test_must_be_empty err &&
	resutil run --no-push -m y -- true --password hunter2 2>err &&
	test_must_be_empty err && grep -q hunter2 results/*_y/resutil-exp.yaml &&
	test_path_is_file results/*_y/uncommited_files/.env &&
	resutil config set secrets.allow "?" 2>err &&
	test_grep "secrets.allow. does not count before" err &&
	resutil run --no-push -m z -- true --password hunter2 2>err &&
	! grep -r hunter2 results/*_z && resutil -c secrets.allow="*" run \
		--no-push -m own -- true --password hunter2 2>err &&
	grep -q hunter2 results/*_own/resutil-exp.yaml
'

test_expect_success 'bad usage' '
	for args in "" "--trust --untrust" "--trust a b" "--trust --json" \
		"--no-trust"
	do
		test_expect_code 129 resutil config $args >out 2>err &&
		test_must_be_empty out || return 1
	done &&
	mkdir -p none && test_expect_code 10 resutil -C none config --trust &&
	test_expect_code 10 resutil -C none config --trusted
'

test_done
