package doctor

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/dqa-go/dqa/dataset"
)

// order is which class of the network every label stands for; -1: unknown.
type order []int

// checkOrder looks for an order of classes that fits what the network says better than the labels do, under any of the
// preprocessings that were tried: a class that has no folder shifts all later ones, and numbers may be those of another
// list. ok is false where there is none.
func (q *search) checkOrder(best *candidate) (c Check, ok bool) {
	if q.s.Data.Labels() != dataset.ClassLabels {
		return c, false
	}
	var found order
	var under *candidate
	most, now := sum(best.hits()), sum(best.hits())
	for _, key := range slices.Sorted(maps.Keys(q.tried)) {
		t := q.tried[key]
		for _, o := range []order{q.withoutSome(t.table), permutation(t.table)} {
			hits, moved := o.hits(t.table)
			gain := hits - now
			if hits > most && gain > clearErrors*math.Sqrt(moved) && 100*gain >= clearPoints*float64(len(q.sample)) {
				found, under, most = o, t, hits
			}
		}
	}
	if found == nil {
		return c, false
	}
	names := dataset.ClassNames(q.s.Data)
	c = Check{Name: "order of classes", Status: Problem, Mend: found.mend(names)}
	c.Finding = fmt.Sprintf("the network has the classes in another order: %s; then it is right on %.1f %% instead of %.1f %%",
		found.text(names), 100*most/float64(len(q.sample)), mean(q.start))
	if more := under.flags(q.start.pre); more != "" {
		c.Mend += "; and " + more
	}
	return c, true
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// hits counts images that are right in this order, and those that are in one of both orders only.
func (o order) hits(table map[int]map[int]int) (hits, moved float64) {
	for label, row := range table {
		class := label
		if label >= 0 && label < len(o) {
			class = o[label]
		}
		hits += float64(row[class])
		if class != label {
			moved += float64(row[class] + row[label])
		}
	}
	return hits, moved
}

// maxMissing bounds how many classes may have no folder.
const maxMissing = 64

// withoutSome is the best order in which labels follow the network's, with classes left out; nil where there are as many
// labels as classes. By dynamic programming over labels and classes left out so far.
func (q *search) withoutSome(table map[int]map[int]int) order {
	labels := len(dataset.ClassNames(q.s.Data))
	for label := range table {
		labels = max(labels, label+1)
	}
	out := min(numClasses(q.s)-labels, maxMissing)
	if out <= 0 {
		return nil
	}
	best, from := make([]int, out+1), make([][]int, labels)
	for l := range labels {
		next := make([]int, out+1)
		from[l] = make([]int, out+1)
		top := 0 // the fewest left out before, of those that are best
		for k := range next {
			if best[k] > best[top] {
				top = k
			}
			from[l][k], next[k] = top, best[top]+table[l][l+k]
		}
		best = next
	}
	k := 0
	for i, hits := range best {
		if hits > best[k] {
			k = i
		}
	}
	o := make(order, labels)
	for l := labels - 1; l >= 0; l-- {
		o[l], k = l+k, from[l][k]
	}
	return o
}

// permutation is the order in which every label is the class that most of its images get; nil where that is unclear.
func permutation(table map[int]map[int]int) order {
	const least = 3 // images
	var o order
	taken := map[int]bool{}
	for _, label := range slices.Sorted(maps.Keys(table)) {
		if label < 0 {
			continue
		}
		total, top, class := 0, 0, -1
		for _, c := range slices.Sorted(maps.Keys(table[label])) {
			n := table[label][c]
			if total += n; n > top {
				top, class = n, c
			}
		}
		for len(o) < label {
			o = append(o, -1)
		}
		if top < least || 2*top <= total {
			class = -1
		}
		if class >= 0 && taken[class] {
			return nil
		}
		taken[class] = true
		o = append(o, class)
	}
	return o
}

// text says which labels are which classes, where they differ.
func (o order) text(names []string) string {
	var moved []string
	for label, class := range o {
		if class >= 0 && class != label {
			moved = append(moved, fmt.Sprintf("%s is its %d", nameOf(label, names), class))
		}
	}
	const most = 6
	if len(moved) > most {
		moved = append(moved[:most-1], "...", moved[len(moved)-1])
	}
	return strings.Join(moved, ", ")
}

func nameOf(label int, names []string) string {
	if label < len(names) && names[label] != "" {
		return fmt.Sprintf("%d (%s)", label, names[label])
	}
	return fmt.Sprint(label)
}

// mend is --classes where the classes have names, with an empty one where the network's class has none.
func (o order) mend(names []string) string {
	if len(names) == 0 {
		return "renumber the labels as the finding says"
	}
	list := make([]string, slices.Max(o)+1)
	for label, class := range o {
		if class < 0 || label >= len(names) || strings.ContainsAny(names[label], ", '\"") {
			list = nil
			break
		}
		list[class] = names[label]
	}
	const most = 400 // letters that one may want to copy
	if text := strings.Join(list, ","); len(list) > 1 && len(text) <= most {
		return "--classes " + text
	}
	return "--classes FILE, or classes.txt beside the folders: the names in the order of the network's classes, one a line"
}
