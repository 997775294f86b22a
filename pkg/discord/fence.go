package discord

import "context"

type fenceKey struct{}

// Fenced has every request of the context ask check right before it is sent, after
// whatever it waited for; check's error is the request's then.
func Fenced(ctx context.Context, check func() error) context.Context {
	return context.WithValue(ctx, fenceKey{}, check)
}

// fenced gives the error that keeps a request of the context from being sent.
func fenced(ctx context.Context) error {
	if check, ok := ctx.Value(fenceKey{}).(func() error); ok {
		return check()
	}
	return nil
}
