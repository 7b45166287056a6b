"""The same comparison for all demonstrations: the cheapest settings that keep the score, chosen on one part and judged on another."""
import numpy as np


def auroc(scores, labels):
    order = np.argsort(scores, kind="stable")
    s, y = scores[order], labels[order]
    edge = np.flatnonzero(np.r_[True, s[1:] != s[:-1]])
    size = np.diff(np.r_[edge, len(s)])
    rank = np.repeat(edge + (size + 1) / 2, size)  # ties share a rank
    n1 = y.sum()
    return 100 * (rank[y > 0].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1))


def jackknife(score, n, groups=20):
    """Score of n images, given their numbers, and its standard error (delete-a-group jackknife)."""
    every = np.arange(n)
    parts = [score(every[every % groups != g]) for g in range(groups)]
    return score(every), np.sqrt((groups - 1) / groups * np.sum((np.array(parts) - np.mean(parts)) ** 2))


def compare(rows, reference, scores, parts):
    """rows: family, setting, bytes, data. scores: name -> f(data, numbers of images). parts: name -> numbers of images. Gives for every
    row, part and score the score and how much it loses, with the paired standard error. Of false ones fewer are better."""
    known = {}  # scores of the reference

    def exact(name, f, i):
        key = name, i.tobytes()
        if key not in known:
            known[key] = f(reference, i)
        return known[key]

    out = []
    for family, setting, size, data in rows:
        r = {"family": family, "setting": setting, "bytes": size}
        for part, images in parts.items():
            for name, f in scores.items():
                sign = -1 if name.startswith("false") else 1
                loss = jackknife(lambda k: sign * (exact(name, f, images[k]) - f(data, images[k])), len(images))
                r[part, name] = (f(data, images), *loss)
        out.append(r)
        print(family, setting, size, [round(float(r[k][1]), 3) for k in r if isinstance(k, tuple)], flush=True)
    return out


def keeps(r, part, names):
    return all(r[part, n][1] <= r[part, n][2] for n in names)


def write(path, title, intro, rows, names, values, floats):
    """rows are compare's, of the parts "validation" and "test". floats: part, name -> score without storing."""
    f16 = 2 * values
    best = {}
    for r in rows:
        if keeps(r, "validation", names) and r["bytes"] < best.get(r["family"], r)["bytes"] + (r["family"] not in best):
            best[r["family"]] = r
    front = lambda r: [r["family"], r["setting"], f"{r['bytes']:,}", f"{8 * r['bytes'] / values:.3f}", f"1/{f16 / r['bytes']:.1f}"]
    back = lambda r, part: [f"{r[part, n][0]:.3f} | {r[part, n][1]:+.3f} ± {r[part, n][2]:.3f}" for n in names]
    line = lambda cells: "| " + " | ".join(cells) + " |\n"
    head = lambda part, more="", rule="": (
        "| | setting | bytes | bits per value | of float16 | " + " | ".join(f"{n}, {part} | loss ± s.e." for n in names) + f" |{more}\n"
        + "|---|---|---:|---:|---:|" + "---:|---:|" * len(names) + rule + "\n")
    chosen = sorted(best.values(), key=lambda r: r["bytes"])
    with open(path, "w") as w:
        w.write(f"# {title}\n\n{intro}\n\n")
        w.write("float32: " + ", ".join(f"{n} {v:.3f} ({part})" for (part, n), v in floats.items()) + ".\n\n")
        w.write("Of every kind, ours and theirs, the setting is **chosen on the validation part**: the cheapest whose loss there is within one "
                "paired standard error (delete-a-group jackknife over images) in every score. **The scores below are of the test part**, which "
                "chose nothing; kept says whether the loss is within one standard error there, too.\n\n" + head("test", " kept |", "---|"))
        for r in chosen:
            w.write(line(front(r) + back(r, "test") + ["yes" if keeps(r, "test", names) else "no"]))
        w.write("\n" + verdict(chosen, names, values))
        w.write("\nEverything that was tried, on the validation part:\n\n" + head("validation"))
        for r in rows:
            w.write(line(front(r) + back(r, "validation")))


def verdict(chosen, names, values):
    """Ours against the best other way, both chosen on the validation part."""
    ours = [r for r in chosen if r["family"].startswith("dqa")]
    theirs = [r for r in chosen if not r["family"].startswith("dqa")]
    if not ours or not theirs:
        return "Nothing of " + ("theirs" if ours else "ours") + " keeps the scores on the validation part.\n"
    a, b = ours[0], theirs[0]
    less = 100 * (1 - a["bytes"] / b["bytes"])
    text = f"{less:.0f} % fewer than" if less > 0 else f"{-less:.0f} % MORE than (it wins here)"
    told = lambda r: " and ".join(f"{r['test', n][1]:+.3f} ± {r['test', n][2]:.3f}" for n in names)
    return (f"Ours ({a['family']}, {a['setting']}) takes {8 * a['bytes'] / values:.2f} bits per value, 1/{2 * values / a['bytes']:.1f} of "
            f"float16's bytes, {text} the best other way ({b['family']}, {b['setting']}). On the test part ours loses {told(a)}, "
            f"the other {told(b)} ({', '.join(names)}).\n")
