package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// maxRequestKey is how many characters a request's key may have.
const maxRequestKey = 128

// RequestKey names a request that may be sent several times, because its answer
// can get lost, and is carried out once. The zero value is no key.
type RequestKey struct {
	Key    string // By the client, one of its guild.
	Digest string // Of what was asked.
}

// NewRequestKey checks the client's key; "" is none. asked is what the request
// asks for, in a form that is the same each time it is sent.
func NewRequestKey(key string, asked any) (RequestKey, error) {
	if key == "" {
		return RequestKey{}, nil
	}
	if len(key) > maxRequestKey {
		return RequestKey{}, fault.New(fault.BadRequest, "Bad request: the Idempotency-Key has %d characters, at most %d are allowed", len(key), maxRequestKey)
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return RequestKey{}, fault.New(fault.BadRequest, "Bad request: the Idempotency-Key may hold only printable ASCII characters; a UUID is a good one")
		}
	}
	doc, err := json.Marshal(asked)
	if err != nil {
		return RequestKey{}, fmt.Errorf("encode what a request asks for: %w", err)
	}
	sum := sha256.Sum256(doc)
	return RequestKey{Key: key, Digest: hex.EncodeToString(sum[:])}, nil
}

// IsZero reports whether there is no key.
func (k RequestKey) IsZero() bool { return k == RequestKey{} }

// Repeat is the outcome of the request that made the revision, for one that
// comes with its key: the revision, or the error that it got at the time.
func (r Revision) Repeat(k RequestKey) (Revision, error) {
	if r.Request.Digest != k.Digest {
		return Revision{}, fault.New(fault.Unprocessable, "the Idempotency-Key was used for another request, which made revision %s; use a new key for each deployment", r.ID)
	}
	if r.Status == Failed {
		return Revision{}, fault.New(fault.DeployFailed, "deployment failed: %s", r.Error).With("revision_id", r.ID)
	}
	return r, nil
}
