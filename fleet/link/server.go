package link

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions say how an embedded server runs. The zero value listens on the loopback interface, on a port of the system's
// choice.
type ServerOptions struct {
	Name string
	Host string // "": 127.0.0.1
	Port int    // 0: one of the system's choice
	TLS  *tls.Config
	// Config is a file of nats-server's own format: accounts, users, limits. What else is set here counts more.
	Config   string
	MaxStore int64 // bytes of streams on disk; 0: what Config says, or DefaultMaxStore

	Cluster     string   // name of the cluster; "": none
	ClusterPort int      // where the others of the cluster find this one
	Routes      []string // where this one finds the others: nats://127.0.0.1:6222
}

// Bounds of an embedded server.
const (
	DefaultMaxStore  = 8 << 30
	maxStoreMemory   = 64 << 20 // streams in memory: there are none of ours
	startupPatience  = 20 * time.Second
	maxControlLine   = 4096
	maxPendingClient = 64 << 20
	maxConnections   = 4096
)

// Server is one inside this process.
type Server struct{ s *server.Server }

// Start starts a server that keeps its streams in dir. It is ready when Start returns, or an error wraps ErrServer. Only a cluster may
// still be looking for its leader.
func Start(dir string, opt ServerOptions) (*Server, error) {
	if err := file.MkdirAll(dir); err != nil { // the server would wait for it
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	o, err := opt.settings(dir)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	words := &lastWords{}
	s.SetLogger(words, false, false)
	s.Start()
	for end := time.Now().Add(startupPatience); !s.ReadyForConnections(50 * time.Millisecond); {
		if fatal := words.fatal(); fatal != "" || time.Now().After(end) {
			s.Shutdown()
			s.WaitForShutdown()
			return nil, fmt.Errorf("%w: it does not listen on %s: %s", ErrServer, o.Host, or(fatal, "nobody knows why"))
		}
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("%w: no streams in %s", ErrServer, dir)
	}
	return &Server{s}, nil
}

// settings are the options as the server library wants them.
func (opt ServerOptions) settings(dir string) (*server.Options, error) {
	o := &server.Options{}
	if opt.Config != "" {
		if err := o.ProcessConfigFile(opt.Config); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrServer, opt.Config, err)
		}
	}
	o.NoSigs, o.NoLog = true, true
	o.JetStream, o.StoreDir = true, dir
	o.JetStreamMaxMemory = or(o.JetStreamMaxMemory, maxStoreMemory)
	o.JetStreamMaxStore = or(opt.MaxStore, or(o.JetStreamMaxStore, DefaultMaxStore))
	o.MaxPayload, o.MaxControlLine, o.MaxPending, o.MaxConn = MaxPayload, maxControlLine, maxPendingClient, maxConnections
	if opt.Name != "" {
		o.ServerName = opt.Name
	}
	if opt.Host != "" || o.Host == "" {
		o.Host = or(opt.Host, "127.0.0.1")
	}
	if opt.Port != 0 || o.Port == 0 {
		o.Port = or(opt.Port, server.RANDOM_PORT)
	}
	if opt.TLS != nil {
		o.TLSConfig, o.TLS, o.TLSVerify = opt.TLS, true, opt.TLS.ClientAuth == tls.RequireAndVerifyClientCert
	}
	if opt.Cluster != "" {
		o.Cluster = server.ClusterOpts{Name: opt.Cluster, Host: o.Host, Port: opt.ClusterPort}
		for _, r := range opt.Routes {
			u, err := url.Parse(r)
			if err != nil {
				return nil, fmt.Errorf("%w: route %q: %w", ErrSetting, r, err)
			}
			o.Routes = append(o.Routes, u)
		}
	}
	return o, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// URL is where clients find the server.
func (s *Server) URL() string { return s.s.ClientURL() }

// Stop stops the server and waits until its files are closed.
func (s *Server) Stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}

// lastWords keep what a server says when it gives up; the rest it says to nobody.
type lastWords struct {
	mu   sync.Mutex
	text string
}

func (l *lastWords) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// Fatalf is called once the server cannot go on.
func (l *lastWords) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = fmt.Sprintf(format, v...)
}

// Errorf and the others satisfy the library's interface.
func (*lastWords) Errorf(string, ...any)  {}
func (*lastWords) Warnf(string, ...any)   {}
func (*lastWords) Noticef(string, ...any) {}
func (*lastWords) Debugf(string, ...any)  {}
func (*lastWords) Tracef(string, ...any)  {}
