// Package pilot answers, for one network and one set of images, whether storing its activations in few bits is worth a trial, where, and
// what it costs. Run makes a Study: plain data with every number's error, command and data. What is recommended is chosen on one part
// of the images and reported on another, which is looked at once. Package pilot/page makes pages of a Study.
//
// Steps keep what they came to in files, so that an interrupted pilot goes on where it stopped.
package pilot
