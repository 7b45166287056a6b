package pilot

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dqa-go/dqa/advise"
)

// Where somebody keeps files is in no text of a study.
func TestPortable(t *testing.T) {
	const home = "/home/somebody/secret"
	s := &Study{
		Model: Model{Name: home + "/net.onnx"}, Device: Device{Asked: home + "/pi4.json"},
		Parts:   []Part{{Use: Choice, Spec: "npy:" + home + "/x.npy," + home + "/y.npy[0:10:3]"}},
		Numbers: []Number{{Command: "dqa eval " + home + "/net.onnx --data '" + "npy:" + home + "/x.npy'"}},
		Burden:  Burden{Remake: "dqa pilot " + home + "/net.onnx -o " + home + "/out", Commands: []string{"dqa run " + home + "/net.onnx"}},
		Link: Link{Command: "dqa split " + home + "/net.onnx", Advice: &advise.Advice{
			Model: "net.onnx", Data: "npy:" + home + "/x.npy", Calib: "npy:" + home + "/x.npy", Confirm: "npy:" + home + "/x.npy",
		}},
		Warnings: []string{"images: " + home + "/1.png is blank"}, Pictures: []Picture{{Name: home + "/1.png"}},
	}
	s.portable()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if strings.Contains(got, "somebody") || strings.Count(got, "net.onnx") != 6 || !strings.Contains(got, "npy:x.npy,y.npy[0:10:3]") {
		t.Error(got)
	}
}
