// Package drift tells from what coding counts (dqa.Counters) whether a network still sees what its profile was calibrated on, without
// labels, images or the network: at which image something changed, in which edges and channels, and what like.
//
// The test is Crosier's multivariate cumulative sum ("Multivariate Generalizations of Cumulative Sum Quality-Control Schemes",
// Technometrics 30, 1988): y is an image's vector of statistics, whitened by the reference; S, 0 at first, becomes S + y, and is then
// shortened by k, to 0 if it is not longer; an alarm rises where S is longer than h. It was chosen among sequential tests because it
// finds a shift in any direction, in many statistics at once, with a few numbers of memory, and is the quickest of its kind for shifts
// of about 2k; e-detectors (Shin, Ramdas, Rinaldo, 2023) promise their rate without a simulation, but only for streams whose mean before
// the change is bounded in advance and images independent given the past, which a video is not.
//
// There are such charts of coded bits, edge by edge, which need nothing of a frame but its lengths, and of codes; each twice, for changes
// that show within a window and for lesser ones within four. An image counts by its direction, hardly by how far it is from all others:
// no single one raises an alarm. h is found by simulation for a run of ERT images between false alarms (expected run time): streams are
// drawn from the reference in blocks as long as its images are alike, whitened by images that are not of their part, and off the mean by
// more than what so many images leave unknown, drawn anew for every stream. So h is on the safe side; a maximum's distribution (Gumbel's)
// carries it to any ERT.
package drift
