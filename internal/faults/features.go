//go:build !device

package faults

import (
	store "github.com/dqa-go/dqa/features"
	"github.com/dqa-go/dqa/internal/cli"
)

// features are the errors of stores of features.
var features = []cli.Fault{
	cli.NewFault("features-axes", cli.ExitUsage, "the axes or rows are not the array's",
		"--axes names every axis: N rows, C channels (second or last), other letters positions, as in NC, NTC, NCHW", store.ErrAxes),
	cli.NewFault("features-objective", cli.ExitUsage, "the objective cannot be kept",
		"ask for less, or for another objective: see dqa fit --help", store.ErrObjective),
	cli.NewFault("features-few", cli.ExitData, "there are too few rows",
		"half of the rows teach, half of them prove: give some hundreds", store.ErrTooFew),
	cli.NewFault("features-values", cli.ExitNonFinite, "the array holds NaN or infinities",
		"find out where they come from, or replace them: numpy.nan_to_num(x)", store.ErrValues),
	cli.NewFault("features-profile", cli.ExitFormat, "the profile is for other arrays, or the store of another profile",
		"make one with `dqa fit` for arrays of this shape; `dqa inspect P.dqap` tells what a profile is for", store.ErrProfile),
	cli.NewFault("features-store", cli.ExitFormat, "the folder or file is no store of features, or one of something else",
		"give what `dqa pack` wrote, or another name to write to", store.ErrStore),
	cli.NewFault("features-damaged", cli.ExitFormat, "the store is damaged",
		"copy it again, or pack the array again", store.ErrDamaged),
	cli.NewFault("features-certificate", cli.ExitFormat, "the store's certificate does not hold",
		"is this the array that was packed, in the same order? Else do not trust the store", store.ErrCertificate),
}
