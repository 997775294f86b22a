package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Outcome is how a request ended, for metrics.
type Outcome string

// The outcomes.
const (
	OK        Outcome = "ok"        // There was a response, of any status.
	Refused   Outcome = "refused"   // Against the policy of addresses, ports or redirects.
	Unreached Outcome = "unreached" // No connection, or it broke.
	Invalid   Outcome = "invalid"   // The request or the response was malformed.
	TooLarge  Outcome = "too_large"
	TimedOut  Outcome = "timeout"
	Cancelled Outcome = "cancelled"
	OverLimit Outcome = "over_limit" // The guild used up its bytes.
)

// Outcomes lists all.
func Outcomes() []Outcome {
	return []Outcome{OK, Refused, Unreached, Invalid, TooLarge, TimedOut, Cancelled, OverLimit}
}

// Failure is a request that ended without a usable response. Its text is made
// for the script: it tells no address that the script did not give.
type Failure struct {
	Outcome Outcome
	Code    string // Such as ECONNREFUSED; docs/fetch.md lists them.
	Text    string
	cause   error
}

// Error is the text and what was behind it, for logs.
func (f *Failure) Error() string {
	if f.cause != nil {
		return f.Text + ": " + f.cause.Error()
	}
	return f.Text
}

// Unwrap gives what was behind it.
func (f *Failure) Unwrap() error { return f.cause }

// Fault is the failure as scripts see it: a TypeError like other runtimes
// throw, with the reason as its cause, or a TimeoutError.
func (f *Failure) Fault() *fault.Fault {
	code, name := fault.FetchFailed, ""
	switch f.Outcome {
	case TimedOut:
		code, name = fault.Timeout, "TimeoutError"
	case OverLimit:
		code = fault.RateLimited
	}
	out := fault.Wrap(f, code, "fetch failed: %s", f.Text).With("cause", map[string]string{"code": f.Code, "message": f.Text})
	out.Name = name
	return out
}

func failure(o Outcome, code, text string) *Failure {
	return &Failure{Outcome: o, Code: code, Text: text}
}

// explain makes a Failure of what the transport says. host is as the script
// wrote it.
func explain(ctx context.Context, err error, host string) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	f := reason(ctx, err, host)
	f.cause = err
	return f
}

func reason(ctx context.Context, err error, host string) *Failure {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	cause := context.Cause(ctx)
	told, ended := errors.AsType[*Failure](cause)
	switch {
	case ended:
		return failure(told.Outcome, told.Code, told.Text)
	case errors.Is(cause, errSlow):
		return failure(TimedOut, "ETIMEDOUT", host+" did not answer in time")
	case errors.Is(cause, errIdle):
		return failure(TimedOut, "ETIMEDOUT", host+" sent nothing for too long")
	case errors.Is(cause, errUnread):
		return failure(TimedOut, "ETIMEDOUT", "the response of "+host+" was not read for too long")
	case errors.Is(err, errForbidden):
		return failure(Refused, "EFORBIDDEN", host+": "+errForbidden.Error())
	case errors.Is(err, errPort):
		return failure(Refused, "EFORBIDDEN", host+": "+errPort.Error())
	case errors.Is(err, errNoHost):
		return failure(Unreached, "ENOTFOUND", host+": "+errNoHost.Error())
	case errors.Is(err, errResolve):
		return failure(Unreached, "EAI_AGAIN", host+": "+errResolve.Error())
	case errors.Is(err, errCrowded):
		return failure(OverLimit, "EBUDGET", errCrowded.Error())
	case errors.Is(ctx.Err(), context.Canceled):
		return failure(Cancelled, "ABORTED", "it was cancelled")
	case ctx.Err() != nil || isNet && timeout.Timeout():
		return failure(TimedOut, "ETIMEDOUT", host+" did not answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return failure(Unreached, "ECONNREFUSED", host+" refused the connection")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return failure(Unreached, "EHOSTUNREACH", "there is no way to "+host)
	case unknown, verify:
		return failure(Unreached, "ECERT", host+" has no valid certificate")
	case record, alert:
		return failure(Unreached, "ETLS", host+" does not speak TLS as it should")
	case strings.Contains(err.Error(), "response headers exceeded"), strings.Contains(err.Error(), "header list"):
		// The transport has no error value for it.
		return failure(TooLarge, "EHEADERS", host+" answered with headers of more than 64 KiB")
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "Content-Length"), strings.Contains(err.Error(), "chunk"):
		return failure(Invalid, "EPROTO", host+" answered with what is not HTTP")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE):
		return failure(Unreached, "ECONNRESET", host+" closed the connection before the answer was complete")
	default:
		return failure(Unreached, "ENETWORK", "the connection to "+host+" failed")
	}
}

// isNetwork reports whether an error came from below the decompression.
func isNetwork(err error) bool {
	_, op := errors.AsType[*net.OpError](err)
	return op || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
