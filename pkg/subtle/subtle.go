// Package subtle answers, inside a worker, the operations of the web's
// crypto.subtle: one JSON document in, one out. Keys come with every operation,
// in their standard form (secrets as they are, public keys as SPKI, private ones
// as PKCS #8), and nothing of them stays here between two operations: they live
// with the script's CryptoKey, which counts them as its memory, lets go of them
// when it is collected, and shows them to nobody. What an operation may be given
// is bounded, so that each ends; Queue runs them beside the script's own thread.
package subtle

import (
	"crypto"
	_ "crypto/sha1" //nolint:gosec // The standard has it: signatures of others are made with it.
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
)

// Error is an operation's failure, as the name of a DOMException, or TypeError.
type Error struct{ Name, Text string }

// Error is what the script reads.
func (e *Error) Error() string { return e.Text }

func fail(name, format string, args ...any) error {
	return &Error{name, fmt.Sprintf(format, args...)}
}

func operationError(format string, args ...any) error { return fail("OperationError", format, args...) }
func dataError(format string, args ...any) error      { return fail("DataError", format, args...) }
func notSupported(format string, args ...any) error {
	return fail("NotSupportedError", format, args...)
}
func invalidAccess(format string, args ...any) error {
	return fail("InvalidAccessError", format, args...)
}

// Request is one operation, as sdk-bundle/src/subtle.ts writes it.
type Request struct {
	Do          string    `json:"do"`
	Algorithm   Algorithm `json:"alg"`
	Key         Key       `json:"key"`       // What it is done with.
	Wrapped     Key       `json:"wrapped"`   // What wrapKey wraps.
	Derived     Algorithm `json:"derived"`   // Of the key that deriveKey or unwrapKey makes.
	Data        []byte    `json:"data"`      // Bytes cross as base64.
	Signature   []byte    `json:"signature"` // What verify is given.
	Length      *uint32   `json:"length"`    // Bits that deriveBits gives; nil is all.
	Format      string    `json:"format"`
	JWK         *JWK      `json:"jwk"`
	Extractable bool      `json:"extractable"`
	Usages      []string  `json:"usages"`
}

// Algorithm is a normalized algorithm, or that of a key.
type Algorithm struct {
	Name           string  `json:"name"`
	Hash           string  `json:"hash,omitempty"`
	NamedCurve     string  `json:"namedCurve,omitempty"`
	Length         *uint32 `json:"length,omitempty"` // Bits: of a key, of AES-CTR's counter.
	ModulusLength  uint32  `json:"modulusLength,omitempty"`
	PublicExponent []byte  `json:"publicExponent,omitempty"`
	IV             []byte  `json:"iv,omitempty"`
	Counter        []byte  `json:"counter,omitempty"`
	AdditionalData []byte  `json:"additionalData,omitempty"`
	TagLength      *uint32 `json:"tagLength,omitempty"`
	Label          []byte  `json:"label,omitempty"`
	SaltLength     uint32  `json:"saltLength,omitempty"`
	Salt           []byte  `json:"salt,omitempty"`
	Info           []byte  `json:"info,omitempty"`
	Iterations     uint32  `json:"iterations,omitempty"`
	Public         *Key    `json:"public,omitempty"`
}

// Key is a key as its CryptoKey holds it.
type Key struct {
	Type        string    `json:"type"` // secret, public or private.
	Algorithm   Algorithm `json:"alg"`
	Extractable bool      `json:"extractable"`
	Usages      []string  `json:"usages"`
	Data        []byte    `json:"data"`
}

// Pair is what generating a key pair gives.
type Pair struct {
	PublicKey  *Key `json:"publicKey"`
	PrivateKey *Key `json:"privateKey"`
}

// Run does an operation and gives its result as JSON: bytes as a text of base64,
// a boolean, a Key, a Pair or a JWK. Every error is an *Error.
func Run(args []byte) (result string, err error) {
	// What a library makes of what a stranger gave must not end the process.
	defer func() {
		if p := recover(); p != nil {
			result, err = "", operationError("the operation failed")
		}
	}()
	var r Request
	if err := json.Unmarshal(args, &r); err != nil {
		return "", operationError("the operation cannot be read")
	}
	out, err := r.run()
	if err != nil {
		return "", err
	}
	if b, ok := out.([]byte); ok && b == nil {
		out = []byte{} // As JSON it would be null.
	}
	doc, err := json.Marshal(out)
	if err != nil {
		return "", operationError("the result cannot be written")
	}
	return string(doc), nil
}

func (r *Request) run() (any, error) {
	switch r.Do {
	case "digest":
		h, err := hashOf(r.Algorithm.Name)
		if err != nil {
			return nil, err
		}
		return sum(h, r.Data), nil
	case "encrypt":
		return r.encrypt(r.Data)
	case "decrypt":
		return r.decrypt(r.Data)
	case "sign":
		return r.sign()
	case "verify":
		return r.verify()
	case "generateKey":
		return r.generate()
	case "importKey":
		return r.importKey(r.Algorithm)
	case "exportKey":
		return export(&r.Key, r.Format)
	case "deriveBits":
		return r.deriveBits(r.Length)
	case "deriveKey":
		return r.deriveKey()
	case "wrapKey":
		return r.wrap()
	case "unwrapKey":
		return r.unwrap()
	}
	return nil, notSupported("there is no operation %q", r.Do)
}

func (r *Request) wrap() (any, error) {
	out, err := export(&r.Wrapped, r.Format)
	if err != nil {
		return nil, err
	}
	bytes, ok := out.([]byte)
	if !ok {
		if bytes, err = json.Marshal(out); err != nil {
			return nil, operationError("the key cannot be written")
		}
	}
	return r.encrypt(bytes)
}

func (r *Request) unwrap() (any, error) {
	bytes, err := r.decrypt(r.Data)
	if err != nil {
		return nil, err
	}
	r.Data = bytes
	if r.Format == "jwk" {
		if err := json.Unmarshal(bytes, &r.JWK); err != nil || r.JWK == nil || r.JWK.Kty == nil {
			return nil, dataError("what was wrapped is not a JSON Web Key")
		}
	}
	return r.importKey(r.Derived)
}

// hashes are the digests by their names.
var hashes = map[string]crypto.Hash{"SHA-1": crypto.SHA1, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

func hashOf(name string) (crypto.Hash, error) {
	h, ok := hashes[name]
	if !ok {
		return 0, notSupported("there is no digest %q", name)
	}
	return h, nil
}

// hash is a key's own.
func (k *Key) hash() (crypto.Hash, error) { return hashOf(k.Algorithm.Hash) }

func sum(h crypto.Hash, data []byte) []byte {
	s := h.New()
	_, _ = s.Write(data)
	return s.Sum(nil)
}
