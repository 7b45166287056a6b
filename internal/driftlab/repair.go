package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
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

func (l *lab) worth(src dataset.Source, profiles ...*profile.Profile) (all []worth) {
	var candidates []session.Candidate
	for _, p := range profiles {
		candidates = append(candidates, check(l.net.Bind(p)).Candidate())
	}
	res := check(l.net.Evaluate(l.ctx, check(l.net.Inputs(src)), candidates, session.EvaluateOptions{Workers: runtime.NumCPU()}))
	for i, m := range res.Measured {
		sum := m.Score.Summary()
		all = append(all, worth{sum.Agreement, sum.KL, 8 * float64(m.Frames[0]) / float64(res.Images) / float64(profiles[i].Elements())})
	}
	return all
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
	clean := check(l.source(l.shift))
	base := l.worth(part(clean, l.learners, l.learners+l.judges), p)[0]
	fmt.Printf("\nClean: agreement %.1f %%, KL %.2g, %.3f bits; %d images repair, %d others judge, %d teach what tables are held against.\n\n",
		base.agreement, base.kl, base.bits, l.learners, l.judges, taughtBy)
	fmt.Print("| corruption | agreement, KL, bits | excess bits |")
	levels := strings.Split(l.levels, ",")
	for _, level := range levels {
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
		// The first is taught by others, and tells what tables could come to.
		others := part(src, l.learners+l.judges, min(src.Len(), l.learners+l.judges+taughtBy))
		made := []*session.Recalibrated{l.recalibrate(p, others, session.RepairTables)}
		for _, level := range levels {
			made = append(made, l.recalibrate(p, learn, level))
		}
		profiles := []*profile.Profile{p}
		for _, m := range made {
			profiles = append(profiles, m.Profile)
		}
		now := l.worth(judge, profiles...)
		was, excess := now[0], now[0].bits-now[1].bits
		fmt.Printf("| %s | %.1f %%, %.2g, %.3f | %.3f |", k, was.agreement, was.kl, was.bits, excess)
		for i, level := range levels {
			w, word := now[2+i], ""
			if !made[1+i].Accepted {
				word = " (declined)"
			}
			fmt.Fprintf(os.Stderr, "%s %s: %s\n", k, level, made[1+i].Why)
			if level == session.RepairTables {
				fmt.Printf(" %.3f, %.0f %%%s |", w.bits, 100*(was.bits-w.bits)/excess, word)
			} else {
				fmt.Printf(" %.1f %%, %.2g, %.3f%s |", w.agreement, w.kl, w.bits, word)
			}
		}
		fmt.Println()
	}
}

func (l *lab) recalibrate(p *profile.Profile, src dataset.Source, level string) *session.Recalibrated {
	return check(l.net.Recalibrate(l.ctx, p, check(l.net.Inputs(src)), session.RecalibrateOptions{Level: level, Workers: runtime.NumCPU()}))
}

// trials repairs many times what a random corruption has changed, and counts how often what would be shipped is worse on other images.
func (l *lab) trials() {
	p := l.quantized.Codec().Profile()
	clean := check(l.source(l.shift))
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
			fmt.Printf("* %s %s %d: declined\n", level, c.Kind, c.Severity)
			continue
		}
		shipped[level]++
		judge := part(src, half, src.Len())
		if level == session.RepairTables { // of which less can be said by chance
			judge = part(src, half, min(src.Len(), half+judgeImages))
		}
		both := l.worth(judge, p, made.Profile)
		was, now := both[0], both[1]
		said := fmt.Sprintf("%s %s %d: agreement %.1f to %.1f %%, KL %.2g to %.2g, bits %.3f to %.3f", level, c.Kind, c.Severity,
			was.agreement, now.agreement, was.kl, now.kl, was.bits, now.bits)
		fmt.Println("*", said)
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
