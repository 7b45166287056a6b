package native

// Memory is what activations of one run of the float program take, in bytes.
type Memory struct {
	Arena int64 // as the program runs: inputs, outputs and work buffers included
	Ideal int64 // the tensors that are alive at a time and nothing else, without the network's inputs and outputs
}

// Memory tells what a run takes.
func (p *Program) Memory() Memory {
	m := Memory{Arena: 4 * p.arenaSize}
	apart := map[int]bool{}
	for _, o := range p.outputs {
		if o.computed {
			apart[o.storage] = true
		}
	}
	for i := range p.steps {
		sum := int64(0)
		for id, s := range p.storages {
			if s.first >= 0 && s.alive(i) && !apart[id] && (s.within < 0 || !p.storages[s.within].alive(i)) {
				sum += 4 * int64(s.size)
			}
		}
		m.Ideal = max(m.Ideal, sum)
	}
	return m
}
