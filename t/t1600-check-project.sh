#!/bin/sh

test_description='check-project: each finding, and what it does about it'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-checks.sh

# found STATUS [OPTION...]: the first five fields of each finding, in `out`
found () {
	found_status=$1 && shift &&
	test_expect_code $found_status resutil check-project "$@" >all &&
	cut -f 1-5 all >out
}

# finding LEVEL ID STATE WHERE NAME...: what is expected, in `want`
finding () {
	: >want
	while test $# -gt 0
	do
		printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" >>want &&
		shift 5 || return 1
	done
}

# only [OPTION...]: the same findings before and after, and nothing is touched
untouched () {
	find . ! -name . ! -name tree.\* ! -name out ! -name all ! -name want \
		-printf '%p %s %T@ %C@ %m\n' | sort
}

test_expect_success 'a project that has nothing yet is fine' '
	make_conf && resutil check-project >out && test_must_be_empty out &&
	test_path_is_missing .resutil && test_path_is_missing results &&
	test_path_is_missing "$HOME/.cache"
'

test_expect_success 'and one that keeps the rules' '
	fresh good && found 0 && test_must_be_empty out &&
	resutil check-project --read-data >out && test_must_be_empty out
'

test_expect_success 'without a project it fails as all commands do' '
	mkdir "$TRASH_DIRECTORY/../outside.$$" &&
	test_when_finished "rm -r \"$TRASH_DIRECTORY/../outside.$$\"" &&
	test_expect_code 128 resutil -C "$TRASH_DIRECTORY/../outside.$$" \
		check-project 2>err &&
	grep "make a project with .resutil init." err
'

test_expect_success 'it takes no words, and not all options together' '
	fresh words &&
	test_expect_code 129 resutil check-project x 2>err && grep "too much" err &&
	test_expect_code 129 resutil check-project -z --json 2>err &&
	test_expect_code 129 resutil check-project --prune --older-than=soon 2>err
'

test_expect_success 'conf-invalid: a conf that cannot be read is a finding' '
	fresh conf && printf "project_name: [\n" >resutil-conf.yaml &&
	found 1 && finding error conf-invalid open resutil-conf.yaml - &&
	test_cmp want out && resutil check-project | cut -f 7 >text &&
	grep "line" text
'

test_expect_success 'record-missing, and only in what is called as we call it' '
	fresh missing && rm results/$two/resutil-exp.yaml &&
	mkdir results/notes results/aapfcd_2024 results/.hidden &&
	found 1 && finding error record-missing open results/$two $two &&
	test_cmp want out
'

test_expect_success 'record-unreadable: a link, a directory' '
	fresh unreadable && mv results/$one/resutil-exp.yaml x.yaml &&
	ln -s ../../x.yaml results/$one/resutil-exp.yaml &&
	rm results/$two/resutil-exp.yaml && mkdir results/$two/resutil-exp.yaml &&
	found 1 &&
	finding error record-unreadable open results/$one/resutil-exp.yaml $one \
		error record-unreadable open results/$two/resutil-exp.yaml $two &&
	test_cmp want out
'

test_expect_success 'record-invalid: no YAML, a bad value, a bad id' '
	fresh invalid && printf "a: [\n" >results/$one/resutil-exp.yaml &&
	make_exp $two "id: no-id" "state: done" &&
	make_exp $six "id: $(test_id 6)" "state: perhaps" && found 1 &&
	finding error record-invalid open results/$one/resutil-exp.yaml $one \
		error record-invalid open results/$two/resutil-exp.yaml $two \
		error record-invalid open results/$six/resutil-exp.yaml $six &&
	test_cmp want out
'

test_expect_success 'record-invalid: one that holds nothing' '
	fresh empty && : >results/$one/resutil-exp.yaml &&
	printf "# no key\n---\n" >results/$two/resutil-exp.yaml && found 1 &&
	finding error record-invalid open results/$one/resutil-exp.yaml $one \
		error record-invalid open results/$two/resutil-exp.yaml $two &&
	test_cmp want out && resutil check-project | grep "is empty"
'

test_expect_success 'records of the predecessors are fine' '
	fresh python && mkdir -p results/$six &&
	printf "args: train.py\ncmd: train.py\ndependency: []\n" \
		>results/$six/resutil-exp.yaml && found 0 && test_must_be_empty out
