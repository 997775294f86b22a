package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// Operators knows who runs the whole bot by what they send as a bearer.
type Operators interface {
	// Operator gives the operator's identity, or a fault.Unauthorized without a
	// bearer, or a fault.Forbidden.
	Operator(ctx context.Context, bearer string) (Identity, error)
}

// OperatorSecret is Operators where the operator is who knows a secret; "" is
// nobody.
type OperatorSecret string

// Operator implements Operators. It takes the same time whatever is sent.
func (s OperatorSecret) Operator(_ context.Context, bearer string) (Identity, error) {
	want, got := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(bearer))
	switch {
	case s == "":
		return Identity{}, fault.New(fault.Forbidden, "Forbidden: Operator access is not configured; set api.operator_secret")
	case bearer == "":
		return Identity{}, fault.New(fault.Unauthorized, "Unauthorized: Operator bearer token required")
	case subtle.ConstantTimeCompare(want[:], got[:]) != 1:
		return Identity{}, fault.New(fault.Forbidden, "Forbidden: Invalid operator token")
	}
	return Identity{UserID: "operator", Username: "operator", Type: TypeOperator}, nil
}

// OperatorToken is Operators where the operator has an API token, or the
// secret if there is one.
type OperatorToken struct {
	Tokens *Tokens
	Single SingleOperator
	Secret OperatorSecret
}

// Operator implements Operators.
func (o OperatorToken) Operator(ctx context.Context, bearer string) (Identity, error) {
	if bearer == "" {
		return Identity{}, fault.New(fault.Unauthorized, "Unauthorized: Operator bearer token required")
	}
	if o.Secret != "" {
		if who, err := o.Secret.Operator(ctx, bearer); err == nil {
			return who, nil
		}
	}
	who, err := o.Tokens.Verify(ctx, bearer)
	if err != nil {
		return Identity{}, err
	}
	if !o.Single.is(who) || who.Guilds != nil {
		return Identity{}, fault.New(fault.Forbidden, "Forbidden: this is for the operator: an API token is required that is not limited to certain guilds")
	}
	return who, nil
}
