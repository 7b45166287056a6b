package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/dqa-go/dqa/fleet/link"
	"github.com/dqa-go/dqa/fleet/site"
	"github.com/dqa-go/dqa/internal/cli"
	"github.com/dqa-go/dqa/internal/text"
	"github.com/spf13/cobra"
)

// initFlags are those of the verb that are not site.Options already.
type initFlags struct {
	opt                                         site.Options
	devices, gateways, operators, viewers, gone []string
	store                                       cli.Bytes
}

func (a *app) init() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "make a fleet's certificates, its server's configuration and its devices' keys, or add to them",
		Long: `init makes a folder with a certificate authority, a server's certificate and configuration, and for each site an account with its
own streams and quotas. A member of a site is a device, gateway, operator or viewer; it has a folder (DIR/sites/SITE/NAME) with its
certificate and keys, which is brought to its machine and named there by --member. Nobody has a password.

Called again, it adds what is named and leaves the rest alone. A server that runs reads its configuration when it starts again.
--renew makes certificates anew that have less than a third of their time left: call it every month, and bring the folders of those that
changed to their machines. The authority is followed by another one in time. --remove takes a member from the configuration: the server
refuses it then, whatever certificate it has.

DIR/ca-1.key can make members of the fleet: keep the folder on a machine that nobody else uses.`,
		Example: `  dqa-fleet init fleet --site north --device north/cam-1 --device north/cam-2 --host dqa.example.org --listen 0.0.0.0:4222
  dqa-fleet serve streams --server-config fleet/server.conf
  dqa-fleet gateway net.onnx --at 15 --profile p.dqap --server tls://dqa.example.org:4222 --member fleet/sites/north/gateway
  dqa-fleet init fleet --renew`,
		Args: cli.ExactArgs("the folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runInit(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.opt.Sites, "site", nil, "name of a site; a new one has a gateway, an operator and a viewer (default: main)")
	flags.StringSliceVar(&f.devices, "device", nil, "SITE/NAME of a device")
	flags.StringSliceVar(&f.gateways, "gateway", nil, "SITE/NAME of one more gateway")
	flags.StringSliceVar(&f.operators, "operator", nil, "SITE/NAME of one more operator, who publishes and rolls out")
	flags.StringSliceVar(&f.viewers, "viewer", nil, "SITE/NAME of one more viewer, who reads statuses")
	flags.StringSliceVar(&f.gone, "remove", nil, "SITE/NAME of a member that shall be refused")
	flags.StringSliceVar(&f.opt.Hosts, "host", nil, "names and addresses that the server is reached by (default: this machine's loopback)")
	flags.StringVar(&f.opt.Listen, "listen", "", "where the server shall listen, HOST:PORT (default: 127.0.0.1:4222)")
	flags.StringVar(&f.opt.At, "at", "", "the folder as the server sees it, for instance in a container (default: DIR)")
	flags.IntVar(&f.opt.Days, "days", 0, "how long certificates live (default: 365)")
	flags.Var(&f.store, "store", "bytes of streams of one site on the server's disk (default: 4GiB)")
	flags.BoolVar(&f.opt.Renew, "renew", false, "make certificates anew that have less than a third of their time left")
	return cmd
}

func (a *app) runInit(dir string, f *initFlags) error {
	opt := f.opt
	opt.Store = int64(f.store)
	for _, list := range []struct {
		names []string
		role  site.Role
		to    *[]site.Member
	}{
		{f.devices, site.Device, &opt.Add}, {f.gateways, site.Gateway, &opt.Add}, {f.operators, site.Operator, &opt.Add},
		{f.viewers, site.Viewer, &opt.Add}, {f.gone, "", &opt.Remove},
	} {
		for _, name := range list.names {
			m, err := site.ParseMember(name, list.role)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, m)
		}
	}
	r, err := site.Init(dir, opt)
	if err != nil {
		return err
	}
	return a.Print(a.Out, r, func(w io.Writer) error { return writeInit(w, r) })
}

func writeInit(w io.Writer, r *site.Report) error {
	var rows [][]string
	for _, c := range r.Certs {
		state := ""
		if c.New {
			state = "new"
		}
		rows = append(rows, []string{c.Who, c.Expires.UTC().Format("2006-01-02"), state, c.Folder})
	}
	if err := text.Table(w, "WHO\tEXPIRES\t\tFOLDER", rows); err != nil {
		return err
	}
	for _, who := range r.Removed {
		if _, err := fmt.Fprintf(w, "%s is refused from the server's next start on\n", who); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\nserver: dqa-fleet serve STREAMS --server-config %s\nKeep %s secret.\n",
		r.Config, filepath.Join(r.Dir, "ca-*.key"))
	return err
}

// useMember takes from a member's folder what flags do not say.
func (a *app) useMember(*cobra.Command, []string) error {
	if a.folder == "" {
		return nil
	}
	m, err := site.ReadMember(a.folder)
	if err != nil {
		return err
	}
	a.member = m.Member
	for _, s := range []struct {
		at   *string
		file string
	}{{&a.link.CA, "ca.pem"}, {&a.link.Cert, "cert.pem"}, {&a.link.Key, "key.pem"}} {
		if *s.at == "" {
			*s.at = filepath.Join(a.folder, s.file)
		}
	}
	if m.Soon {
		a.Warn(fmt.Sprintf("the certificate of %s ends on %s", m.Member, m.Expires.UTC().Format("2006-01-02")),
			"`dqa-fleet init DIR --renew` where the fleet's folder is, then bring the member's folder here")
	}
	return nil
}

// name is a member's, where there is one and no flag says otherwise.
func (a *app) name(cmd *cobra.Command, otherwise string) string {
	if a.member.Name != "" && !cmd.Flags().Changed("name") {
		return a.member.Name
	}
	return otherwise
}

// linkFlags are those of verbs that connect to a server.
func (a *app) linkFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.link.URL, "server", link.DefaultURL, "URLs of the servers, separated by commas; tls:// demands TLS")
	f.StringVar(&a.folder, "member", "", "folder of this member, by `dqa-fleet init`: its name, its certificate and keys")
	f.StringVar(&a.link.Credentials, "creds", "", "file of a user's credentials (.creds)")
	f.StringVar(&a.link.Seed, "nkey", "", "file of a user's nkey seed")
	f.StringVar(&a.link.CA, "tls-ca", "", "file of the certificates that the server's is signed by")
	f.StringVar(&a.link.Cert, "tls-cert", "", "file of this program's own certificate")
	f.StringVar(&a.link.Key, "tls-key", "", "file of its key")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	cmd.PreRunE = a.useMember
}
