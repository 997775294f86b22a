package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// ExitCode is how the tool ends.
type ExitCode int

// The exit codes. They are documented in the tool's help; scripts rely on them.
const (
	OK       ExitCode = 0
	Failure  ExitCode = 1
	Usage    ExitCode = 2
	Auth     ExitCode = 3
	NotFound ExitCode = 4
	Conflict ExitCode = 5
	Limit    ExitCode = 6
	Network  ExitCode = 7
)

// failure is an error with the exit code that it means.
type failure struct {
	code    ExitCode
	message string
	said    bool // The output has said it already.
}

func (f *failure) Error() string { return f.message }

func coded(code ExitCode, format string, args ...any) error {
	return &failure{code: code, message: fmt.Sprintf(format, args...)}
}

// unreachable is what to do about a server that does not answer.
const unreachable = "Is the address right, and does the server run? --api or FLORA_API_URL name another; `flora dev` starts one here."

// advised is an error with what to do about it, which the server does not know.
type advised struct {
	error
	advice string
}

func (e *advised) Unwrap() error { return e.error }

// unknown says where the names are that there are, when the server does not know
// one that was given.
func unknown(err error, advice string) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != http.StatusNotFound && e.Status != http.StatusBadRequest {
		return err
	}
	return &advised{err, advice}
}

func usage(format string, args ...any) error { return coded(Usage, format, args...) }

// codeOf finds the exit code of an error of a command that ran.
func codeOf(err error) ExitCode {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	if _, ok := errors.AsType[*client.NetworkError](err); ok {
		return Network
	}
	if code, ok := projectCode(err); ok {
		return code
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return Failure
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return Auth
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return Limit
	}
	return Failure
}

// finish tells of an error and gives the exit code.
func (a *app) finish(err error) ExitCode {
	if err == nil {
		return OK
	}
	code := codeOf(err)
	if f, ok := errors.AsType[*failure](err); ok && f.said {
		return code
	}
	if !a.running && code == Failure {
		code = Usage
	}
	if a.json {
		a.printErrorJSON(err, code)
		return code
	}
	_, _ = fmt.Fprintln(a.Stderr, printable(a.explain(err, code)))
	return code
}

// asIs are the codes whose message is a whole text for the author: a build's
// errors, a stack.
var asIs = map[string]bool{"build_failed": true, "deploy_failed": true}

func (a *app) explain(err error, code ExitCode) string {
	if broken, ok := errors.AsType[*project.Broken](err); ok {
		return broken.Text
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		text := "flora: " + err.Error()
		switch {
		case code == Usage && !strings.Contains(text, "--help"):
			text += "\nSee `" + a.command + " --help`."
		case code == Network:
			text += "\n" + unreachable
		}
		return text
	}
	if asIs[e.Code] {
		return e.Message
	}
	text := "flora: " + e.Message
	more, _ := errors.AsType[*advised](err)
	switch {
	case more != nil:
		text += "\n" + more.advice
	case e.Status == http.StatusUnauthorized:
		text += "\nLog in with `flora login`, or set FLORA_TOKEN."
	case e.RetryAfter > 0:
		text += fmt.Sprintf("\nTry again in %s.", e.RetryAfter)
	case e.Status >= http.StatusInternalServerError && e.RequestID != "":
		text += "\nRequest " + e.RequestID + "."
	}
	return text
}

func (a *app) printErrorJSON(err error, code ExitCode) {
	doc := struct {
		Message   string   `json:"message"`
		Code      string   `json:"code,omitempty"`
		Status    int      `json:"status,omitempty"`
		RequestID string   `json:"request_id,omitempty"`
		Exit      ExitCode `json:"exit_code"`
	}{Message: err.Error(), Exit: code}
	if e, ok := errors.AsType[*client.Error](err); ok {
		doc.Code, doc.Status, doc.RequestID = e.Code, e.Status, e.RequestID
	}
	if line, err := jsonLine(map[string]any{"error": doc}); err == nil {
		_, _ = a.Stderr.Write(line) // There is nowhere left to complain to.
	}
}

// canceled reports whether the person stopped the command.
func canceled(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
