package ui

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

//go:embed page
var files embed.FS

var (
	static = func() fs.FS {
		sub, err := fs.Sub(files, "page")
		if err != nil {
			panic(err) // the folder is embedded
		}
		return sub
	}()
	page = template.Must(template.ParseFS(static, "page.html"))
)

// Options of the page.
type Options struct {
	Title string   // "": Fleet
	Hosts []string // names that it may be asked for by, besides addresses and localhost: other pages cannot read it by a name of theirs
	Every time.Duration
}

// DefaultEvery is between two looks at the source, however many pages are open.
const DefaultEvery = 2 * time.Second

// handler answers for the page.
type handler struct {
	opt  Options
	from Source

	mu    sync.Mutex
	state *State
	taken time.Time
}

// Handler has the page at /, and its data at /state.json.
func Handler(from Source, opt Options) http.Handler {
	if opt.Title == "" {
		opt.Title = "Fleet"
	}
	if opt.Every <= 0 {
		opt.Every = DefaultEvery
	}
	h := &handler{opt: opt, from: from}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.HandleFunc("GET /state.json", h.json)
	mux.HandleFunc("GET /page.css", asset("page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
	return h.guarded(mux)
}

// policy lets the page load its own style, script and data, and nothing else from anywhere.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'"

func (h *handler) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.known(r.Host) {
			http.Error(w, "this page is not shown under that name", http.StatusMisdirectedRequest)
			return
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// known tells whether the page may be asked for by a name.
func (h *handler) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if len(host) > 1 && host[0] == '[' {
		host = host[1 : len(host)-1]
	}
	return host == "localhost" || net.ParseIP(host) != nil || slices.Contains(h.opt.Hosts, host)
}

func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := fs.ReadFile(static, name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b) // who asked may be gone
	}
}

func (h *handler) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"Title": h.opt.Title, "Every": h.opt.Every.Milliseconds()}) // the same
}

func (h *handler) json(w http.ResponseWriter, r *http.Request) {
	b, err := json.Marshal(h.now(r.Context()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // the same
}

// readPatience bounds one look at the source.
const readPatience = 5 * time.Second

// now is the state, at most Options.Every old: pages that are open share it.
func (h *handler) now(ctx context.Context) *State {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); h.state == nil || now.Sub(h.taken) >= h.opt.Every {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readPatience)
		defer cancel()
		h.state, h.taken = read(ctx, h.from, now), now
	}
	return h.state
}
