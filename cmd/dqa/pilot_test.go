package main

import (
	"encoding/json"
	"reflect"

	"github.com/dqa-go/dqa/advise"
	"github.com/dqa-go/dqa/pilot"
	"github.com/rogpeppe/go-internal/testscript"
)

// samelink REPORT ADVICE: a pilot's report says of the link what `dqa split --advise --json` says, times apart.
func checkLink(ts *testscript.TestScript, _ bool, args []string) {
	var s pilot.Study
	var a advise.Advice
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &s))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &a))
	for _, all := range [][]advise.Way{a.Ways, s.Link.Advice.Ways} {
		for i := range all {
			w := &all[i]
			w.Device, w.Sending, w.Gateway, w.Latency = 0, 0, 0, 0
			if i != s.Link.Cut && i != s.Link.File { // the soonest, too, is confirmed, which depends on times
				w.Confirmed = nil
			}
		}
	}
	if len(a.Ways) == 0 || !reflect.DeepEqual(a.Ways, s.Link.Advice.Ways) || !reflect.DeepEqual(a.Cuts, s.Link.Advice.Cuts) {
		ts.Fatalf("%+v\n%+v", a, s.Link.Advice)
	}
}
