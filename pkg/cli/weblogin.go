package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// loginTime bounds how long a login waits for the person in the browser.
const loginTime = 10 * time.Minute

// callbackPath is where the browser brings the code.
const callbackPath = "/callback"

// handshake is one login with the browser: RFC 7636 (PKCE) with a loopback
// redirect (RFC 8252).
type handshake struct {
	verifier, state string
	redirect        string
	answers         chan callback
}

// callback is what the browser brought.
type callback struct {
	code string
	err  error
}

// random is 32 bytes that nobody guesses, as text.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // It never fails.
	return base64.RawURLEncoding.EncodeToString(b)
}

// query is what the server's page is asked for.
func (h *handshake) query() url.Values {
	sum := sha256.Sum256([]byte(h.verifier))
	return url.Values{
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
		"redirect_uri":          {h.redirect},
		"state":                 {h.state},
	}
}

// ServeHTTP takes the browser in once it has the code. Whatever else asks, such
// as another program on this machine, learns nothing and ends nothing.
func (h *handshake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet || r.URL.Path != callbackPath || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(h.state)) != 1 {
		http.Error(w, "This is not the login that flora waits for.", http.StatusNotFound)
		return
	}
	c := callback{code: q.Get("code")}
	text := "You are logged in. You can close this page and go back to the terminal.\n"
	switch {
	case q.Get("error") == "access_denied":
		c.err = coded(Auth, "the login was cancelled in the browser")
		text = "The login was cancelled. You can close this page.\n"
	case q.Get("error") != "":
		c.err = coded(Auth, "the server refused the login: %s", q.Get("error"))
		text = "The login was refused; the terminal says why.\n"
	case c.code == "":
		c.err = coded(Auth, "the server sent no code; try `flora login` again")
		text = "The login failed; the terminal says why.\n"
	}
	_, _ = w.Write([]byte(text))
	select {
	case h.answers <- c:
	default: // It came before.
	}
}

// webLogin has the person say yes in the browser and gets a token for that.
func (a *app) webLogin(ctx context.Context, s target, o loginOptions) error {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the browser: %w; with an API token none is needed: flora login --token <token>", err)
	}
	h := &handshake{verifier: random(), state: random(), redirect: "http://" + l.Addr().String() + callbackPath, answers: make(chan callback, 1)}
	c, err := a.connect(s.base, "")
	if err == nil {
		err = c.AskLogin(ctx, h.query())
	}
	if err != nil {
		_ = l.Close()
		if codeOf(err) == NotFound {
			err = coded(Auth, "%s has no login with the browser; use an API token: flora login --token <token>", s.base)
		}
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // It ends with Shutdown below.
	}()
	code, err := a.waitForCode(ctx, h, s.base, o)
	stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancelStop()
	// The browser gets its page before the process ends.
	if server.Shutdown(stop) != nil {
		_ = server.Close()
	}
	<-served
	if err != nil {
		return err
	}
	made, err := c.Redeem(ctx, code, h.verifier, a.label())
	if err != nil {
		return err
	}
	return a.keep(ctx, s, made.Text, made.ID)
}

// label is what the token is called on the server.
func (a *app) label() string {
	host, err := os.Hostname()
	if err != nil {
		host = "a machine"
	}
	const most = 100
	label := []rune("flora login on " + strings.ToValidUTF8(host, ""))
	return string(label[:min(len(label), most)])
}

func (a *app) waitForCode(ctx context.Context, h *handshake, base string, o loginOptions) (string, error) {
	address := base + "/auth/cli?" + h.query().Encode()
	opened := make(chan error, 1)
	if o.noBrowser || a.Browse == nil {
		a.note("Open this address in a browser on this machine to log in to %s:\n\n  %s\n\nWaiting ...", base, address)
	} else {
		a.note("Your browser opens to log in to %s. If it does not, open\n\n  %s\n\nWaiting ...", base, address)
		// Some browsers' commands only end with the browser: nobody waits for them.
		go func() { opened <- a.Browse(address) }()
	}
	for {
		select {
		case c := <-h.answers:
			return c.code, c.err
		case err := <-opened:
			if err != nil {
				a.warn("no browser could be opened (%s); open the address above yourself", err)
			}
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return "", coded(Auth, "nobody answered in the browser within %s; try `flora login` again, or flora login --token <token>", loginTime)
			}
			return "", ctx.Err()
		}
	}
}
