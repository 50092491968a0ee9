"""newton.py NUMBER: its square root by steps, said to resutil as it goes."""

import sys

import resutil

number = float(sys.argv[1])
guess = number
steps = []
for step in range(1, 21):
    after = (guess + number / guess) / 2
    resutil.meter(step=step, guess=after, error=abs(after * after - number))
    steps.append(after)
    if after == guess:
        break
    guess = after

resutil.inform(root=guess, steps=len(steps), method={"name": "newton"})
with resutil.attach("steps/all.txt") as file:
    for step, value in enumerate(steps, 1):
        print(step, value, file=file)
print(guess)
