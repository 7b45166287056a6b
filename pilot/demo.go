package pilot

import (
	"fmt"

	"github.com/dqa-go/dqa/session"
)

// demoImages are those of every part of a demonstration: enough for figures, few enough for half a minute.
const demoImages = 60

// Demo is a built-in network with the options of a small pilot.
func Demo(name string) (*session.Network, Options, error) {
	calib, test := session.BuiltInData(name)
	net, err := session.Open(name, session.Options{})
	return net, Options{
		Data: test, Calib: calib, Images: demoImages, Names: session.BuiltInClasses(), Normal: 0, Model: name,
		Command: fmt.Sprintf("dqa pilot %s --data %s --calib %s --normal none --images %d -o DIR", name, Quote(test), Quote(calib), demoImages),
	}, err
}
