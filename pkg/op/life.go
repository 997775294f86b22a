package op

import "context"

// Life is that of the script which called an op, for what outlives the call.
type Life interface {
	// Context ends with the script.
	Context() context.Context
	// Keep has the script not be put away for being idle, until what it gives is
	// called.
	Keep() (release func())
}

type lifeKey struct{}

// WithLife tells a handler whose call it answers.
func WithLife(ctx context.Context, l Life) context.Context {
	return context.WithValue(ctx, lifeKey{}, l)
}

// LifeOf is the life of the script that called; without one it never ends.
func LifeOf(ctx context.Context) Life {
	if l, ok := ctx.Value(lifeKey{}).(Life); ok {
		return l
	}
	return forever{}
}

type forever struct{}

func (forever) Context() context.Context { return context.Background() }
func (forever) Keep() func()             { return func() {} }