'

test_expect_success 'bad-name: a comment that none may be' '
	fresh name && long=$(printf "%0201d" 0) &&
	mkdir "results/aapfcd_20240704T111559_a:b" \
		results/aapfcd_20240704T111559_$long &&
	found 1 &&
	finding error bad-name open results/aapfcd_20240704T111559_$long - \
		error bad-name open "results/aapfcd_20240704T111559_a:b" - &&
	test_cmp want out
'

test_expect_success 'a name never reaches a line raw' '
	fresh raw && bad=$(printf "aapfcd_20240704T111559_a\nb\tc\033[31m") &&
	mkdir "results/$bad" && found 1 && test_line_count = 1 out &&
	finding error bad-name open \
		"\"results/aapfcd_20240704T111559_a\\nb\\tc\\033[31m\"" - &&
	test_cmp want out &&
	test_expect_code 1 resutil check-project -z >z &&
	tr "\0" "#" <z | grep -F "c$(printf "\033")[31m"
'

test_expect_success 'duplicate-id: a copied experiment' '
	fresh copy && cp -r results/$one results/$six && found 1 &&
	finding error duplicate-id open results/$six $six && test_cmp want out
'

test_expect_success 'dependency-missing and the ways to be renamed' '
	fresh deps && rm -r results/$one && found 1 &&
	finding warning dependency-missing open results/$two $two &&
	test_cmp want out &&
	make_exp aapfcd_20240704T111555_eins "id: $(test_id 1)" && found 0 &&
	test_must_be_empty out &&
	make_exp aapfcd_20240704T111555_uno "id: $(test_id 3)" && found 0 &&
	test_must_be_empty out
'

# What a store has is not lost; --remote asks it.
test_expect_success 'dependency-missing is a note where a store is known to have it' '
	fresh sent && resutil send-pack $one && rm -r results/$one && found 0 &&
	finding note dependency-missing open results/$two $two &&
	test_cmp want out && grep "not here but in a store; .resutil pull $two." all &&
	fresh came && rm -r results/$one && found 1 && resutil send-pack $two &&
	found 0 && finding note dependency-missing open results/$two $two &&
	test_cmp want out && grep "resutil fsck --remote. tells" all &&
	test_expect_code 1 resutil fsck --remote >out &&
	grep "^note: results/$two: " out && grep "^warning: origin:.*$two.zip: " out &&
	rm .resutil/remotes/origin.log && found 1
'

test_expect_success 'dependency-ambiguous' '
	fresh ambiguous && rm -r results/$one &&
	make_exp aapfcd_20240704T111555_eins && make_exp aapfcd_20240704T111555_uno &&
	found 1 && finding warning dependency-ambiguous open results/$two $two &&
	test_cmp want out
'

test_expect_success 'dependency-differs: another run has the name' '
	fresh differs && make_exp $one "id: $(test_id 7)" && found 1 &&
	finding error dependency-differs open results/$two $two && test_cmp want out
'

# a run of this host that nobody records any more
lost () {
	make_exp $six "id: $(test_id 6)" "revision: 4" "state: running" \
		"host: $(hostname)" "cwd: $PWD" \
		"meta: {process: {pid: 1, start: 1, boot_id: none}}"
}

test_expect_success 'run-lost: --repair writes it down, and says so' '
	fresh lost && lost && found 0 && test_must_be_empty out &&
	found 0 --repair -n &&
	finding note run-lost would results/$six/resutil-exp.yaml $six &&
	test_cmp want out && grep "state: running" results/$six/resutil-exp.yaml &&
	found 0 --repair &&
	finding note run-lost mended results/$six/resutil-exp.yaml $six &&
	test_cmp want out && grep "^state: lost" results/$six/resutil-exp.yaml &&
	grep "^revision: 5" results/$six/resutil-exp.yaml && found 0 --repair &&
	test_must_be_empty out
'

