package engine

// PackOptions say how a program is packed.
type PackOptions struct {
	Threads int  // workers that run one image; below 1: one
	Rows    int  // rows of a band; 0: chosen for every node
	Hook    Hook // is called for the edges that have no Form, as Program.Run calls it; nil: none
	// Faster are, by edge, forms that give the same values in less time and more memory; nil: none. An edge lies in memory as
	// they say, or as floats, where that does not make the peak higher than it would be without.
	Faster []Form
}

// Plan is what a packed program needs, known before it runs. Sizes are in bytes.
type Plan struct {
	// Peak is of the activations of one run, the network's input and outputs excluded. Where sizes depend on the image, it
	// holds a reserve of 1/64 for images that need more than is expected; those unlike the images of calibration may need more.
	Peak    int64
	Packed  int64 // packed edges, at the node where the peak is
	Float   int64 // edges and other tensors that are kept as floats there
	Work    int64 // buffers of the workers there
	Outputs int64 // the network's outputs, which a run returns
	Weights int64 // as the runners keep them
	Threads int
	Nodes   []PlanNode // in the order in which they run
}

// PlanNode is a node, or a chain of nodes that runs as one.
type PlanNode struct {
	Name, Op string
	Edge     int    // that it computes; -1 for none
	Stored   string // "packed", "float", "output" or "on demand": its rows are computed when they are read
	Form     string // name of the form of what is packed, or of what floats are rounded to; "" where there is none
	Bytes    int64  // of what it stores
	Work     int64  // buffers of the workers while it runs
	Live     int64  // all activations while it runs
	Rows     int    // of a band
	Bands    int
	Whole    string // why it does not run in bands; "" where it does
}
