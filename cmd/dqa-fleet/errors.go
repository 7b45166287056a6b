package main

import (
	"errors"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/metrics"
	"github.com/dqa-go/dqa/fleet/outbox"
	"github.com/dqa-go/dqa/fleet/registry"
	"github.com/dqa-go/dqa/fleet/rollout"
	"github.com/dqa-go/dqa/fleet/shard"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/file"
)

// Exit codes that dqa does not have, stable.
const (
	exitLink    = 9  // the server
	exitLost    = 11 // frames were reported lost
	exitRefused = 12 // of what is signed
)

var errLost = errors.New("frames were reported lost")

// catalogue is what only users of this program meet, in the order in which it is tried; what all programs share comes behind it.
var catalogue = []cli.Fault{
	cli.NewFault("link-refused", exitLink, "the server refuses this user",
		"give the credentials that the server's owner made for this name: --creds or --nkey", link.ErrRefused),
	cli.NewFault("link-connect", exitLink, "no server answers",
		"start one (`dqa-fleet serve DIR`), or give its URL: --server nats://HOST:4222", link.ErrConnect),
	cli.NewFault("link-server", exitLink, "the server cannot start",
		"is another one running on this port, or with this folder?", link.ErrServer),
	cli.NewFault("link-stream", exitLink, "the server has no streams for the fleet, or does not let this user at them",
		"a gateway makes them; JetStream must be on, with room on its disk", link.ErrStream),
	cli.NewFault("link-setting", cli.ExitUsage, "a setting of the link is not understood",
		"see the command's --help for what is allowed", link.ErrSetting),
	cli.NewFault("site-damaged", cli.ExitFormat, "a fleet's or a member's folder is not what `dqa-fleet init` makes",
		"bring the folder again from where the fleet's is; there, keep a copy of it", site.ErrPlan),
	cli.NewFault("shard-job", cli.ExitFailure, "a machine of a shared sweep could not measure a setting",
		"the error is what that machine says; the same command without --on says more", shard.ErrJob),
	cli.NewFault("shard-link", exitLink, "settings of a sweep cannot be shared over the server",
		"may this user publish and subscribe there? An operator may (dqa-fleet init)", shard.ErrLink),
	cli.NewFault("watch", cli.ExitFailure, "metrics and pages cannot be shown there",
		"is the port taken? --metrics and --listen take HOST:PORT", metrics.ErrListen),
	cli.NewFault("outbox-locked", cli.ExitWrite, "another process uses the outbox, or the registry's folder",
		"one device at a time has an outbox, and one process a --registry folder: name another one", file.ErrLocked),
	cli.NewFault("outbox-damaged", cli.ExitWrite, "the outbox is damaged beyond what can be told by name",
		"look at the disk; move the folder away to begin with an empty one", outbox.ErrDamaged),
	cli.NewFault("outbox-frame", cli.ExitWrite, "a frame is larger than the outbox takes",
		"make the outbox larger (--outbox-size), or cut the network where less passes (dqa inspect --cost)", outbox.ErrTooLarge),
	cli.NewFault("registry-untrusted", exitRefused, "what the registry gave is not signed as it must be",
		"nothing was loaded: look who writes to the registry; another copy of it may be whole", registry.ErrUntrusted),
	cli.NewFault("registry-rollback", exitRefused, "the registry gave what is older than what was seen before",
		"nothing was loaded: an old copy was put in its place, or it was restored from one; publish again", registry.ErrRollback),
	cli.NewFault("registry-mixed", exitRefused, "the registry gave parts of different releases",
		"nothing was loaded: somebody publishes at this moment, or a copy is not whole; try again", registry.ErrMixed),
	cli.NewFault("registry-expired", exitRefused, "what the registry gave has expired",
		"`dqa-fleet sign --renew` where the keys are; is this machine's clock right?", registry.ErrExpired),
	cli.NewFault("registry-slow", exitRefused, "the registry sends too slowly", "look at the link, or use another copy", registry.ErrSlow),
	cli.NewFault("registry-foreign", exitRefused, "a release is for another site or model",
		"`dqa-fleet status` tells what each is for", registry.ErrForeign),
	cli.NewFault("registry-format", exitRefused, "a release has a format that is not read here",
		"publish one for this device's version beside it, or bring the device up to date", registry.ErrUnreadable),
	cli.NewFault("registry-size", exitRefused, "the registry gave more than allowed", "look who writes to the registry", registry.ErrTooLarge),
	cli.NewFault("registry-missing", cli.ExitFailure, "the registry does not have it",
		"`dqa-fleet status` lists what is published; a new registry begins with `dqa-fleet keys init`, a new machine with --root FILE",
		registry.ErrMissing),
	cli.NewFault("registry-store", exitLink, "the registry cannot be read or written",
		"look at its folder, or at the server and what this user may do there", registry.ErrStore),
	cli.NewFault("registry-keys", cli.ExitUsage, "keys are missing or not understood",
		"`dqa-fleet keys list` shows those of a folder, `dqa-fleet status` which ones a role needs", registry.ErrKeys),
	cli.NewFault("registry-request", cli.ExitUsage, "this cannot be published or changed so",
		"see the command's --help for what is allowed", registry.ErrRequest),
	cli.NewFault("rollout-step", cli.ExitFailure, "a roll-out cannot do this now",
		"`dqa-fleet rollout status` tells what it does, and every step so far", rollout.ErrEvent),
	cli.NewFault("rollout-plan", cli.ExitUsage, "the plan of a roll-out is not understood",
		"see the command's --help for what is allowed", rollout.ErrPlan),
	cli.NewFault("rollout-journal", exitLink, "the journal of roll-outs cannot be read or written",
		"the first `dqa-fleet rollout start` makes it; may this user write it?", rollout.ErrJournal),
	cli.NewFault("lost", exitLost, "frames were reported lost",
		"the output names them; they were answered by nobody in time", errLost),
}
