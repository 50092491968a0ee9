#!/bin/sh

test_description='statistics of random samples are those of R

Known values are in t/unit/test-stats.c. Here R draws samples, by a seed so that
they are always the same ones, and says what our functions should.'

. ./test-lib.sh

test_lazy_prereq R 'Rscript -e "quit()"'

cat >sample.R <<'END'
say <- function(name, expected, p = c(), a = c(), b = c())
	cat(name, sprintf("%.17g", expected), sprintf("%.17g", p), ":",
	    sprintf("%.17g", a), ":", sprintf("%.17g", b), "\n")
set.seed(20240704)

# a different kind of sample each time
draw <- function(i, n) switch(i %% 6 + 1,
	rnorm(n, 10, 3), rexp(n, 100), round(rnorm(n), 1),
	rcauchy(n), 1e6 + runif(n), sample(1:5, n, TRUE))

for (i in 1:120) {
	n <- sample(c(2:12, 30, 49, 50, 200), 1)
	x <- draw(i, n)
	y <- draw(i, sample(c(2:12, 49, 60), 1)) * runif(1, 0.9, 1.3)
	level <- sample(c(0.5, 0.9, 0.95, 0.99), 1)
	say("mean", mean(x), a = x)
	say("sd", sd(x), a = x)
	t <- if (sd(x) > 0) t.test(x, conf.level = level)$conf.int else
		c(mean(x), mean(x))
	say("mean_low", t[1], level, x)
	say("mean_high", t[2], level, x)
	for (p in c(0, 0.05, 0.29, 0.5, 0.999, 1, runif(1))) {
		say("type7", quantile(x, p, type = 7), p, x)
		say("type1", quantile(x, p, type = 1), p, x)
		s <- c(-Inf, sort(x), Inf)
		say("quantile_low", s[1 + qbinom((1 - level) / 2, n, p)],
		    c(p, level), x)
		say("quantile_high",
		    s[2 + qbinom(1 - (1 - level) / 2, n, p)], c(p, level), x)
	}
	q <- quantile(x, c(0.25, 0.75)); w <- q[2] - q[1]
	severe <- sum(x < q[1] - 3 * w | x > q[2] + 3 * w)
	say("severe", severe, a = x)
	say("mild", sum(x < q[1] - 1.5 * w | x > q[2] + 1.5 * w) - severe,
	    a = x)
	if (sd(x) > 0 || sd(y) > 0)
		say("welch", t.test(x, y)$p.value, a = x, b = y)
	p <- suppressWarnings(wilcox.test(x, y)$p.value)
	say("rank_sum", if (is.nan(p)) 1 else p, a = x, b = y)
	d <- rexp(n, 3) + 0.01
	r <- log(d / (abs(x) + 0.01))
	say("ratio", exp(mean(r)), a = abs(x) + 0.01, b = d)
	if (n > 1 && sd(r) > 0)
		say("ratio_low", exp(t.test(r, conf.level = level)$conf.int[1]),
		    level, abs(x) + 0.01, d)
}
for (i in 1:300) {
	df <- exp(runif(1, log(0.3), log(1e5)))
	p <- runif(1)^sample(c(1, 10), 1)
	t <- rcauchy(1)
	say("pt", pt(t, df), c(t, df))
	say("qt", qt(p, df), c(p, df))
	say("pnorm", pnorm(t), t)
	say("qnorm", qnorm(p), p)
	n <- floor(exp(runif(1, 0, log(1e5))))
	q <- runif(1)^sample(c(1, 4), 1)
	k <- rbinom(1, n, q)
	say("pbinom", pbinom(k, n, q), c(k, n, q))
	say("qbinom", qbinom(p, n, q), c(p, n, q))
}
END

test_expect_success R 'as R says' '
	Rscript sample.R >said &&
	lines=$(wc -l <said) &&
	test "$lines" -gt 5000 &&
	stats-check <said >out || { head out; false; } &&
	echo "$((lines)) lines" >want && test_cmp want out
'

test_expect_success R 'and what it does not say is found' '
	{ echo "mean 2.0001 : 1 2 3 :" && echo "type1 2 0.5 : 1 2 3 4 :" &&
	  echo "type7 2 0.5 : 1 2 3 4 :"; } >said &&
	test_expect_code 1 stats-check <said >out &&
	cat >want <<-\END &&
	2: mean 2.0001 : 1 2 3 :
	2.5: type7 2 0.5 : 1 2 3 4 :
	3 lines
	END
	test_cmp want out
'

test_done
