# newton.R NUMBER: its square root by steps, said to resutil as it goes.

number <- as.numeric(commandArgs(trailingOnly = TRUE)[1])
rows <- pipe("resutil meter --stdin --quiet-outside", "w")
guess <- number
steps <- c()
for (step in 1:20) {
  after <- (guess + number / guess) / 2
  cat(sprintf("step=%d guess=%.17g error=%.17g\n", step, after,
              abs(after * after - number)), file = rows)
  flush(rows)
  steps <- c(steps, after)
  if (after == guess) break
  guess <- after
}
close(rows)  # waits until all rows are written

system2("resutil", c("inform", "--quiet-outside",
                     sprintf("root=%.17g", guess),
                     sprintf("steps=%d", length(steps)),
                     "method.name=newton"))
file <- tempfile()
writeLines(paste(seq_along(steps), sprintf("%.17g", steps)), file)
system2("resutil", c("attach", "--quiet-outside", "--as", "steps/all.txt",
                     shQuote(file)))
cat(sprintf("%.17g\n", guess))
