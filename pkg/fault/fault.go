// Package fault is the one error type that leaves a subsystem on purpose: a
// code, a text the public may see, an HTTP status and the JavaScript error
// class. The cause stays inside and is only logged. Every other error is
// "internal" to the outside.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of failure. Its row in the table below gives the HTTP
// status and how a script sees it.
type Code string

// The codes. API clients see them as "code"; scripts see Kind.Script as
// error.code where it is set.
const (
	BadRequest      Code = "bad_request"
	InvalidInput    Code = "invalid_input"
	Unauthorized    Code = "unauthorized"
	Forbidden       Code = "forbidden"
	NotFound        Code = "not_found"
	MethodNotAllow  Code = "method_not_allowed"
	RequestTimeout  Code = "request_timeout"
	Conflict        Code = "conflict"
	TooLarge        Code = "too_large"
	UnsupportedType Code = "unsupported_media_type"
	Unprocessable   Code = "unprocessable"
	RateLimited     Code = "rate_limited"
	QuotaExceeded   Code = "quota_exceeded"
	DeployFailed    Code = "deploy_failed"
	BuildFailed     Code = "build_failed"
	Unavailable     Code = "unavailable"
	Upstream        Code = "upstream"
	NotSupported    Code = "not_supported"
	Timeout         Code = "timeout"
	Internal        Code = "internal"
	// ScriptFailed is for callers of a script's endpoint: its authors' log says more.
	ScriptFailed Code = "script_failed"
	// Codes that only ops raise.
	ScopeForbidden     Code = "scope_forbidden"
	DiscordHTTP        Code = "discord_http_error"
	DiscordRateLimited Code = "discord_rate_limited"
	FetchFailed        Code = "fetch_failed"
)

// Kind is what a code means outside.
type Kind struct {
	Status int    // HTTP status of an API answer.
	Class  string // JavaScript error class.
	Script string // error.code in scripts; "" leaves it unset.
}

// Kinds lists every code.
var Kinds = map[Code]Kind{
	BadRequest:         {400, "TypeError", "INVALID_INPUT"},
	InvalidInput:       {400, "TypeError", "INVALID_INPUT"},
	Unauthorized:       {401, "Error", "UNAUTHORIZED"},
	Forbidden:          {403, "Error", "FORBIDDEN"},
	NotFound:           {404, "Error", "NOT_FOUND"},
	MethodNotAllow:     {405, "Error", ""},
	RequestTimeout:     {408, "Error", "TIMEOUT"},
	Conflict:           {409, "Error", "CONFLICT"},
	TooLarge:           {413, "RangeError", "TOO_LARGE"},
	UnsupportedType:    {415, "Error", ""},
	Unprocessable:      {422, "TypeError", "INVALID_INPUT"},
	RateLimited:        {429, "Error", "RATE_LIMITED"},
	QuotaExceeded:      {413, "Error", "QUOTA_EXCEEDED"},
	DeployFailed:       {400, "Error", ""},
	BuildFailed:        {400, "Error", ""},
	Unavailable:        {503, "Error", "UNAVAILABLE"},
	Upstream:           {502, "Error", "UPSTREAM"},
	NotSupported:       {501, "Error", "NOT_SUPPORTED"},
	Timeout:            {504, "Error", "TIMEOUT"},
	Internal:           {500, "Error", "INTERNAL"},
	ScriptFailed:       {500, "Error", "INTERNAL"},
	ScopeForbidden:     {403, "Error", "SCOPE_FORBIDDEN"},
	DiscordHTTP:        {502, "Error", "DISCORD_HTTP_ERROR"},
	DiscordRateLimited: {429, "Error", "DISCORD_RATE_LIMITED"},
	FetchFailed:        {502, "TypeError", "FETCH_FAILED"},
}

// Fault is an error with a public face.
type Fault struct {
	Code    Code
	Message string // Public: what was wrong and what to do.
	// Name overrides the JavaScript error name ("TimeoutError").
	Name string
	// Details are extra public members of the error object or API body.
	Details map[string]any
	// RetryAfter, when not zero, is sent as the Retry-After header.
	RetryAfter time.Duration
	cause      error
}

// New makes a fault without a cause.
func New(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault that keeps cause for the log.
func Wrap(cause error, code Code, format string, args ...any) *Fault {
	f := New(code, format, args...)
	f.cause = cause
	return f
}

// Error is for logs: the public text and the inside cause.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Message + ": " + f.cause.Error()
	}
	return f.Message
}

// Unwrap gives the inside cause.
func (f *Fault) Unwrap() error { return f.cause }

// Status is the HTTP status of the fault's code.
func (f *Fault) Status() int { return f.kind().Status }

// Class is the JavaScript error class of the fault's code.
func (f *Fault) Class() string { return f.kind().Class }

// ScriptCode is error.code in scripts, or "".
func (f *Fault) ScriptCode() string { return f.kind().Script }

// With adds a public detail and returns the same fault.
func (f *Fault) With(key string, value any) *Fault {
	if f.Details == nil {
		f.Details = map[string]any{}
	}
	f.Details[key] = value
	return f
}

func (f *Fault) kind() Kind {
	if k, ok := Kinds[f.Code]; ok {
		return k
	}
	return Kinds[Internal]
}

// From gives the fault inside err, or an internal one that hides it.
func From(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Wrap(err, Internal, "internal error; try again, and tell the operator if it stays")
}

// Is reports whether err carries a fault of the given code.
func Is(err error, code Code) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Code == code
}
