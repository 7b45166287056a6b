package gateway_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dqa-go/dqa/dataset"
	"github.com/dqa-go/dqa/fleet/device"
	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/profile"
	"github.com/dqa-go/dqa/session"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// benchCut cuts the demonstration's classifier at an edge and makes messages of some images.
func benchCut(b *testing.B, edge string) (e *session.Ends, messages [][]byte, data *dataset.Inputs, digest [32]byte) {
	b.Helper()
	net, err := session.Open("demo:classify", session.Options{})
	if err != nil {
		b.Fatal(err)
	}
	calib, err := net.Data("demo:classify[0:4]")
	if err != nil {
		b.Fatal(err)
	}
	v := session.Variant{Setting: profile.Setting{Name: "direct", Bits: 3}}
	made, err := net.Calibrate(b.Context(), calib, v, session.CalibrateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	q, err := net.Bind(made.Profile)
	if err != nil {
		b.Fatal(err)
	}
	if e, err = q.Ends(edge); err != nil {
		b.Fatal(err)
	}
	if data, err = net.Data("demo:classify[128:192]"); err != nil {
		b.Fatal(err)
	}
	sender := e.NewSender(session.EncodeOptions{})
	for i := range data.Len() {
		_, inputs, err := data.Feed(i)
		if err != nil {
			b.Fatal(err)
		}
		m, err := sender.Send(nil, inputs)
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, m)
	}
	return e, messages, data, made.Profile.Digest()
}

// cpu is the time that processors have worked for this process.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTailAlone is what a gateway's frames take without a fleet: the ratio of BenchmarkGateway's to this one is what counts.
func BenchmarkTailAlone(b *testing.B) {
	for _, edge := range []string{"3", "7"} {
		b.Run("edge="+edge, func(b *testing.B) {
			e, messages, _, _ := benchCut(b, edge)
			var next atomic.Int64
			begun := cpu()
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				r := e.NewReceiver()
				for p.Next() {
					if _, err := gateway.Compute(e, r, messages[int(next.Add(1))%len(messages)]); err != nil {
						b.Error(err)
					}
				}
			})
			report(b, begun)
		})
	}
}

func report(b *testing.B, begun time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(float64((cpu()-begun).Microseconds())/float64(b.N), "cpu-µs/frame")
}

// BenchmarkGateway is a gateway and a server in one process that answer frames which lie in the stream.
func BenchmarkGateway(b *testing.B) {
	for _, edge := range []string{"3", "7"} {
		b.Run("edge="+edge, func(b *testing.B) {
			e, messages, _, digest := benchCut(b, edge)
			s, err := link.Start(b.TempDir(), link.ServerOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Stop()
			l, err := link.Connect(b.Context(), link.Options{URL: s.URL()})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			if err := l.Prepare(b.Context()); err != nil {
				b.Fatal(err)
			}
			tail := gateway.Tail{Ends: e, Profile: digest}
			for i := range b.N {
				publish(b, l, tail.Cut(), i, messages[i%len(messages)])
			}
			<-l.JS.PublishAsyncComplete()
			opt := gateway.Options{Name: "gate"}
			opt.Link.URL = s.URL()
			begun := cpu()
			b.ResetTimer()
			g, err := gateway.Start(b.Context(), opt, tail)
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan error, 1)
			go func() { done <- g.Run(ctx) }()
			for g.Status().Counters.Answered < int64(b.N) {
				time.Sleep(time.Millisecond)
			}
			b.StopTimer()
			report(b, begun)
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}

func publish(b *testing.B, l *link.Link, c link.Cut, i int, message []byte) {
	m := nats.NewMsg(link.FrameSubject(1, c, "cam"))
	m.Data = message
	m.Header.Set(link.HeaderBox, "0000000000000001")
	m.Header.Set(link.HeaderSeq, strconv.Itoa(i+1))
	m.Header.Set(link.HeaderAttempt, "0")
	if _, err := l.JS.PublishMsgAsync(m, jetstream.WithStallWait(10*time.Second)); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkDevice sends images to a gateway in the same process; overhead-µs is what accepting one takes beyond head and encoding.
func BenchmarkDevice(b *testing.B) {
	e, _, data, digest := benchCut(b, "3")
	s, err := link.Start(b.TempDir(), link.ServerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Stop()
	g := gateway.Options{Name: "gate"}
	g.Link.URL = s.URL()
	gate, err := gateway.Start(b.Context(), g, gateway.Tail{Ends: e, Profile: digest})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- gate.Run(ctx) }()
	opt := device.Options{Name: "cam", Dir: b.TempDir(), Sink: &sink{}}
	opt.Link.URL = s.URL()
	d, err := device.Start(b.Context(), opt, device.Head{Ends: e, Profile: digest})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		name, inputs, err := data.Feed(i % data.Len())
		if err == nil {
			_, err = d.Send(b.Context(), name, inputs)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(d.Overhead().Nanoseconds())/1000, "overhead-µs/frame")
	_ = d.Close()
	cancel()
	<-done
}