test_expect_success 'run-lost: it ended when it last gave a sign of life' '
	fresh sign && lost && rm -f results/$six/*.log &&
	touch -d "2024-07-04T12:00:00Z" results/$six/resutil-exp.yaml &&
	echo out >results/$six/stdout.log &&
	touch -d "2024-07-04T12:34:56.5Z" results/$six/stdout.log &&
	found 0 --repair &&
	resutil read-exp --key at.finished $six >finished &&
	echo "2024-07-04T12:34:56.500000+00:00" >want &&
	test_cmp want finished
'

# Its state is for the clone to write that has recorded it.
test_expect_success 'run-lost: not of what another clone on this host runs' '
	fresh copied && make_exp $six "id: $(test_id 6)" "state: running" \
		"host: $(hostname)" "cwd: $TRASH_DIRECTORY/other" &&
	found 0 --repair && test_must_be_empty out &&
	grep "^state: running" results/$six/resutil-exp.yaml &&
	mkdir -p .resutil/live && : >.resutil/live/$(test_id 6) &&
	found 0 --repair && grep "run-lost	mended" out
'

test_expect_success 'a run of another host is left alone' '
	fresh elsewhere && make_exp $six "id: $(test_id 6)" "state: running" \
		"host: another" && found 0 --repair && test_must_be_empty out
'

test_expect_success 'content-differs: with --read-data, by the ledger' '
	fresh content && echo data >results/$one/file && resutil send-pack $one &&
	echo date >results/$one/file && found 0 && test_must_be_empty out &&
	found 1 --read-data &&
	finding error content-differs open results/$one $one && test_cmp want out &&
	echo data >results/$one/file && found 0 --read-data &&
	test_must_be_empty out && echo more >results/$one/new &&
	resutil update-exp $one --set info.x=1 && found 0 --read-data &&
	test_must_be_empty out
'

test_expect_success 'what went on after a checkpoint has grown' '
	fresh grown && make_exp $six "id: $(test_id 6)" "state: running" \
		"host: $(hostname)" "cwd: $PWD" && echo data >results/$six/file &&
	resutil send-pack $six && echo more >>results/$six/file &&
	found 0 --read-data && test_must_be_empty out
'

test_expect_success 'file-unreadable: with --read-data' '
	fresh file && echo data >results/$one/file &&
	chmod -R a+rX . && chmod 0 results/$one/file &&
	test_expect_code 1 as_user env HOME=/nonexistent \
		resutil check-project --read-data >all &&
	cut -f 1-5 all >out &&
	finding error file-unreadable open results/$one $one && test_cmp want out
'

test_expect_success 'ledger-line and ledger-torn' '
	fresh ledger && resutil send-pack $one $two &&
	cp .resutil/remotes/origin.log whole &&
	sed "2a nonsense" whole >.resutil/remotes/origin.log &&
	printf "done\taapf" >>.resutil/remotes/origin.log && found 1 &&
	finding warning ledger-line open .resutil/remotes/origin.log - \
		leftover ledger-torn open .resutil/remotes/origin.log - &&
	test_cmp want out && found 1 --prune &&
	finding warning ledger-line open .resutil/remotes/origin.log - \
		leftover ledger-torn removed .resutil/remotes/origin.log - &&
	test_cmp want out && found 0 --repair &&
	finding warning ledger-line mended .resutil/remotes/origin.log - &&
	test_cmp want out && test_cmp whole .resutil/remotes/origin.log &&
	found 0 && test_must_be_empty out
'

test_expect_success 'ledger-version' '
	fresh version && mkdir -p .resutil/remotes &&
	printf "resutil-ledger 9\n" >.resutil/remotes/origin.log && found 1 &&
	finding error ledger-version open .resutil/remotes/origin.log - &&
	test_cmp want out && found 1 --repair && test_cmp want out &&
	echo "resutil-ledger 9" >want && test_cmp want .resutil/remotes/origin.log
'

# what a crash can leave, of each kind, in the project where we are
leave () {
	mkdir results/.$one.4711.tmp results/.$one.4711.2.tmp results/.$two.12.rm \
		results/.$one.12.old results/._debug.13.rm .resutil \
		.resutil/live .resutil/partial .resutil/remotes &&
	mkdir -p results/.$one.4711.tmp/a/b &&
	echo content >results/.$one.4711.tmp/a/b/c &&
	echo x >results/$one/resutil-exp.yaml.4711.1.tmp &&
	echo x >resutil-conf.yaml.4711.3.tmp && echo x >.gitignore.4711.1.tmp &&
	echo x >.resutil/.gitignore.4711.1.tmp &&
	echo x >.resutil/remotes/origin.log.4711.2.tmp &&
	: >.resutil/partial/$six && : >.resutil/live/$(test_id 9) &&
	: >.resutil/live/$(test_id 1)
}

# what looks like it, and is of the user
of_user () {
	mkdir results/.cache results/.$one results/.$one.tmp results/.4711.tmp \
		results/.notes.4711.tmp results/.$one.x.tmp results/.$one.04711.tmp \
		results/.$one.0.tmp &&
	echo x >results/.$two.4711.tmp && ln -s /etc results/.$two.4711.rm &&
	echo x >results/$one/data.4711.1.tmp && echo x >data.4711.1.tmp &&
	mkdir results/$one/resutil-exp.yaml.4711.2.tmp &&
	echo x >resutil-conf.yaml.tmp && echo x >resutil-conf.yaml.1.tmp &&
	mkdir -p .resutil/partial/notes .resutil/live && : >.resutil/live/mine
}

test_expect_success 'leftovers of each kind, and --prune' '
	fresh rest && leave && found 0 && cp out open &&
	finding leftover temp-file open .gitignore.4711.1.tmp - \
		leftover temp-file open .resutil/.gitignore.4711.1.tmp - \
		leftover live-file open .resutil/live/$(test_id 1) - \
		leftover live-file open .resutil/live/$(test_id 9) - \
		leftover partial-mark open .resutil/partial/$six $six \
		leftover temp-file open .resutil/remotes/origin.log.4711.2.tmp - \
		leftover hidden-dir open results/._debug.13.rm _debug \
		leftover hidden-dir open results/.$one.12.old $one \
		leftover hidden-dir open results/.$one.4711.2.tmp $one \
		leftover hidden-dir open results/.$one.4711.tmp $one \
		leftover hidden-dir open results/.$two.12.rm $two \
		leftover temp-file open \
			results/$one/resutil-exp.yaml.4711.1.tmp $one \
		leftover temp-file open resutil-conf.yaml.4711.3.tmp - &&
	test_cmp want out && find . -name "*.4711.*" | sort >before &&
	found 0 --prune && test_cmp open out &&
	found 0 --prune --older-than=0 -n && sed "s/open/would/" open >want &&
	test_cmp want out && find . -name "*.4711.*" | sort >after &&
	test_cmp before after && found 0 --prune --older-than=0 &&
	sed "s/open/removed/" open >want && test_cmp want out && found 0 &&
	test_must_be_empty out && find . -name "*.4711.*" >after &&
	test_must_be_empty after
'

test_expect_success 'nothing of the user is one of them' '
	fresh user && mkdir .resutil && of_user && untouched >../before &&
	found 0 --prune --older-than=0 && test_must_be_empty out &&
	untouched >../after && test_cmp ../before ../after
'

test_expect_success 'a hidden directory that forbids all to its owner goes' '
	fresh modes && mkdir -p results/.$one.4711.tmp/a/b &&
	echo x >results/.$one.4711.tmp/a/b/c && chmod 500 results/.$one.4711.tmp/a &&
	chmod 0 results/.$one.4711.tmp/a/b && found 0 --prune --older-than=0 &&
	finding leftover hidden-dir removed results/.$one.4711.tmp $one &&
	test_cmp want out && test_path_is_missing results/.$one.4711.tmp
'

test_expect_success 'private-unreadable: what cannot be looked into is told' '
	fresh closed && rm -rf .resutil/live && mkdir -p .resutil &&
	echo x >.resutil/hooks && echo x >.resutil/live && found 1 &&
	finding error private-unreadable open .resutil/hooks - \
		error private-unreadable open .resutil/live - &&
	test_cmp want out
'

# .resutil may have come with a clone.
test_expect_success 'links in .resutil are told, and what they lead to is untouched' '
	fresh links && mkdir -p .resutil docs/x docs/$one.4711 && : >.resutil/wanted &&
	for file in thesis.txt 0123456789abcdef x.4711.1.tmp $six app.log \
		$(test_id 9) $(test_id 9).checkpoint x/$six.json \
		0123456789abcdef0123456789abcdef.part
	do
		printf "precious" >docs/$file &&
		touch -d "30 days ago" docs/$file || return 1
	done &&
	for dir in copies hooks live partial remotes renames rerun tids trials uploads
	do
		ln -s ../docs .resutil/$dir || return 1
	done && find docs -printf "%p %s %T@ %m\n" | sort >before && found 1 &&
	grep -c "^error	private-unreadable	open	.resutil/" out >nr &&
	echo 10 >want && test_cmp want nr && ! grep -v private-unreadable out &&
	found 1 --prune --repair --older-than=0 && ! grep -v "	open	" out &&
	find docs -printf "%p %s %T@ %m\n" | sort >after && test_cmp before after
'

test_expect_success 'what is no hash is no note of a run or of trials' '
	fresh hashes && mkdir -p .resutil/tids .resutil/trials &&
	echo x >.resutil/tids/thesis.txt && echo x >.resutil/trials/thesis.txt &&
	echo x >.resutil/tids/0123456789abcdef &&
	found 0 --prune --older-than=0 && test_line_count = 1 out &&
	test_path_is_file .resutil/tids/thesis.txt &&
	test_path_is_file .resutil/trials/thesis.txt &&
	test_path_is_missing .resutil/tids/0123456789abcdef
'

test_expect_success 'displaced: --repair puts it back' '
	fresh displaced && mv results/$one results/.$one.4711.old &&
	mkdir results/.$one.4711.tmp && found 1 &&
	finding error displaced open results/.$one.4711.old $one \
		leftover hidden-dir open results/.$one.4711.tmp $one \
		warning dependency-missing open results/$two $two &&
	test_cmp want out && found 1 --prune --older-than=0 &&
	test_path_is_dir results/.$one.4711.old && found 0 --repair &&
	finding error displaced mended results/.$one.4711.old $one &&
	test_cmp want out && grep "id: $(test_id 1)" results/$one/resutil-exp.yaml &&
	found 0 && test_must_be_empty out
'

test_expect_success 'upload-note: told while its store can be asked' '
	fresh uploads && mkdir -p .resutil/uploads/origin .resutil/uploads/gone &&
	none=aapfup_20240704T191555_none dir=.resutil/uploads &&
	for file in origin/$none.json origin/$one.json gone/$one.json \
		origin/$none.json.4711.1.tmp origin/.lock
	do
		echo "{}" >$dir/$file || return 1
	done &&
	found 0 &&
	finding leftover upload-note open $dir/gone/$one.json $one \
		leftover upload-note open $dir/origin/$none.json $none \
		leftover temp-file open $dir/origin/$none.json.4711.1.tmp - &&
	test_cmp want out &&
	resutil check-project >whole && grep "gc --remote=origin" whole &&
	found 0 --prune --older-than=0 &&
	finding leftover upload-note removed $dir/gone/$one.json $one \
		leftover upload-note open $dir/origin/$none.json $none \
		leftover temp-file removed $dir/origin/$none.json.4711.1.tmp - &&
	test_cmp want out &&
	ls -A $dir/origin >left &&
	printf "%s\n" .lock $one.json $none.json | sort >want &&
	sort left >sorted && test_cmp want sorted &&
	test_path_is_missing $dir/gone/$one.json
'

test_expect_success 'rename-note: told with --prune alone, and not removed' '
	fresh rename && mkdir -p .resutil/renames &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nhere\nremote\torigin\n" \
		$one aapfcd_20240704T111555_uno >.resutil/renames/$one &&
	found 0 --repair && test_must_be_empty out &&
	found 0 --prune --older-than=0 --repair &&
	finding leftover rename-note open .resutil/renames/$one $one &&
	test_cmp want out && test_path_is_file .resutil/renames/$one
'

test_expect_success 'rename-stuck: what no next command can end' '
	fresh stuck && mkdir -p .resutil/renames &&
	echo nonsense >.resutil/renames/$one &&
	printf "resutil-rename 1\nfrom\t%s\nto\t%s\nremote\tdir:../x\n" $two \
		aapfcd_20240704T111556_dos >.resutil/renames/$two &&
	head -c 9000 /dev/zero >.resutil/renames/$six && found 1 &&
	finding error rename-stuck open .resutil/renames/$one $one \
		error rename-stuck open .resutil/renames/$two $two \
		error rename-stuck open .resutil/renames/$six $six &&
	test_cmp want out && found 1 --prune --older-than=0 --repair &&
	test_cmp want out && grep "by its URL" all
'

test_expect_success 'cache: of experiments that are gone' '
	fresh cache && XDG_CACHE_HOME=$TRASH_DIRECTORY/xdg &&
	export XDG_CACHE_HOME && dd if=/dev/zero of=results/$one/big bs=1M count=2 &&
	RESUTIL_TEST_NOW=$(($(date +%s) + 60)) resutil hash-experiment $one &&
	cache=$(echo ../xdg/resutil/*) &&
	test_path_is_file $cache/hash/$one && cp $cache/hash/$one $cache/hash/$six &&
	echo x >$cache/hash/$one.4711.1.tmp && found 0 && cut -f 1-3,5 out >few &&
	printf "leftover\tcache\topen\t%s\n" $one.4711.1.tmp $six | sort >want &&
	sort few >sorted && test_cmp want sorted &&
	found 0 --prune --older-than=0 && test_path_is_missing $cache/hash/$six &&
	test_path_is_missing $cache/hash/$one.4711.1.tmp &&
	test_path_is_file $cache/hash/$one && unset XDG_CACHE_HOME
'

test_expect_success 'cache: of remotes that the conf does not name any more' '
	fresh caches && XDG_CACHE_HOME=$PWD/xdg && export XDG_CACHE_HOME &&
	test_when_finished "unset XDG_CACHE_HOME" &&
	resutil remote add other dir:../other/project &&
	resutil remote add other-journal dir:../third/project &&
	mkdir -p ../other ../third ../fourth &&
	resutil push --remote=other $one && resutil push $two &&
	resutil -q push --remote="dir:$PWD/../fourth" $one &&
	for remote in origin other
	do
		resutil update-index --remote $remote || return 1
	done && dir=$(echo xdg/resutil/*) && : >$dir/index@other-wal &&
	: >$dir/index@other-journal && : >$dir/index@gone-journal &&
	test_path_is_file $dir/index@other && test_path_is_file $dir/remotes/other &&
	found 0 && finding leftover cache open $dir/index@gone-journal - &&
	test_cmp want out && rm $dir/index@gone-journal &&
	resutil remote rm other && find xdg | sort >files &&
	found 0 --prune && finding leftover cache open $dir/index@other - \
		leftover cache open $dir/index@other-wal - \
		leftover cache open $dir/index@other.lock - \
		leftover cache open $dir/remotes/other - && test_cmp want out &&
	found 0 --prune --older-than=0 && sed "s/open/removed/" want >gone &&
	test_cmp gone out && find xdg | sort >left &&
	grep -v "other\(-wal\|.lock\|\)$" files >want && test_cmp want left && found 0 &&
	test_must_be_empty out
'

test_expect_success 'results_dir may be elsewhere, or a link' '
	fresh far && leave && mkdir "$TRASH_DIRECTORY/disk" &&
	mv results "$TRASH_DIRECTORY/disk/far" &&
	ln -s "$TRASH_DIRECTORY/disk/far" results && found 0 &&
	grep "hidden-dir	open	results/.$one.4711.tmp" out && rm results &&
	sed "s|^results_dir: .*|results_dir: $TRASH_DIRECTORY/disk/far|" \
		resutil-conf.yaml >conf && mv conf resutil-conf.yaml &&
	found 0 --prune --older-than=0 &&
	grep "hidden-dir	removed	$TRASH_DIRECTORY/disk/far/.$one.4711.tmp" \
		out && found 0 && test_must_be_empty out
'

test_expect_success 'results_dir that is no directory is a failure' '
	fresh nodir && rm -r results && : >results &&
	test_expect_code 128 resutil check-project 2>err && grep "not a directory" err
'

test_expect_success 'JSON says the same' '
	fresh json && mkdir results/.$one.4711.tmp && rm -r results/$one/* &&
	test_expect_code 1 resutil check-project --json >all &&
	sed "s/\"bytes\":[0-9]*/\"bytes\":N/" all >out && cat >want <<-END &&
	{"level":"leftover","id":"hidden-dir","state":"open","where":"results/.$one.4711.tmp","name":"$one","bytes":N,"text":"what a command that died was making; '\''resutil gc'\'' removes it"}
	{"level":"error","id":"record-missing","state":"open","where":"results/$one","name":"$one","bytes":N,"text":"it has no '\''resutil-exp.yaml'\''; if a store has it, '\''resutil rm -l $one'\'' and then '\''resutil pull $one'\'' get it again"}
	END
	test_cmp want out
