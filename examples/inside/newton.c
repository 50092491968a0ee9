/*
 * newton NUMBER: its square root by steps, said to resutil as it goes.
 *
 *	cc -o newton newton.c -lm
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	double number = argc > 1 ? atof(argv[1]) : 2, guess = number;
	FILE *rows = popen("resutil meter --stdin --quiet-outside", "w");
	FILE *file = popen("resutil attach --quiet-outside "
			   "--as steps/all.txt -", "w");
	char inform[200];
	int step;

	if (!rows || !file)
		return 1;
	for (step = 1; step <= 20; step++) {
		double after = (guess + number / guess) / 2;

		fprintf(rows, "step=%d guess=%.17g error=%.17g\n", step, after,
			fabs(after * after - number));
		fflush(rows);	/* a row that was sent survives us */
		fprintf(file, "%d %.17g\n", step, after);
		if (after == guess)
			break;
		guess = after;
	}
	/* Each waits until the command has done its work. */
	if (pclose(rows) || pclose(file))
		return 1;
	snprintf(inform, sizeof(inform), "resutil inform --quiet-outside "
		 "root=%.17g steps=%d method.name=newton", guess, step);
	if (system(inform))
		return 1;
	printf("%.17g\n", guess);
	return 0;
}
