package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// How long calls are tried again, unless the configuration says so: a deployment
// outlasts a restart of the server, other calls have somebody waiting.
const (
	deployPatience = 2 * time.Minute
	callPatience   = 10 * time.Second
)

// The waits between attempts double from one to the other, give or take half.
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 15 * time.Second
)

// requestKey is the header that makes a request safe to repeat.
const requestKey = "Idempotency-Key"

// newKey names one request.
func newKey() string { return rand.Text() }

// call makes a request and decodes its answer. One that is safe to repeat is
// tried again while the server cannot be reached, is busy or says when to come
// back; what the server refuses for what it is never is.
func (c *Client) call(ctx context.Context, r request, into any) error {
	p := &pace{ExponentialBackOff: &backoff.ExponentialBackOff{
		InitialInterval: firstRetry, RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2, MaxInterval: lastRetry,
	}}
	patience := c.patience(r)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := c.attempt(ctx, r, into)
		if patience <= 0 || !passing(err) {
			return struct{}{}, backoff.Permanent(err)
		}
		p.asked = 0
		if e, ok := errors.AsType[*Error](err); ok {
			p.asked = e.RetryAfter
		}
		return struct{}{}, err
	}, backoff.WithBackOff(p), backoff.WithMaxElapsedTime(max(patience, 1)), backoff.WithNotify(c.notify))
	return err
}

// notify tells of an attempt that failed, when somebody wants to know.
func (c *Client) notify(err error, wait time.Duration) {
	if c.retrying != nil {
		c.retrying(err, wait)
	}
}

// pace is how long to wait: at least what the server asked for.
type pace struct {
	*backoff.ExponentialBackOff
	asked time.Duration
}

// NextBackOff implements backoff.BackOff.
func (p *pace) NextBackOff() time.Duration {
	return max(p.ExponentialBackOff.NextBackOff(), p.asked)
}

// patience is how long the request is tried again; 0 is never.
func (c *Client) patience(r request) time.Duration {
	_, keyed := r.header[requestKey]
	switch {
	case r.once || !keyed && r.method != http.MethodGet && r.method != http.MethodHead:
		return 0
	case c.retryFor != 0:
		return max(c.retryFor, 0)
	case keyed:
		return deployPatience
	}
	return callPatience
}

// passing reports whether the same request may succeed in a moment.
func passing(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*NetworkError](err); !ok || errors.Is(err, context.Canceled) {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return false
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	return !untrusted && !noTLS
}
