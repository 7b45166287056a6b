package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dqa-go/dqa/fleet/gateway"
	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/spf13/cobra"
)

func (a *app) gateway() *cobra.Command {
	var (
		cut     cutFlags
		opt     gateway.Options
		keys    signatures
		metrics string
	)
	cmd := &cobra.Command{
		Use:   "gateway MODEL.onnx --at EDGE --profile P.dqap",
		Short: "run the tail of a network for all devices, until a signal ends it",
		Long: `gateway takes frames from the server, computes what the network makes of them, and answers each frame once: bit for bit what the
whole quantized network computes on the device. Any number of gateways with the same network, profile and edge share the frames of all
devices; frames of other profiles, or of formats that this program does not read, are left to others.`,
		Example: "  dqa-fleet gateway resnet32.onnx --at 15 --profile resnet32.dqap --server nats://10.0.0.1:4222",
		Args:    cli.ExactArgs("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			bounds := opt.Link // of the streams
			opt.Link, opt.Note, opt.Name = a.link, func(s string) { a.Note("%s", s) }, a.name(cmd, opt.Name)
			opt.Link.Replicas, opt.Link.MaxBytes = bounds.Replicas, bounds.MaxBytes
			if err := a.signatures(&opt, keys); err != nil {
				return err
			}
			return a.runGateway(cmd.Context(), args[0], cut, opt, metrics)
		},
	}
	cut.register(cmd)
	a.linkFlags(cmd)
	a.followFlags(cmd)
	host, _ := os.Hostname()
	f := cmd.Flags()
	f.StringVar(&opt.Name, "name", hostName("gate-"+host), "of this gateway")
	f.IntVar(&opt.Workers, "workers", 0, "frames that are computed at once (default: one per processor)")
	f.DurationVar(&opt.AckWait, "ack-wait", gateway.DefaultAckWait, "after which another gateway gets a frame that this one does not answer")
	f.IntVar(&opt.Link.Replicas, "replicas", 1, "servers of a cluster that keep each message: 1, 3 or 5")
	f.Int64Var(&opt.Link.MaxBytes, "stream-bytes", link.DefaultMaxBytes, "bound of the streams of frames and of answers, each")
	f.StringVar(&keys.sign, "sign-key", "", "file of the key that answers are signed with (default: that of --member)")
	f.StringVar(&keys.gateways, "gateway-keys", "", "file of gateways' keys, by which signed answers are known (default: of --member)")
	f.StringVar(&keys.devices, "device-keys", "", "file of devices' keys: frames without a signature are refused (default: that of --member)")
	metricsFlag(cmd, &metrics)
	return cmd
}

// signatures are files of keys that a gateway signs with, and knows signatures by.
type signatures struct{ sign, gateways, devices string }

func (a *app) signatures(opt *gateway.Options, keys signatures) (err error) {
	if opt.Verify, err = a.verifier(keys.devices, site.DeviceKeys, site.Keys.Verify); err != nil {
		return err
	}
	if opt.VerifyAnswer, err = a.verifier(keys.gateways, site.GatewayKeys, site.Keys.VerifyAnswer); err != nil {
		return err
	}
	opt.Sign, err = a.signer(keys.sign, site.AnswersKey, (*site.Signer).SignAnswer)
	return err
}

func (a *app) runGateway(ctx context.Context, model string, cut cutFlags, opt gateway.Options, address string) error {
	w, err := listen(address)
	if err != nil {
		return err
	}
	defer w.close()
	opt.Observe = w.observe
	e, p, err := a.openCut(model, cut)
	if err != nil {
		return err
	}
	opt.Link.Changed = a.tellLink
	g, err := gateway.Start(ctx, opt, gateway.Tail{Ends: e, Model: filepath.Base(model), Profile: p.Digest()})
	if err != nil {
		return err
	}
	a.follow.model, a.follow.at, a.follow.network = model, cut.at, p.Network.Digest
	stop, err := a.tails(ctx, g, opt, p)
	if err != nil {
		g.Close()
		return err
	}
	defer stop()
	w.show(g.Status)
	a.Note("%s answers frames that are cut at %s", opt.Name, e.Edge())
	if err := g.Run(ctx); err != nil {
		return err
	}
	s := gatewaySummary(g.Status())
	return a.Print(a.Out, s, s.WriteText)
}

// tellLink tells when the server is gone and there again.
func (a *app) tellLink(err error) {
	if err != nil {
		a.Note("the server is gone: %v", err)
	} else {
		a.Note("the server is there")
	}
}

// gatewaySummary is a gateway's last status.
type gatewaySummary link.Status

func (s gatewaySummary) WriteText(w io.Writer) error {
	c := s.Counters
	_, err := fmt.Fprintf(w, "%s: %d frames answered, %d refused, %d came twice; %.1f ms each (95 %%: %.1f ms)\n",
		s.Name, c.Answered, c.Refused, c.Duplicates, s.Latency.P50, s.Latency.P95)
	return err
}
