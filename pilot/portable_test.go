package pilot

import (
	"encoding/json"
	"strings"
	"testing"
)

// Where somebody keeps files is in no text of a study.
func TestPortable(t *testing.T) {
	const home = "/home/somebody/secret"
	s := &Study{
		Model: Model{Name: home + "/net.onnx"}, Device: Device{Asked: home + "/pi4.json"},
		Parts:    []Part{{Use: Choice, Spec: "npy:" + home + "/x.npy," + home + "/y.npy[0:10:3]"}},
		Numbers:  []Number{{Command: "dqa eval " + home + "/net.onnx --data '" + "npy:" + home + "/x.npy'"}},
		Burden:   Burden{Remake: "dqa pilot " + home + "/net.onnx -o " + home + "/out", Commands: []string{"dqa run " + home + "/net.onnx"}},
		Warnings: []string{"images: " + home + "/1.png is blank"}, Pictures: []Picture{{Name: home + "/1.png"}},
	}
	s.portable()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "somebody") || strings.Count(string(b), "net.onnx") != 4 || !strings.Contains(string(b), "npy:x.npy,y.npy[0:10:3]") {
		t.Error(string(b))
	}
}
