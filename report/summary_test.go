package report

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	one := func(rows ...Row) Result {
		return Result{Model: "m", Data: "d", Images: 1, Metric: ptr("top1"), FP32: ptr(92.3), Rows: rows}
	}
	dqa := func(drop float64, coder *string, bits float64) Row {
		return Row{Method: "dqa", Bits: ptr(3), ExtraBits: ptr(3), Coder: coder, Value: ptr(92.3 - drop), Drop: ptr(drop), DropSE: ptr(0.4), StoredBits: ptr(bits)}
	}
	paper, whole := ptr("paper"), ptr("small")
	other := dqa(0.5, whole, 2.4)
	other.KL = ptr(0.1) // not the same codes
	unsigned, signed := dqa(0.5, paper, 4.3), Row{Method: "direct", Bits: ptr(3), Signed: ptr(true), Drop: ptr(70.0), StoredBits: ptr(3.1)}
	unsigned.Signed = ptr(false)
	labelled := one(dqa(0.5, paper, 4.31))
	labelled.Metric = nil
	labelled.Rows[0].Agreement = ptr(99.1)
	iou := one(dqa(-0.2, nil, 3))
	iou.Metric, iou.Images = ptr("miou"), 200
	noDrop := one(Row{Method: "dqa", Bits: ptr(3), StoredBits: ptr(3.0), Value: ptr(3.0)})
	halves := func(row Row, choice, confirm float64) Row {
		row.Halves = &Halves{Half{2, ptr(choice), ptr(0.4), nil}, Half{1, ptr(confirm), ptr(0.3), nil}}
		return row
	}
	for name, c := range map[string]struct {
		r    Result
		want string
	}{
		"chosen on one half": {one(halves(dqa(0.9, nil, 2), 0.7, 1.1), halves(dqa(0.9, nil, 1), 1.7, 0.1), halves(dqa(0, nil, 3), 0, 0)),
			"Of 3 variants measured, the smallest that loses at most 1 point on one half of the images is DQA at 3+3 bits: it " +
				"stores 2.00 bits per value instead of 32 and loses 1.10 ± 0.30 points of top-1 accuracy on the other half, 1 image."},
		"one of two has halves": {one(halves(dqa(0.9, nil, 2), 0.7, 1.1), dqa(0.9, nil, 3)),
			"Of 2 variants measured, the smallest that loses at most 1 point is DQA at 3+3 bits: it stores 2.00 bits per value " +
				"instead of 32 and loses 0.90 ± 0.40 points of top-1 accuracy on 1 image."},
		"nothing":    {Result{}, "Nothing was measured."},
		"fp32 only":  {one(), "Only float32 was measured: top-1 accuracy 92.30 % on 1 image."},
		"no numbers": {noDrop, "No row relates a loss to stored bits, so there is nothing to sum up."},
		"single": {one(dqa(3.2, paper, 4.31)),
			"The one quantized variant measured, DQA at 3+3 bits, stores 4.31 bits per value instead of 32 and loses 3.20 ± 0.40 points of top-1 accuracy on 1 image."},
		"same codes": {one(dqa(0.5, paper, 4.31), dqa(0.5, whole, 2.4)),
			"Of 2 variants measured, the smallest that loses at most 1 point is DQA at 3+3 bits with its codes entropy-coded " +
				"(small): it stores 2.40 bits per value instead of 32 and loses 0.50 ± 0.40 points of top-1 accuracy on 1 image; " +
				"the same codes with only their shift errors coded take 4.31."},
		"other codes": {one(dqa(0.5, paper, 4.31), other),
			"Of 2 variants measured, the smallest that loses at most 1 point is DQA at 3+3 bits with its codes entropy-coded " +
				"(small): it stores 2.40 bits per value instead of 32 and loses 0.50 ± 0.40 points of top-1 accuracy on 1 image."},
		"all lose": {one(dqa(1.006, nil, 3), dqa(2, whole, 2)),
			"None of 2 variants measured loses at most 1 point; the closest, DQA at 3+3 bits, stores 3.00 bits per value instead of 32 and loses 1.01 ± 0.40 points of top-1 accuracy on 1 image."},
		"just within": {one(dqa(1.004, nil, 3), dqa(0.2, nil, 5)),
			"Of 2 variants measured, the smallest that loses at most 1 point is DQA at 3+3 bits: it stores 3.00 bits per value instead of 32 and loses 1.00 ± 0.40 points of top-1 accuracy on 1 image."},
		"gain": {iou,
			"The one quantized variant measured, DQA at 3+3 bits, stores 3.00 bits per value instead of 32 and gains 0.20 ± 0.40 points of mIoU on 200 images."},
		"signs": {one(signed, unsigned),
			"Of 2 variants measured, the smallest that loses at most 1 point is DQA unsigned at 3+3 bits: it stores 4.30 bits per value instead of 32 and loses 0.50 ± 0.40 points of top-1 accuracy on 1 image."},
		"no labels": {labelled,
			"The one quantized variant measured, DQA at 3+3 bits, stores 4.31 bits per value instead of 32 and gives float32's class 99.10 % of the time on 1 image."},
	} {
		if got := Summary(c.r); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestSummaryClaims checks the words "smallest that loses at most 1 point" against every row, on arbitrary rows.
func TestSummaryClaims(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		r := Result{Model: "m", Images: 10, Metric: ptr("top1"), FP32: ptr(90.0), Rows: []Row{{Method: "fp32", Drop: ptr(0.0), StoredBits: ptr(0.1)}}}
		var within, losses []float64
		for i := range 2 + rng.IntN(6) {
			drop, bits := float64(rng.IntN(500))/100-0.5, 1+float64(i)+float64(rng.IntN(90))/100
			r.Rows = append(r.Rows, Row{Method: "direct", Bits: ptr(i), Drop: &drop, StoredBits: &bits})
			losses = append(losses, drop)
			if drop <= 1 {
				within = append(within, bits)
			}
		}
		rng.Shuffle(len(r.Rows), func(i, j int) { r.Rows[i], r.Rows[j] = r.Rows[j], r.Rows[i] })
		got := Summary(r)
		if len(within) > 0 {
			least := slices.Min(within)
			if !strings.HasPrefix(got, "Of ") || !strings.Contains(got, "stores "+fixed(least, 2)+" bits") {
				t.Fatalf("%s: the smallest is %.2f", got, least)
			}
			continue
		}
		least := slices.Min(losses)
		if !strings.HasPrefix(got, "None of ") || !strings.Contains(got, "loses "+fixed(least, 2)+" points") {
			t.Fatalf("%s: the least loss is %.2f", got, least)
		}
	}
}
