package subtle

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
)

// Bounds of keys.
const (
	minGenerated = 2048 // Bits of an RSA modulus.
	maxGenerated = 4096
	maxModulus   = 8192    // Of one that is imported.
	maxSecret    = 1 << 20 // Bytes of one that is generated.
)

// f4 is the public exponent of RSA keys that are generated.
var f4 = []byte{1, 0, 1}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}

func (r *Request) generate() (any, error) {
	a := r.Algorithm
	u := uses[a.Name]
	if u.secret != nil {
		return r.generateSecret(a, u)
	}
	if err := allow(r.Usages, append(append([]string{}, u.public...), u.private...), a.Name); err != nil {
		return nil, err
	}
	if err := sound(&a); err != nil {
		return nil, err
	}
	asked := r.Usages
	r.Usages = among(asked, u.private)
	if len(r.Usages) == 0 {
		return nil, fail("SyntaxError", "a private key needs a usage")
	}
	made, err := pair(&a)
	if err != nil {
		return nil, err
	}
	private, err := marshalPrivate(made)
	if err != nil {
		return nil, err
	}
	public, err := marshalPublic(publicOf(made))
	if err != nil {
		return nil, err
	}
	var p Pair
	if p.PrivateKey, err = r.key(a, "private", private); err != nil {
		return nil, err
	}
	r.Usages = among(asked, u.public)
	p.PublicKey, err = r.key(a, "public", public)
	return &p, err
}

// sound refuses parameters of key pairs that are not to be had.
func sound(a *Algorithm) error {
	switch {
	case isEC(a.Name):
		if curves[a.NamedCurve] == nil {
			return notSupported("there is no curve %q", a.NamedCurve)
		}
	case isRSA(a.Name):
		if _, err := hashOf(a.Hash); err != nil {
			return err
		}
		if n := a.ModulusLength; n < minGenerated || n > maxGenerated || n%8 != 0 {
			return operationError("an RSA key has %d to %d bits here, a multiple of 8, not %d", minGenerated, maxGenerated, n)
		}
		if !bytes.Equal(bytes.TrimLeft(a.PublicExponent, "\x00"), f4) {
			return operationError("the public exponent of an RSA key is 65537 here: new Uint8Array([1, 0, 1])")
		}
	}
	return nil
}

func pair(a *Algorithm) (made crypto.PrivateKey, err error) {
	switch {
	case isRSA(a.Name):
		made, err = rsa.GenerateKey(rand.Reader, int(a.ModulusLength))
	case isEC(a.Name):
		made, err = ecdsa.GenerateKey(curves[a.NamedCurve], rand.Reader)
	case a.Name == "Ed25519":
		_, made, err = ed25519.GenerateKey(rand.Reader)
	case a.Name == "X25519":
		made, err = ecdh.X25519().GenerateKey(rand.Reader)
	default:
		return nil, notSupported("keys of %s cannot be generated", a.Name)
	}
	if err != nil {
		return nil, operationError("the key could not be generated")
	}
	return made, nil
}

func (r *Request) generateSecret(a Algorithm, u use) (any, error) {
	if a.Name == "HKDF" || a.Name == "PBKDF2" {
		return nil, notSupported("keys of %s cannot be generated", a.Name)
	}
	if err := allow(r.Usages, u.secret, a.Name); err != nil {
		return nil, err
	}
	length, err := keyLength(&a)
	if a.Name == "HMAC" && a.Length != nil && *a.Length == 0 {
		err = operationError("a key of HMAC has at least one bit")
	}
	if err != nil {
		return nil, err
	}
	if *length > 8*maxSecret {
		return nil, operationError("a key has at most %d bits here, not %d", 8*maxSecret, *length)
	}
	a.Length = length
	data := make([]byte, (*length+7)/8)
	_, _ = rand.Read(data)
	clearLow(data, uint32(len(data))*8-*length) //nolint:gosec // Less than 8.
	return r.key(a, "secret", data)
}
