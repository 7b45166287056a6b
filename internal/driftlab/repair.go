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

// Images of a repair, and others that tell what it is worth.
const (
	repairImages = 64
	judgeImages  = 96
)

// worth is what a profile comes to on images: agreement with the float network, in percent, and stored bits per value.
func (l *lab) worth(p *profile.Profile, src dataset.Source) (agreement, bits float64) {
	q := check(l.net.Bind(p))
	res := check(l.net.Evaluate(l.ctx, check(l.net.Inputs(src)), []session.Candidate{q.Candidate()},
		session.EvaluateOptions{Workers: runtime.NumCPU()}))
	m := res.Measured[0]
	return m.Score.Summary().Agreement, 8 * float64(m.Frames[0]) / float64(res.Images) / float64(p.Elements())
}

func part(src dataset.Source, from, to int) dataset.Source {
	return check(dataset.Slice(src, from, to))
}

// repairs are what tables and steps regain at severity 3, on images that they have not seen. What tables can save at most is what they
// save that learn from the judging images themselves.
func (l *lab) repairs() {
	p := l.quantized.Codec().Profile()
	clean := check(dataset.Open(l.shift))
	base, cleanBits := l.worth(p, part(clean, repairImages, repairImages+judgeImages))
	fmt.Printf("\nClean: agreement %.1f %%, %.3f bits. Of %d images, two thirds are learned from; %d others judge.\n\n", base, cleanBits,
		repairImages, judgeImages)
	fmt.Println("| corruption | agreement, bits | tables: bits, of what can be saved | steps: agreement, bits |\n|---|---:|---:|---:|")
	for _, k := range corrupt.Kinds() {
		src := check(corrupt.Source(clean, corrupt.Corruption{Kind: k, Severity: 3, Seed: 2}))
		learn, judge := part(src, 0, repairImages), part(src, repairImages, repairImages+judgeImages)
		agreement, bits := l.worth(p, judge)
		line := fmt.Sprintf("| %s | %.1f %%, %.3f |", k, agreement, bits)
		for _, level := range []string{session.RepairTables, session.RepairSteps} {
			made := l.recalibrate(p, learn, level)
			a, b := l.worth(made.Profile, judge)
			word := ""
			if !made.Accepted {
				word = " (declined)"
			}
			if level == session.RepairTables {
				_, best := l.worth(l.recalibrate(p, judge, level).Profile, judge)
				line += fmt.Sprintf(" %.3f, %.0f %%%s |", b, 100*(bits-b)/(bits-best), word)
			} else {
				line += fmt.Sprintf(" %.1f %%, %.3f%s |", a, b, word)
			}
		}
		fmt.Println(line)
	}
}

func (l *lab) recalibrate(p *profile.Profile, src dataset.Source, level string) *session.Recalibrated {
	return check(l.net.Recalibrate(l.ctx, p, check(l.net.Inputs(src)), session.RecalibrateOptions{Level: level, Workers: runtime.NumCPU()}))
}

// trials repairs many times what a random corruption has changed, and counts how often what would be shipped is worse on other images.
func (l *lab) trials() {
	p := l.quantized.Codec().Profile()
	clean := check(dataset.Open(l.shift))
	rng := rand.New(rand.NewPCG(l.seed, 4))
	shipped, worse := map[string]int{}, []string{}
	tried := map[string]int{}
	for t := range l.tries {
		kinds, levels := corrupt.Kinds(), []string{session.RepairTables, session.RepairSteps}
		c := corrupt.Corruption{Kind: kinds[rng.IntN(len(kinds))], Severity: 1 + rng.IntN(5), Seed: uint64(t)}
		from, level := rng.IntN(clean.Len()-repairImages-judgeImages), levels[t%2]
		src := check(corrupt.Source(clean, c))
		made, err := l.net.Recalibrate(l.ctx, p, check(l.net.Inputs(part(src, from, from+repairImages))),
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
		judge := part(src, from+repairImages, from+repairImages+judgeImages)
		before, bits := l.worth(p, judge)
		after, now := l.worth(made.Profile, judge)
		// An image more or less is chance, and bits are what tables are for.
		if after < before-100./judgeImages || level == session.RepairTables && now > bits {
			worse = append(worse, fmt.Sprintf("%s %s %d: agreement %.1f to %.1f %%, bits %.3f to %.3f", level, c.Kind, c.Severity,
				before, after, bits, now))
		}
	}
	fmt.Printf("\n%d trials, seed %d (%v): shipped %v, worse on %d other images: %d\n",
		l.tries, l.seed, tried, shipped, judgeImages, len(worse))
	if len(worse) > 0 {
		fmt.Println("\n* " + strings.Join(worse, "\n* "))
	}
}
