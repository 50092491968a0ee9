#!/bin/sh
# newton.sh NUMBER: its square root by steps, said to resutil as it goes.
set -eu

number=$1
guess=$number
step=0
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

while [ $step -lt 20 ]
do
	step=$((step + 1))
	next=$(awk -v n="$number" -v x="$guess" \
		'BEGIN { printf "%.17g", (x + n / x) / 2 }')
	error=$(awk -v n="$number" -v x="$next" \
		'BEGIN { e = x * x - n; printf "%.17g", e < 0 ? -e : e }')
	resutil meter --quiet-outside step=$step guess="$next" error="$error"
	echo "$step $next" >>"$scratch"
	[ "$next" != "$guess" ] || break
	guess=$next
done

resutil inform --quiet-outside root="$guess" steps=$step method.name=newton
resutil attach --quiet-outside --as steps/all.txt "$scratch"
echo "$guess"
