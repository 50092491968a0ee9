#!/bin/sh

test_description='send-pack, while the experiment gets another name

The moment is held: the pack is being made when somebody else renames it here or
there. A run never comes to have two names in a store, nor is another one renamed.
'
. ./test-lib.sh
. "$TEST_DIRECTORY"/lib-experiments.sh
. "$TEST_DIRECTORY"/lib-held.sh

store=$TRASH_DIRECTORY/store
objects=$store/project

# fresh: an experiment $name that no store has, and the name that it will get
fresh () {
	rm -rf results .resutil other "$store" && mkdir "$store" &&
	name=$(resutil add old) && new=${name%_old}_new &&
	echo one >results/$name/a
}

# sending ARG...: stops before the file a is read
sending () {
	held open:a resutil send-pack "$@" && hold
}

# there NAME...: the names in the store
there () {
	printf "%s\n" "$@" >want &&
	resutil list-remote >got && test_cmp want got
}

test_expect_success 'setup' '
	make_conf && export RESUTIL_TEST_NOW=1720091755
'

test_expect_success FAULTS 'renamed here meanwhile: the store follows' '
	fresh && sending $name &&
	resutil rename-exp -l $name $new && once && ends 0 &&
	there $new && printf "renamed\t%s\t%s\n" $name $new >want &&
	cut -f 1,2,4 out >got && test_cmp want got &&
	resutil send-pack $new >out && test_grep "^same" out
'

test_expect_success FAULTS 'renamed and sent by another: one of the two goes' '
	fresh && sending $name &&
	resutil rename-exp -l $name $new && resutil send-pack $new &&
	once && ends 0 && there $new &&
	resutil send-pack $new >out && test_grep "^same" out
'

test_expect_success FAULTS 'there is a later one by then: it stays' '
	fresh && sending $name &&
	resutil rename-exp -l $name $new &&
	resutil update-exp --set info.x=1 $new && resutil send-pack $new &&
	once && ends 0 && there $new && resutil verify-pack $new &&
	resutil send-pack $new >out && test_grep "^same" out
'

test_expect_success FAULTS 'removed here meanwhile: nothing is sent' '
	fresh && sending $name && resutil remove-exp -l $name &&
	once && ends 10 && test_grep "$name" err &&
	resutil list-remote >got && test_must_be_empty got
'

test_expect_success FAULTS 'renamed in the store meanwhile: not sent as new' '
	fresh && resutil send-pack $name &&
	resutil update-exp --set info.x=1 $name && sending $name &&
	resutil rename-exp $name $new && once && ends 14 &&
	test_grep "called .$new. in" err && there $new
'

test_expect_success FAULTS 'comment, while it is sent for the first time' '
	fresh && sending $name &&
	resutil comment $name new && once && ends 0 && there $new &&
	resutil list-exps >got && test_cmp want got
'

test_expect_success 'the name is another run by the time of a rename: it stays' '
	fresh && resutil add mine >/dev/null && mine=$(resutil rev-exp mine) &&
	mkdir -p .resutil/renames &&
	printf "%s\n" "resutil-rename 1" "from	$name" "to	$new" here \
		"remote	origin" >.resutil/renames/$name &&
	resutil send-pack $name && mkdir other &&
	(
		cd other && make_conf && mkdir -p results &&
		cp -R "$TRASH_DIRECTORY/results/$mine" results/$name &&
		resutil send-pack --force $name
	) &&
	id=$(resutil stat-remote $name | cut -f 4) &&
	resutil list >out 2>err &&
	test "$(resutil stat-remote $name | cut -f 4)" = "$id" &&
	test_path_is_dir results/$new && test_path_is_missing .resutil/renames/$name
'

test_done
