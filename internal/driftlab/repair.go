package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"

	"github.com/dqa-go/dqa/corrupt"
	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
)

// judgeImages are enough to tell bits.
const judgeImages = 96

// chanceAgreement is by how many points agreement may fall in a trial: a standard error of what some 500 images say, some 3 of 100 of which
// are answered otherwise before or after.
const chanceAgreement = .8

// worth is what a profile comes to on images.
type worth struct {
	agreement, kl float64 // with the float network: percent, mean
	bits          float64 // stored, per value
}

func (l *lab) worth(p *profile.Profile, src dataset.Source) worth {
	q := check(l.net.Bind(p))
	res := check(l.net.Evaluate(l.ctx, check(l.net.Inputs(src)), []session.Candidate{q.Candidate()},
		session.EvaluateOptions{Workers: runtime.NumCPU()}))
	m := res.Measured[0]
	sum := m.Score.Summary()
	return worth{sum.Agreement, sum.KL, 8 * float64(m.Frames[0]) / float64(res.Images) / float64(p.Elements())}
}

func part(src dataset.Source, from, to int) dataset.Source {
	return check(dataset.Slice(src, from, to))
}

// taughtBy is how many images teach the tables that an encoder could have at best, by images that do not judge.
const taughtBy = 192

// repairs are what levels regain at severity 3, on images that they have not seen: of the bits beyond what tables take that a great many
// images have taught, and of the agreement that is less than on clean images.
func (l *lab) repairs() {
	p := l.quantized.Codec().Profile()
	clean := check(dataset.Open(l.shift))
	base := l.worth(p, part(clean, l.learners, l.learners+l.judges))
	fmt.Printf("\nClean: agreement %.1f %%, KL %.2g, %.3f bits; %d images repair, %d others judge, %d teach what tables are held against.\n\n",
		base.agreement, base.kl, base.bits, l.learners, l.judges, taughtBy)
	fmt.Print("| corruption | agreement, KL, bits | excess bits |")
	for _, level := range strings.Split(l.levels, ",") {
		said := "agreement, KL, bits"
		if level == session.RepairTables {
			said = "bits, of the excess"
		}
		fmt.Printf(" %s: %s |", level, said)
	}
	fmt.Println("\n|---|---:|---:|" + strings.Repeat("---:|", 1+strings.Count(l.levels, ",")))
	for _, k := range l.wanted() {
		src := check(l.corrupted(clean, corrupt.Corruption{Kind: k, Severity: 3, Seed: l.seed + 1}))
		learn, judge := part(src, 0, l.learners), part(src, l.learners, l.learners+l.judges)
		was := l.worth(p, judge)
		ideal := l.taught(p, part(src, l.learners+l.judges, l.learners+l.judges+taughtBy), judge)
		fmt.Printf("| %s | %.1f %%, %.2g, %.3f | %.3f |", k, was.agreement, was.kl, was.bits, was.bits-ideal)
		for _, level := range strings.Split(l.levels, ",") {
			made := l.recalibrate(p, learn, level)
			now := l.worth(made.Profile, judge)
			word := ""
			if !made.Accepted {
				word = " (declined)"
			}
			if level == session.RepairTables {
				fmt.Printf(" %.3f, %.0f %%%s |", now.bits, 100*(was.bits-now.bits)/(was.bits-ideal), word)
			} else {
				fmt.Printf(" %.1f %%, %.2g, %.3f%s |", now.agreement, now.kl, now.bits, word)
			}
		}
		fmt.Println()
	}
}

// taught is what images take with tables that others have taught.
func (l *lab) taught(p *profile.Profile, teach, judge dataset.Source) (bits float64) {
	return l.worth(l.recalibrate(p, teach, session.RepairTables).Profile, judge).bits
}

func (l *lab) recalibrate(p *profile.Profile, src dataset.Source, level string) *session.Recalibrated {
	return check(l.net.Recalibrate(l.ctx, p, check(l.net.Inputs(src)), session.RecalibrateOptions{Level: level, Workers: runtime.NumCPU()}))
}

// trials repairs many times what a random corruption has changed, and counts how often what would be shipped is worse on other images.
func (l *lab) trials() {
	p := l.quantized.Codec().Profile()
	clean := check(dataset.Open(l.shift))
	rng, half := rand.New(rand.NewPCG(l.seed, 4)), clean.Len()/2 // which judges
	shipped, worse := map[string]int{}, []string{}
	tried := map[string]int{}
	for t := range l.tries {
		kinds, levels := corrupt.Kinds(), strings.Split(l.levels, ",")
		c := corrupt.Corruption{Kind: kinds[rng.IntN(len(kinds))], Severity: 1 + rng.IntN(5), Seed: 1000*l.seed + uint64(t)}
		from, level := rng.IntN(half-l.learners+1), levels[t%len(levels)]
		src := check(l.corrupted(clean, c))
		made, err := l.net.Recalibrate(l.ctx, p, check(l.net.Inputs(part(src, from, from+l.learners))),
			session.RecalibrateOptions{Level: level, Workers: runtime.NumCPU()})
		if errors.Is(err, session.ErrSetting) {
			continue
		}
		must(err)
		tried[level]++
		if !made.Accepted {
			continue
		}
		shipped[level]++
		judge := part(src, half, src.Len())
		if level == session.RepairTables { // of which less can be said by chance
			judge = part(src, half, min(src.Len(), half+judgeImages))
		}
		was, now := l.worth(p, judge), l.worth(made.Profile, judge)
		said := fmt.Sprintf("%s %s %d: agreement %.1f to %.1f %%, KL %.2g to %.2g, bits %.3f to %.3f", level, c.Kind, c.Severity,
			was.agreement, now.agreement, was.kl, now.kl, was.bits, now.bits)
		if level != session.RepairTables {
			fmt.Println("*", said)
		}
		if now.agreement < was.agreement-chanceAgreement || level == session.RepairTables && now.bits > was.bits {
			worse = append(worse, said)
		}
	}
	fmt.Printf("\n%d trials, seed %d (%v): shipped %v, worse on other images: %d\n",
		l.tries, l.seed, tried, shipped, len(worse))
	if len(worse) > 0 {
		fmt.Println("\n* " + strings.Join(worse, "\n* "))
	}
}
