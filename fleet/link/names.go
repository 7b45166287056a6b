package link

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/dqa-go/dqa/frame"
)

// Streams and buckets, as a server lists them.
const (
	Frames  = "DQA_FRAMES"  // stream of frames, on their way to gateways
	Answers = "DQA_ANSWERS" // stream of answers: one per frame, and the memory of what was answered

	StatusBucket  = "dqa-status"  // key-value: what devices and gateways tell of themselves, by name
	RolloutBucket = "dqa-rollout" // key-value: what is rolled out to whom
	TargetsBucket = "dqa-targets" // objects: signed models, profiles, programs, and their metadata
)

const (
	framesPrefix  = "dqa.frames."
	answersPrefix = "dqa.answers."
)

// Headers of a frame's message. The device's name is in the subject, where the server can check who may use it.
const (
	HeaderBox     = "Dqa-Box"     // which outbox the sequence counts in: a device with a new disk counts anew
	HeaderSeq     = "Dqa-Seq"     // number of the frame in its outbox, from 1
	HeaderAttempt = "Dqa-Attempt" // how often it was sent before
	HeaderProfile = "Dqa-Profile" // SHA-256 of the whole network's profile, hex
	HeaderSent    = "Dqa-Sent"    // the device's clock, RFC 3339: for people, nothing depends on it
	HeaderAuth    = "Dqa-Auth"    // the device's signature, see fleet/site
	HeaderGateway = "Dqa-Gateway" // of an answer: who gave it
	HeaderError   = "Dqa-Error"   // of an answer without a body: why there is none
)

// Limits of what is received.
const (
	MaxPayload = 8 << 20 // bytes of a message
	MaxPending = 256     // frames or answers that are on their way at once, by one process
	MaxName    = 64      // characters of a device's or a gateway's name
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CheckName refuses names of devices, gateways and sites that would not do in a subject, a key and a file's name. Errors wrap
// ErrSetting.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: name %q: letters, digits, - and _, %d at most", ErrSetting, name, MaxName)
	}
	return nil
}

// Cut names what passes between a head and a tail: the leading bytes of the digest of the profile of the edges that pass, as frames
// carry it.
type Cut [frame.DigestSize]byte

func (c Cut) String() string { return hex.EncodeToString(c[:]) }

// FrameSubject is where a device sends frames of a format: those who cannot read it, or have no tail for the cut, do not see them.
func FrameSubject(format int, c Cut, device string) string {
	return framesPrefix + "v" + strconv.Itoa(format) + "." + c.String() + "." + device
}

// FrameSubjects is FrameSubject of one device, whatever it sends.
func FrameSubjects(device string) string { return framesPrefix + "*.*." + device }

// FrameFilter is FrameSubject of all devices.
func FrameFilter(format int, c Cut) string { return FrameSubject(format, c, "*") }

// TailConsumer is the durable consumer that all gateways with this tail share.
func TailConsumer(format int, c Cut) string {
	return "tail-v" + strconv.Itoa(format) + "-" + c.String()
}

// DeviceOf is who sent a frame, by its subject; ok is false for other subjects.
func DeviceOf(frameSubject string) (device string, ok bool) {
	rest, ok := strings.CutPrefix(frameSubject, framesPrefix)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 || !nameForm.MatchString(parts[2]) {
		return "", false
	}
	return parts[2], true
}

// AnswerSubject is where the answer to one frame goes: the stream keeps one message of a subject and refuses a second.
func AnswerSubject(device, box string, seq uint64) string {
	return answersPrefix + device + "." + box + "." + strconv.FormatUint(seq, 10)
}

// AnswerFilter is AnswerSubject of all frames of a device.
func AnswerFilter(device string) string { return answersPrefix + device + ".>" }

// AnswerOf is which frame an answer belongs to, by its subject; ok is false for other subjects.
func AnswerOf(subject string) (device, box string, seq uint64, ok bool) {
	rest, ok := strings.CutPrefix(subject, answersPrefix)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 3 {
		return "", "", 0, false
	}
	seq, err := strconv.ParseUint(parts[2], 10, 64)
	return parts[0], parts[1], seq, err == nil
}

// InboxPrefix is where a client gets what it asks for: its own, so that a server can keep others away from it.
func InboxPrefix(name string) string { return "_INBOX." + name }

// ReportKey is where a device writes what it counts of a roll-out, in RolloutBucket: it may write nothing else there.
func ReportKey(device string) string { return "report." + device }
