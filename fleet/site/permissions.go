package site

import (
	"github.com/dqa-go/dqa/fleet/link"
)

// API subjects of the server's streams.
const (
	api     = "$JS.API."
	kv      = "KV_" // stream of a bucket of keys
	objects = "OBJ_"
	journal = "DQA_ROLLOUT" // of fleet/rollout
)

// permissions are the subjects that a member may publish to and subscribe to.
func permissions(m Member) (publish, subscribe []string) {
	subscribe = []string{link.InboxPrefix(m.Name) + ".>"}
	switch m.Role {
	case Device:
		publish = join(own(m.Name), frames(m.Name), reads(objects+link.TargetsBucket), reads(kv+link.RolloutBucket))
		subscribe = append(subscribe, link.AnswerFilter(m.Name))
	case Gateway:
		publish = join(own(m.Name), serves(), reads(objects+link.TargetsBucket), reads(kv+link.RolloutBucket))
	case Viewer:
		publish = join(reads(kv+link.StatusBucket), reads(objects+link.TargetsBucket), reads(kv+link.RolloutBucket), reads(journal))
	case Operator:
		publish, subscribe = []string{">"}, []string{">"}
	}
	return publish, subscribe
}

func join(lists ...[]string) (all []string) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// own is what a member tells of itself, under its own name.
func own(name string) []string {
	return []string{
		api + "STREAM.INFO." + kv + link.StatusBucket, "$KV." + link.StatusBucket + "." + name,
		"$KV." + link.RolloutBucket + "." + link.ReportKey(name),
	}
}

// frames is what a device does with frames, which end in its name, and with answers: it looks up its own in their stream.
func frames(name string) []string {
	return []string{
		link.FrameSubjects(name), api + "STREAM.INFO." + link.Answers, api + "DIRECT.GET." + link.Answers + "." + link.AnswerFilter(name),
	}
}

// reads is what reading a whole bucket takes.
func reads(stream string) []string {
	return []string{
		api + "STREAM.INFO." + stream,
		api + "STREAM.MSG.GET." + stream,
		api + "DIRECT.GET." + stream, api + "DIRECT.GET." + stream + ".>",
		api + "CONSUMER.CREATE." + stream + ".>",
		api + "CONSUMER.INFO." + stream + ".>",
		api + "CONSUMER.MSG.NEXT." + stream + ".>",
		api + "CONSUMER.DELETE." + stream + ".>",
		"$JS.FC." + stream + ".>",
		"$JS.ACK." + stream + ".>",
	}
}

// serves is what a gateway does: it makes the streams, takes frames, and answers them.
func serves() (list []string) {
	for _, s := range []string{link.Frames, link.Answers, kv + link.StatusBucket} {
		list = append(list, api+"STREAM.CREATE."+s, api+"STREAM.UPDATE."+s, api+"STREAM.INFO."+s)
	}
	return append(list, api+"INFO", link.AnswerFilter("*"), api+"DIRECT.GET."+link.Answers+".>",
		api+"CONSUMER.*."+link.Frames+".>", api+"CONSUMER.MSG.NEXT."+link.Frames+".>", "$JS.ACK."+link.Frames+".>")
}
