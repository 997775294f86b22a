package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// retryAfter is what callers are told to wait while the database is away.
const retryAfter = 5 * time.Second

// unreachableError is the error of a connection that could not be had, or was
// lost.
type unreachableError struct{ cause error }

func (e *unreachableError) Error() string { return e.cause.Error() }
func (e *unreachableError) Unwrap() error { return e.cause }

// SQLSTATEs, see appendix A of Postgres' manual.
const (
	uniqueViolation = "23505"
	deadlock        = "40P01"
	serialization   = "40001"
	readOnly        = "25006"
)

// passing are the states of a database that is there and cannot serve just now:
// no resources left, a lock or a statement that took too long, read only as a
// standby is, shutting down, starting, or dropped under us.
var passing = []string{"53", "55P03", "57", readOnly, "08", deadlock, serialization}

// missing reports whether an attempt to connect or to migrate failed because the
// database is not there just now: one that answers and refuses never is.
func missing(err error) bool {
	if state, ok := errors.AsType[*pgconn.PgError](err); ok {
		return passes(state)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn)
}

func passes(state *pgconn.PgError) bool {
	return slices.ContainsFunc(passing, func(class string) bool { return strings.HasPrefix(state.Code, class) })
}

// again reports whether what failed did certainly not happen and can succeed at
// once on another connection. It must not be asked about a commit whose
// connection was lost.
func again(c *pgx.Conn, err error) bool {
	if err == nil {
		return false
	}
	if state, ok := errors.AsType[*pgconn.PgError](err); ok && (state.Code == deadlock || state.Code == serialization) {
		return true
	}
	return c.IsClosed()
}

// outcome makes what callers see of an error, and tells the log when the
// database stops to answer and when it answers again.
func (s *Store) outcome(ctx context.Context, err error) error {
	if err == nil {
		s.answers()
		return nil
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		s.answers()
		return err
	}
	// The caller's own end, not that of our limits.
	if e := ended(ctx); e != nil {
		return errors.Join(e, err)
	}
	_, unreachable := errors.AsType[*unreachableError](err)
	state, stated := errors.AsType[*pgconn.PgError](err)
	switch {
	case unreachable, errors.Is(err, context.DeadlineExceeded),
		stated && passes(state):
		if s.down.CompareAndSwap(false, true) {
			s.cfg.Log.Error("the database does not answer; what needs it is refused until it does", zap.Error(err))
		}
		f := fault.Wrap(err, fault.Unavailable, "the database cannot be reached at the moment; try again in some seconds")
		f.RetryAfter = retryAfter
		return f
	}
	return fault.Wrap(err, fault.Internal, "storage failed; tell the operator")
}

// ended is ctx.Err, which may come a moment after those who wait for the same
// deadline by themselves.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func (s *Store) answers() {
	if s.down.CompareAndSwap(true, false) {
		s.cfg.Log.Info("the database answers again")
	}
}

// demoted reports the answer of a server that has become, or always was, a
// standby.
func demoted(err error) bool {
	state, ok := errors.AsType[*pgconn.PgError](err)
	return ok && state.Code == readOnly
}

// conflicts reports whether a row with this key exists.
func conflicts(err error) bool {
	state, ok := errors.AsType[*pgconn.PgError](err)
	return ok && state.Code == uniqueViolation
}
