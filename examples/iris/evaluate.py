"""Confusion matrix of a model that train.py made, on the rows it never saw."""
import argparse
import csv
import json
import os
import sys

from train import probabilities, read_flowers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", default="iris.csv")
    parser.add_argument("--out", default=os.environ.get("RESUTIL_EX_DIR", "."))
    args = parser.parse_args()

    with open(args.model) as file:
        model = json.load(file)
    features, labels, names = read_flowers(args.data)
    counts = [[0] * len(names) for _ in names]
    for i in model["test_rows"]:
        row = [(x - m) / s for x, m, s in
               zip(features[i], model["means"], model["deviations"])]
        probs = probabilities(model["weights"], row)
        counts[labels[i]][probs.index(max(probs))] += 1

    with open(os.path.join(args.out, "confusion.csv"), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["is / taken for"] + names)
        for name, row in zip(names, counts):
            writer.writerow([name] + row)
    for name, row in zip(names, counts):
        print("%-12s %s" % (name, " ".join("%3d" % n for n in row)))
    wrong = sum(map(sum, counts)) - sum(counts[k][k] for k in range(len(names)))
    print("%d of %d wrong" % (wrong, len(model["test_rows"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
