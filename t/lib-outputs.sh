# The place in which the promised outputs of t/fixtures/output are made: a
# project in a git repository, a store that has some of its experiments, another
# one, and other things that commands are told of. Nothing in it depends on the
# machine, the clock or the user.

outputs_first=aapfup_20240704T191555_first
outputs_second="aapfuq_20240704T191600_two words"
outputs_third=aapfur_20240704T191700_日本

outputs_experiments () {
	make_exp $outputs_first "id: $(test_id 1)" "revision: 3" \
		"cmd: python3 train.py --lr 0.5" \
		"argv: [python3, train.py, --lr, \"0.5\"]" \
		"params: {lr: 0.5, deep: {n: 3}, text: \"tab\\there\"}" \
		"at:" '  created: "2024-07-04T19:15:55.000000+09:00"' \
		'  started: "2024-07-04T19:15:55.012000+09:00"' \
		'  finished: "2024-07-04T19:17:02.500000+09:00"' \
		"state: done" "exit_code: 0" "tags: [best]" \
		"usage: {wall: 67.488, user: 65.2, sys: 1.1, max_rss: 104857600}" \
		"info: {accuracy: 0.75, note: \"日本語, \\\"quoted\\\"\"}" \
		"host: lab3" "user: ann" "executor: local" &&
	(
		cd "results/$outputs_first" &&
		mkdir sub && echo hello >out.txt && echo deep >"sub/a b" &&
		printf x >"$(printf 'tab\there')" &&
		printf "%s\n" at,step,loss 1720088156,0,1.5 1720088157,1,0.25 \
			1720088158.5,2,1e-07 >metrics-0000.csv
	) &&
	make_exp "$outputs_second" "id: $(test_id 2)" "revision: 2" \
		"cmd: python3 train.py --lr 0.25" \
		"argv: [python3, train.py, --lr, \"0.25\"]" \
		"params: {lr: 0.25, in: results/$outputs_first/out.txt}" \
		"dependency: [$outputs_first]" \
		"dependency_ids: {$outputs_first: $(test_id 1)}" \
		"at:" '  created: "2024-07-04T19:16:00.000000+09:00"' \
		'  started: "2024-07-04T19:16:00.100000+09:00"' \
		'  finished: "2024-07-04T19:16:01.200000+09:00"' \
		"state: fail" "exit_code: 3" "host: lab3" "user: ann" \
		"usage: {wall: 1.1, user: 0.5, sys: 0.25, max_rss: 1048576}" \
		"info: {accuracy: .nan}" &&
	printf "%s\n" at,step,loss 1720088160,0,2 1720088161,1,1.125 \
		>"results/$outputs_second/metrics-0000.csv" &&
	make_exp "$outputs_third" "id: $(test_id 3)" "revision: 1" \
		"cmd: ./simulate" "argv: [./simulate]" "params: {}" \
		"at:" '  created: "2024-07-04T19:17:00.000000+09:00"' \
		"state: running" "host: lab4" "user: bob"
}

# outputs_old DIR: all in it is of one old time
outputs_old () {
	find "$1" -exec touch -h -d 2024-07-04T10:20:00.5Z {} +
}

# make_outputs_place DIR: DIR/project and what lies beside it
make_outputs_place () {
	mkdir -p "$1" &&
	(
		cd "$1" &&
		GIT_AUTHOR_DATE="1720088000 +0900" &&
		GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE &&
		export GIT_AUTHOR_DATE GIT_COMMITTER_DATE &&
		make_repo project && cd project &&
		cat >resutil-conf.yaml <<-END &&
		project_name: project
		results_dir: results
		storage_type: dir
		storage_config:
		  path: ../store
		list:
		  timeout: 7
		pack:
		  level: 0
		transfer:
		  jobs: 1
		END
		printf "%s\n" /results/ /.resutil/ >.gitignore &&
		git add . && test_commit . conf &&
		mkdir ../store ../team && outputs_experiments &&
		outputs_old results &&
		resutil remote add team dir:../team >../said &&
		resutil push "$outputs_second" >../said &&
		resutil push --remote team $outputs_first >../said &&
		git add resutil-conf.yaml && test_commit . remote &&
		rm -rf .resutil/cache &&
		echo more >>train.py && printf x >"$(printf 'new\there')" &&
		mkdir ../files ../files/sub && cp data.csv ../files/b.csv &&
		echo 1 >../files/sub/a && outputs_old ..
	)
}
