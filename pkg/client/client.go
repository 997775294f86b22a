// Package client speaks Flora's HTTP API. Every call takes a context, has a
// deadline of its own and reads at most a bounded answer, so that no server can
// hold or fill its caller.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Deadlines of calls and bounds of answers.
const (
	callTime    = 30 * time.Second
	deployTime  = 2 * time.Minute // Above the server's own limit.
	smallAnswer = 8 << 20
	largeAnswer = 128 << 20 // Deployments with files, and pages of logs.
	errorAnswer = 1 << 20
)

// Config says which server is meant and who calls.
type Config struct {
	// BaseURL is the API's address, "https://flora.example.org/api". Without a
	// path, /api is meant.
	BaseURL string
	// Token is an API token; without one only Health works.
	Token string
	// UserAgent is sent along.
	UserAgent string
	// Transport is http.DefaultTransport unless set.
	Transport http.RoundTripper
	// Patience is how long a call that is safe to repeat is tried again while the
	// server cannot be reached or is busy: 2 minutes for deployments and 10 s for
	// what only reads unless set, and never below 0.
	Patience time.Duration
	// Retrying, when set, is told why an attempt failed and how long the call
	// waits before the next.
	Retrying func(err error, wait time.Duration)
}

// Client calls one server. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	agent string
	http  *http.Client

	retryFor time.Duration
	retrying func(err error, wait time.Duration)
}

// New checks the configuration.
func New(cfg Config) (*Client, error) {
	base, err := Address(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(cfg.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the API token has characters that no token has; copy it again")
	}
	return &Client{
		base: base, token: cfg.Token, agent: cfg.UserAgent,
		http:     &http.Client{Transport: cfg.Transport, CheckRedirect: refuseRedirect},
		retryFor: cfg.Patience, retrying: cfg.Retrying,
	}, nil
}

// Address is the normal form of an API address: scheme, host and path, no slash
// at the end.
func Address(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not an API address; write one like http://127.0.0.1:3000/api", raw)
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path = strings.TrimRight(u.Path, "/"); u.Path == "" {
		u.Path = "/api"
	}
	return u.String(), nil
}

// BaseURL is the API's address.
func (c *Client) BaseURL() string { return c.base }

// refuseRedirect keeps tokens and bodies from going where nobody sent them.
func refuseRedirect(r *http.Request, _ []*http.Request) error {
	return &redirected{to: r.URL.Scheme + "://" + r.URL.Host + r.URL.Path}
}

type redirected struct{ to string }

func (r *redirected) Error() string {
	return "the server redirects to " + r.to + "; if that is right, use it as the API address"
}

// request is one call.
type request struct {
	method string
	path   string // Escaped, below the base.
	query  url.Values
	body   any       // Sent as JSON unless nil.
	raw    io.Reader // Sent as it is, of the type that header says.
	length int64     // Of raw.
	header map[string]string
	time   time.Duration     // callTime unless set.
	most   int64             // smallAnswer unless set.
	seen   func(http.Header) // Told of a success's header.
	once   bool              // Never tried again.
}

// attempt makes a request and decodes its answer into the given value, or keeps
// it as text in a *string, or drops it for nil.
func (c *Client) attempt(ctx context.Context, r request, into any) error {
	if r.time == 0 {
		r.time = callTime
	}
	if r.most == 0 {
		r.most = smallAnswer
	}
	ctx, cancel := context.WithTimeout(ctx, r.time)
	defer cancel()
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if r.seen != nil {
		r.seen(res.Header)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, r.most+1))
	if err != nil {
		return &NetworkError{URL: c.base, Err: err}
	}
	if int64(len(body)) > r.most {
		return fmt.Errorf("the answer of %s has more than %d bytes", c.base, r.most)
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *string:
		*into = string(body)
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s does not answer like Flora's API; is the address right?", c.base)
	}
	return nil
}

// send makes a request; an answer that is no success comes as *Error.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	body := r.raw
	if r.body != nil {
		doc, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(doc)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	switch {
	case r.raw != nil:
		req.ContentLength = r.length
	case body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if c.agent != "" {
		req.Header.Set("User-Agent", c.agent)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer func() { _ = res.Body.Close() }()
	return nil, refusal(res)
}

// unreachable names why there is no answer.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if r, ok := errors.AsType[*redirected](err); ok {
		return r
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &NetworkError{URL: c.base, Err: err}
}
