// Package link is the way between devices and gateways: NATS with JetStream, a server of one's own or one inside this process. It
// has what both ends and everybody who watches must agree on: subjects, streams, buckets, consumers, headers.
//
// Streams keep messages by limits, never as work queues: a queue that is mirrored over a leaf node loses messages in outages. Nothing
// leans on a stream alone: a device keeps a frame on its own disk until its answer is there.
package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dqa-go/dqa/internal/file"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors. What a server says is wrapped behind them.
var (
	ErrConnect = errors.New("no server answers")
	ErrRefused = errors.New("the server refuses this user")
	ErrServer  = errors.New("the server cannot start")
	ErrSetting = errors.New("setting of the link not understood")
	ErrStream  = errors.New("streams cannot be made or read")
)

// DefaultURL is where a server listens that nobody told otherwise.
const DefaultURL = nats.DefaultURL

// Options say how to reach a server. The zero value is a server on this machine, without credentials.
type Options struct {
	URL  string // one or several, separated by commas; "": DefaultURL. tls:// demands TLS
	Name string // of the client, for the server's lists

	Credentials string // file of a user's JWT and seed (.creds)
	Seed        string // file of a user's nkey seed
	User        string // user and password, where the server knows such
	Password    string

	CA        string      // file of the certificates that the server's is signed by
	Cert, Key string      // files of the client's own certificate and its key
	TLS       *tls.Config // instead of the three files

	Replicas int // of what Prepare makes; 0: one
	// MaxBytes bounds each of the two streams of Prepare; 0: DefaultMaxBytes.
	MaxBytes int64
	// Keep is how long frames and answers stay in their streams; 0: DefaultKeep.
	Keep time.Duration
	// MaxAnswers is how many answers stay: among so many a frame that comes twice is known; 0: DefaultMaxAnswers.
	MaxAnswers int64
	// Patient makes Connect succeed where nobody answers yet: the connection is tried for until it is there.
	Patient bool
	// Changed is told when the connection is lost (err says why) or there again (nil); may be nil.
	Changed func(err error)
}

// Link is a connection. Its methods may be called from many goroutines.
type Link struct {
	Conn *nats.Conn
	JS   jetstream.JetStream
	opt  Options

	mu     sync.Mutex
	stream jetstream.Stream // of answers, once it was asked for
}

// Reconnection and patience.
const (
	reconnectWait = 200 * time.Millisecond
	dialTimeout   = 5 * time.Second
	callTimeout   = 10 * time.Second // of a call whose context has no end
)

// Connect connects, and keeps trying after a connection was lost, until Close. Errors wrap ErrConnect, ErrRefused, ErrSetting and those
// of reading files.
func Connect(ctx context.Context, opt Options) (*Link, error) {
	settings, err := opt.settings()
	if err != nil {
		return nil, err
	}
	if opt.URL == "" {
		opt.URL = DefaultURL
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := nats.Connect(opt.URL, settings...)
	if err != nil {
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked) {
			return nil, fmt.Errorf("%w: %s: %w", ErrRefused, opt.URL, err)
		}
		return nil, fmt.Errorf("%w at %s: %w", ErrConnect, opt.URL, err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(MaxPending),
		jetstream.WithPublishAsyncTimeout(callTimeout), jetstream.WithDefaultTimeout(callTimeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrStream, err)
	}
	return &Link{Conn: conn, JS: js, opt: opt}, nil
}

// Close ends the connection at once. What was published asynchronously and not acknowledged may be lost.
func (l *Link) Close() {
	l.JS.CleanupPublisher()
	l.Conn.Close()
}

// settings are the options as the client library wants them.
func (o Options) settings() ([]nats.Option, error) {
	changed := func(_ *nats.Conn, err error) {
		if o.Changed != nil {
			o.Changed(err)
		}
	}
	list := []nats.Option{
		nats.Name(o.Name), nats.Timeout(dialTimeout), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
		nats.ReconnectBufSize(-1), // what was not sent is resent from the outbox, not from memory
		nats.DisconnectErrHandler(func(c *nats.Conn, err error) {
			if err == nil {
				err = nats.ErrConnectionClosed
			}
			changed(c, err)
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { changed(c, nil) }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // callers see their own; the library would print
	}
	if o.Patient {
		list = append(list, nats.RetryOnFailedConnect(true), nats.ConnectHandler(func(c *nats.Conn) { changed(c, nil) }))
	}
	if nameForm.MatchString(o.Name) {
		list = append(list, nats.CustomInboxPrefix(InboxPrefix(o.Name)))
	}
	if o.Credentials != "" {
		if _, err := file.Read(o.Credentials); err != nil {
			return nil, err
		}
		list = append(list, nats.UserCredentials(o.Credentials))
	}
	if o.Seed != "" {
		auth, err := nats.NkeyOptionFromSeed(o.Seed)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrSetting, o.Seed, err)
		}
		list = append(list, auth)
	}
	if o.User != "" {
		list = append(list, nats.UserInfo(o.User, o.Password))
	}
	config, err := TLSConfig(o)
	if config != nil {
		list = append(list, nats.Secure(config))
	}
	return list, err
}

// TLSConfig is what the options say of TLS; nil: nothing. Errors wrap ErrSetting and those of reading.
func TLSConfig(o Options) (*tls.Config, error) {
	if o.TLS != nil || o.CA+o.Cert+o.Key == "" {
		return o.TLS, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if o.CA != "" {
		pem, err := file.Read(o.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: %s holds no certificate", ErrSetting, o.CA)
		}
	}
	if o.Cert+o.Key != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("%w: %s and %s: %w", ErrSetting, o.Cert, o.Key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
