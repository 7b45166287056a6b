package main

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/dqa-go/dqa/fleet/site"
	"github.com/nats-io/nats.go"
)

// inFolder is a file of the member's folder, where no flag names one and it is there: folders of older versions have fewer.
func (a *app) inFolder(path, name string, read func(path string) error) error {
	own := path == "" && a.folder != ""
	if own {
		path = filepath.Join(a.folder, name)
	}
	if path == "" {
		return nil
	}
	if err := read(path); !own || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// signer is how a member signs; nil where it has no key.
func (a *app) signer(path, name string, how func(*site.Signer, *nats.Msg) error) (sign func(*nats.Msg) error, err error) {
	err = a.inFolder(path, name, func(path string) error {
		s, err := site.ReadSigner(path)
		if err == nil {
			sign = func(m *nats.Msg) error { return how(s, m) }
		}
		return err
	})
	return sign, err
}

// verify is how a member knows signatures.
type verify = func(subject string, h nats.Header, body []byte) error

// verifier is nil where the member has no keys to know signatures by.
func (a *app) verifier(path, name string, how func(site.Keys, string, nats.Header, []byte) error) (check verify, err error) {
	err = a.inFolder(path, name, func(path string) error {
		keys, err := site.ReadKeys(path)
		if err == nil {
			check = func(subject string, h nats.Header, body []byte) error { return how(keys, subject, h, body) }
		}
		return err
	})
	return check, err
}