'

test_expect_success 'a ledger that is no file, or has no first line' '
	fresh odd && mkdir -p .resutil/remotes/other.log &&
	printf "x\ndrop\t%s\n" $one >.resutil/remotes/origin.log && found 1 &&
	finding warning ledger-line open .resutil/remotes/origin.log - \
		error ledger-line open .resutil/remotes/other.log - &&
	test_cmp want out && found 1 --repair &&
	printf "resutil-ledger 1\ndrop\t%s\n" $one >want &&
	test_cmp want .resutil/remotes/origin.log
'

test_expect_success '-n of each repair' '
	fresh dry && lost && mv results/$one results/.$one.4711.old &&
	mkdir -p .resutil/remotes &&
	printf "resutil-ledger 1\nx\ndrop" >.resutil/remotes/origin.log &&
	untouched >../before && found 1 -n --repair --prune --older-than=0 &&
	finding warning ledger-line would .resutil/remotes/origin.log - \
		leftover ledger-torn would .resutil/remotes/origin.log - \
		error displaced would results/.$one.4711.old $one \
		warning dependency-missing open results/$two $two \
		note run-lost would results/$six/resutil-exp.yaml $six &&
	test_cmp want out && untouched >../after && test_cmp ../before ../after
'

# cannot FAULT OPTION...: it fails, and tells at what
cannot () {
	cannot_fault=$1 && shift &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT="$cannot_fault" \
		resutil check-project "$@" >all 2>err && cut -f 1-5 all >out &&
	grep "could not be" err && grep "$(printf "cannot\|cannot be")" all
}

