# tidy-man.awk: a manual page of asciidoctor's, as a terminal of 80 columns
# wants it. A SYNOPSIS is broken between its options, and goes on below the
# first one; the last column of a table takes the room that is left, and no
# cell begins with an empty line.

# How wide a piece of a line is on the screen.
function width(s) {
	gsub(/\\f[A-Z]/, "", s)
	gsub(/\\[(]../, "x", s)
	gsub(/\\&/, "", s)
	gsub(/\\[-.e']/, "x", s)
	return length(s)
}

# Prints a line of a synopsis. Its words are what blanks part, but for those
# within brackets.
function fold(line,    n, i, c, depth, word, words, out, indent, column) {
	n = 0
	word = ""
	depth = 0
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c ~ /[[({]/ && substr(line, i - 1, 1) != "\\")
			depth++
		else if (c ~ /[])}]/)
			depth--
		if (c == " " && depth <= 0) {
			words[++n] = word
			word = ""
		} else {
			word = word c
		}
	}
	words[++n] = word
	out = words[1]
	for (i = 2; i <= n; i++) {
		# behind the program and the name of its command
		if (indent == 0 && (i > 2 || width(words[1]) > 7))
			indent = width(out) + 1
		if (column == 0)
			column = width(out)
		if (indent && column > indent &&
		    column + 1 + width(words[i]) > room) {
			print out
			out = substr(blanks, 1, indent) words[i]
			column = width(out)
		} else {
			out = out " " words[i]
			column += 1 + width(words[i])
		}
	}
	print out
}

# What an indent of 7 columns leaves of 80.
BEGIN {
	room = 72
	blanks = sprintf("%80s", "")
}

/^\.nf$/ { unfilled = 1 }
/^\.fi$/ { unfilled = 0 }

/^T\{$|^T\}:T\{$/ {
	print
	if ((getline line) > 0 && line != ".sp")
		print line
	next
}
/^lt( lt)*\.$/ {
	sub(/lt\.$/, "ltx.")
	print
	next
}
unfilled && /^\\fB/ && width($0) > room {
	fold($0)
	next
}
{ print }
