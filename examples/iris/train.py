"""Fit a softmax regression to Fisher's iris data, with nothing but Python."""
import argparse
import csv
import json
import math
import os
import random
import sys


def read_flowers(path):
    """Return (features, labels, names of the labels)."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["species"] for row in rows})
    columns = [name for name in rows[0] if name != "species"]
    features = [[float(row[name]) for name in columns] for row in rows]
    labels = [names.index(row["species"]) for row in rows]
    return features, labels, names


def standardise(features):
    """Shift and scale each column to mean 0 and deviation 1."""
    columns = list(zip(*features))
    means = [sum(c) / len(c) for c in columns]
    sds = [math.sqrt(sum((x - m) ** 2 for x in c) / len(c))
           for c, m in zip(columns, means)]
    scaled = [[(x - m) / s for x, m, s in zip(row, means, sds)]
              for row in features]
    return scaled, means, sds


def probabilities(weights, row):
    scores = [sum(w * x for w, x in zip(ws, row + [1.0])) for ws in weights]
    top = max(scores)
    exps = [math.exp(s - top) for s in scores]
    total = sum(exps)
    return [e / total for e in exps]


def train_epoch(weights, features, labels, order, rate, decay):
    """One pass of stochastic gradient descent; return the mean loss."""
    loss = 0.0
    for i in order:
        row = features[i] + [1.0]
        probs = probabilities(weights, features[i])
        loss -= math.log(max(probs[labels[i]], 1e-300))
        for k, ws in enumerate(weights):
            error = probs[k] - (1.0 if k == labels[i] else 0.0)
            for j, x in enumerate(row):
                ws[j] -= rate * (error * x + decay * ws[j])
    return loss / len(order)


def accuracy(weights, features, labels, rows):
    right = 0
    for i in rows:
        probs = probabilities(weights, features[i])
        right += probs.index(max(probs)) == labels[i]
    return right / len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="iris.csv")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--decay", type=float, default=0.0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=os.environ.get("RESUTIL_EX_DIR", "."))
    args = parser.parse_args()

    features, labels, names = read_flowers(args.data)
    features, means, sds = standardise(features)
    rng = random.Random(args.seed)
    order = list(range(len(features)))
    rng.shuffle(order)
    test, train = order[:30], order[30:]
    weights = [[0.0] * (len(features[0]) + 1) for _ in names]

    with open(os.path.join(args.out, "curve.csv"), "w") as curve:
        curve.write("epoch,loss,test_accuracy\n")
        for epoch in range(1, args.epochs + 1):
            rng.shuffle(train)
            loss = train_epoch(weights, features, labels, train, args.lr,
                               args.decay)
            score = accuracy(weights, features, labels, test)
            curve.write("%d,%.6f,%.4f\n" % (epoch, loss, score))
            if epoch % 10 == 0 or epoch == args.epochs:
                print("epoch %3d  loss %.4f  test accuracy %.3f"
                      % (epoch, loss, score), flush=True)
            if loss > 10:
                print("train.py: the loss grows (%.1f): is --lr %g too large?"
                      % (loss, args.lr), file=sys.stderr)
                return 1
    with open(os.path.join(args.out, "model.json"), "w") as file:
        json.dump({"names": names, "means": means, "deviations": sds,
                   "weights": weights, "test_rows": sorted(test)}, file)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
