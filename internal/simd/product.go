package simd

// Panel is how many rows of a matrix lie side by side for Product.
const Panel = 4

// Panels lays a matrix of rows by cols values, at(r, c), out for Product: Panel rows together, column by column, the last ones filled
// up with zeros. dst has PanelsSize values.
func Panels(dst []float32, rows, cols int, at func(r, c int) float32) {
	for p := 0; p < rows; p += Panel {
		for c := range cols {
			for i := range Panel {
				v := float32(0)
				if p+i < rows {
					v = at(p+i, c)
				}
				dst[0], dst = v, dst[1:]
			}
		}
	}
}

// PanelsSize is the number of values of a matrix laid out by Panels.
func PanelsSize(rows, cols int) int { return (rows + Panel - 1) / Panel * Panel * cols }

// Product multiplies a matrix of rows by cols values, laid out by Panels, by cols rows of n values, one behind the other: dst has rows
// of n values. Every value is summed up from 0 on, column after column, each product and each sum rounded to float32: what it is
// does not depend on the processor. dst and x must not overlap.
func Product(dst, panels, x []float32, rows, cols, n int) {
	if rows == 0 || n == 0 {
		return
	}
	dst, x, panels = dst[:rows*n], x[:cols*n], panels[:PanelsSize(rows, cols)]
	for p := 0; p < rows; p += Panel {
		part := dst[p*n : min(p+Panel, rows)*n]
		if !productVector(part, panels[:Panel*cols], x, cols, n) {
			product(part, panels[:Panel*cols], x, n)
		}
		panels = panels[Panel*cols:]
	}
}

// product is what Product does for up to Panel rows.
func product(dst, panel, x []float32, n int) {
	clear(dst)
	for ; len(panel) > 0; panel, x = panel[Panel:], x[n:] {
		for i := range len(dst) / n {
			a, row := panel[i], dst[i*n:][:n]
			for k, v := range x[:n] {
				row[k] += float32(a * v) // the conversion forbids that it is fused
			}
		}
	}
}
