# What programs of others read and write in a store, whatever the service.

# each one of them is a line of a file, without newlines
odd_keys () {
	cat <<-\EOF
	a b+c=&d?e#f%g~h!i'j(k)l*m
	100%/%41/%zz/+
	日本語/é/𝄞.zip
	a:b;c@d$e,f"g"h<i>j^k`l{m}n|o[p]
	back\slash
	- dash
	.hidden/..two/three...
	very/deep/ly/nest/ed/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z
	EOF
}

# push_small_and_large: two experiments of the project in p, whose names come into
# the file names; the large one goes in parts
push_small_and_large () {
	head -c 30000000 /dev/urandom >big &&
	(
		cd p && name=$(resutil add small) && echo hello >"results/$name/x" &&
		name=$(resutil add "é+& large") && cp ../big "results/$name/big" &&
		resutil push -A >../out
	) &&
	resutil -C p list-exps >names && test_line_count = 2 names
}

# same_as_read: their packs, which somebody else has read into read/
same_as_read () {
	ls read >got && test_line_count = 2 got &&
	for what in small large
	do
		name=$(grep "$what" names) && file=$(echo read/*$what.zip) &&
		/usr/bin/python3 -m zipfile -t "$file" &&
		mkdir unpacked && unzip -q -d unpacked "$file" &&
		diff -r "p/results/$name" unpacked &&
		rm -r unpacked || return 1
	done
}
