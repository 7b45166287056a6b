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
// There are two such charts: one of coded bits, edge by edge, which needs nothing of a frame but its lengths, and one of codes. h is
// found by simulation for a run of ERT images between false alarms (expected run time): streams are drawn from the reference in blocks as
// long as its images are alike, each replicate whitened by a reference drawn anew, and fed with images that this one has not seen. So h
// holds what is not known of the reference, too, and is on the safe side; a maximum's distribution (Gumbel's) carries it to any ERT.
package drift
