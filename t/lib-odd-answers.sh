# What a service may answer that is none, through a proxy (proxy_rules) that
# says it instead of the store. The file that includes this has made `one`, which
# is in the store, and `two`, which is not.

one=aapfcd_20240704T111555_one
two=aapfcd_20240704T111556_two
ESC=$(printf '\033')

# answers STATUS TYPE [BODY-FILE]: whatever is asked of the store
answers () {
	cat >answer.py <<-\EOF &&
	import json, sys
	body = open(sys.argv[3], encoding="utf-8").read() if sys.argv[3:] else ""
	print(json.dumps({"status": int(sys.argv[1]), "body": body,
	    "fields": {"Content-Type": sys.argv[2]}}))
	EOF
	proxy_rules "$(/usr/bin/python3 answer.py "$@")"
}

# refused STATUS TEXT COMMAND...: one line on standard error, which says TEXT
# and holds nothing that a terminal would follow; nothing on standard output
refused () {
	refused_status=$1 refused_text=$2
	shift 2
	test_expect_code "$refused_status" resutil -q "$@" >out 2>err &&
	test_must_be_empty out && test_line_count = 1 err &&
	test_grep "$refused_text" err && test_grep ! "$ESC" err &&
	test $(wc -c <err) -lt 1200
}

# unchanged: what is there is what was there, and two is not
unchanged () {
	proxy_rules &&
	echo $one >want && resutil list-remote >got && test_cmp want got &&
	resutil list-exps >got && printf "%s\n" $one $two >want &&
	test_cmp want got
}

# make_page: a web page, in the file of that name
make_page () {
	cat >page <<-\EOF
	<!DOCTYPE html><html><head><title>Log in</title></head>
	<body>Please <b>log in</b> to the network.</body></html>
	EOF
}
