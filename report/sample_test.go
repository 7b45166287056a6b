package report

func ptr[T any](v T) *T { return &v }

// sample is a result with everything that a table can have; the numbers are made up but plausible.
func sample() Result {
	r := Result{Model: "resnet32.onnx", Data: "cifar10:test_batch.bin", Images: 1000, Metric: ptr("top1"), FP32: ptr(92.3)}
	r.Rows = append(r.Rows, Row{Method: "fp32", Value: ptr(92.3), Drop: ptr(0.0), DropSE: ptr(0.0), KL: ptr(0.0), Agreement: ptr(100.0)})
	direct := []struct{ value, se, kl, agreement, raw, coded float64 }{
		{20, 1.5, 5.31, 21.3, 3.06, 1.31}, {87, 1, 0.431, 90.2, 4.06, 2.02}, {91.5, .5, 0.0702, 96.1, 5.06, 2.88},
	}
	for i, d := range direct {
		row := quantized("direct", 3+i, d.value, d.se, d.kl, d.agreement)
		r.Rows = append(r.Rows, stored(row, nil, d.raw), stored(row, ptr("small"), d.coded))
	}
	dqa := []struct{ value, se, kl, agreement, raw, coded float64 }{
		{88.5, .8, 0.262, 91.4, 4.31, 2.4}, {91.9, .5, 0.0412, 97, 5.31, 3.2}, {92.2, .3, 0.0093, 98.6, 6.3, 4.1},
	}
	for i, d := range dqa {
		row := quantized("dqa", 3+i, d.value, d.se, d.kl, d.agreement)
		row.ExtraBits, row.Ratio, row.Ranking = ptr(3), ptr(0.5), ptr("energy")
		r.Rows = append(r.Rows, stored(row, ptr("paper"), d.raw), stored(row, ptr("small"), d.coded))
	}
	return r
}

func quantized(method string, bits int, value, se, kl, agreement float64) Row {
	return Row{
		Method: method, Bits: ptr(bits), Signed: ptr(true), Scale: ptr("dynamic-channel"), Value: ptr(value),
		Drop: ptr(92.3 - value), DropSE: ptr(se), KL: ptr(kl), Agreement: ptr(agreement), ProfileBytes: ptr(5132),
	}
}

func stored(row Row, coder *string, bits float64) Row {
	row.Coder, row.StoredBits, row.FrameBytes = coder, ptr(bits), ptr(bits*303104/8)
	return row
}

// unlabelled is a result on data without labels.
func unlabelled() Result {
	r := sample()
	r.Model, r.Metric, r.FP32 = "unet.onnx", nil, nil
	for i := range r.Rows {
		r.Rows[i].Value, r.Rows[i].Drop, r.Rows[i].DropSE = nil, nil, nil
	}
	return r
}
