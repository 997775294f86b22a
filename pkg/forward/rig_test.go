package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guild snowflake.GuildID = 4242

// world is what all replicas of a test agree on.
type world struct {
	mu      sync.Mutex // Guards the members below.
	owner   string     // "" is nobody.
	members []Member
	// seen, if not nil, is called for each question who owns the guild.
	seen func(by string)
}

func (w *world) give(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owner = name
}

// view is the world as one replica sees it.
type view struct {
	*world
	self string
	// fixed, if not "", is who it believes to be the owner.
	fixed func() string
}

func (v view) Owner(context.Context, snowflake.GuildID) (Member, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	owner := v.owner
	if v.seen != nil {
		v.seen(v.self)
	}
	if v.fixed != nil {
		owner = v.fixed()
	}
	for _, m := range v.members {
		if m.Name == owner {
			return m, owner == v.self, nil
		}
	}
	return Member{}, false, fault.New(fault.Unavailable, "nobody")
}

func (v view) Changed() <-chan struct{} { return nil }

func (v view) Members() []Member {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Member(nil), v.members...)
}

// replica is one process of a test.
type replica struct {
	*Forwarder
	url    string
	server *httptest.Server
	view   view

	mu       sync.Mutex // Guards outcomes.
	outcomes map[Outcome]int
}

const secret = "a secret of at least 32 characters!!"

// options of a replica.
type options struct {
	secret string
	fixed  func() string
	clock  func(*Config)
	within time.Duration
	repeat bool
}

// start makes a replica of the world that serves with handle what is its own.
func (w *world) start(t *testing.T, name string, o options, handle http.HandlerFunc) *replica {
	t.Helper()
	if o.secret == "" {
		o.secret = secret
	}
	if o.within == 0 {
		o.within = 20 * time.Second
	}
	r := &replica{view: view{world: w, self: name, fixed: o.fixed}, outcomes: map[Outcome]int{}}
	cfg := Config{Group: r.view, Name: name, Secret: o.secret, Count: func(o Outcome) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.outcomes[o]++
	}}
	if o.clock != nil {
		o.clock(&cfg)
	}
	var err error
	if r.Forwarder, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(r.Receive(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Request-Id", name+"'s")
		q := Request{Guild: guild, ID: name + "-id", Within: o.within, Repeat: o.repeat && req.Method == http.MethodGet}
		q.Caller, _ = netip.ParseAddrPort(req.RemoteAddr)
		served, err := r.Serve(w, req, q)
		switch {
		case errors.Is(err, http.ErrAbortHandler):
			panic(http.ErrAbortHandler)
		case err != nil:
			http.Error(w, fault.From(err).Message, fault.From(err).Status())
		case !served:
			w.Header().Set("Served-By", name)
			handle(w, req)
		}
	})))
	r.url = r.server.URL
	w.mu.Lock()
	w.members = append(w.members, Member{name, r.url})
	w.mu.Unlock()
	t.Cleanup(func() { r.server.CloseClientConnections(); r.server.Close(); r.Close() })
	return r
}

func (r *replica) count(o Outcome) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outcomes[o]
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// send is one request over a connection of its own.
func send(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}, Timeout: 30 * time.Second}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dead is an address where nobody listens.
func dead(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}