test_expect_success FAULTS 'what cannot be done is told, and open' '
	fresh cannot && mkdir results/.$one.4711.tmp &&
	cannot unlink:1+:EIO --prune --older-than=0 &&
	finding leftover hidden-dir open results/.$one.4711.tmp $one &&
	test_cmp want out && test_path_is_dir results/.$one.4711.tmp &&
	fresh cannot && lost && cannot write:1+:EIO --repair &&
	finding note run-lost open results/$six/resutil-exp.yaml $six &&
	test_cmp want out && grep "^state: running" results/$six/resutil-exp.yaml &&
	fresh cannot && mv results/$one results/.$one.4711.old &&
	cannot rename:1+:EIO --repair &&
	grep "displaced	open" out && test_path_is_dir results/.$one.4711.old
'

test_expect_success FAULTS 'a ledger that cannot be mended stays as it is' '
	fresh stays && mkdir -p .resutil/remotes &&
	printf "resutil-ledger 1\nx\ndrop" >.resutil/remotes/origin.log &&
	cp .resutil/remotes/origin.log before && for fault in open:1:EIO \
		lock:1+:EIO write:1:ENOSPC sync:1:EIO rename:1:EIO
	do
		test_expect_code 128 with_faults RESUTIL_TEST_FAULT=$fault \
			resutil check-project --repair >all 2>err &&
		grep "ledger-line	open" all && grep "ledger could not" err &&
		test_cmp before .resutil/remotes/origin.log || return 1
	done &&
	test_expect_code 128 with_faults RESUTIL_TEST_FAULT=truncate:1:EIO \
		resutil check-project --prune >all 2>err &&
	grep "ledger-torn	open" all && test_cmp before .resutil/remotes/origin.log &&
	find .resutil -name "*.tmp" >left && test_must_be_empty left
'

test_expect_success 'it changes nothing when it only looks' '
	fresh look && leave && lost && untouched >../before && found 0 &&
	found 0 --read-data && found 0 --repair --prune --older-than=0 -n &&
	untouched >../after && test_cmp ../before ../after
'

test_done
