package subtle

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
)

// JWK is a JSON Web Key, RFC 7517, with the members that the standard knows, in
// the order in which they are written.
type JWK struct {
	Alg    *string   `json:"alg,omitempty"`
	Crv    *string   `json:"crv,omitempty"`
	D      *string   `json:"d,omitempty"`
	DP     *string   `json:"dp,omitempty"`
	DQ     *string   `json:"dq,omitempty"`
	E      *string   `json:"e,omitempty"`
	Ext    *bool     `json:"ext,omitempty"`
	K      *string   `json:"k,omitempty"`
	KeyOps *[]string `json:"key_ops,omitempty"`
	Kty    *string   `json:"kty,omitempty"`
	N      *string   `json:"n,omitempty"`
	Oth    *[]any    `json:"oth,omitempty"`
	P      *string   `json:"p,omitempty"`
	Q      *string   `json:"q,omitempty"`
	QI     *string   `json:"qi,omitempty"`
	Use    *string   `json:"use,omitempty"`
	X      *string   `json:"x,omitempty"`
	Y      *string   `json:"y,omitempty"`
}

func is(member *string, want string) bool { return member != nil && *member == want }

// jwkCommon checks what all JWKs have.
func (r *Request) jwkCommon(kty string, u use) error {
	k := r.JWK
	if k == nil || !is(k.Kty, kty) {
		return dataError("the JWK's kty must be %q", kty)
	}
	if len(r.Usages) > 0 && k.Use != nil && *k.Use != u.jwk {
		return dataError("the JWK's use must be %q", u.jwk)
	}
	if k.KeyOps != nil {
		seen := map[string]bool{}
		for _, op := range *k.KeyOps {
			if seen[op] {
				return dataError("the JWK's key_ops has %q twice", op)
			}
			seen[op] = true
		}
		for _, want := range r.Usages {
			if !seen[want] {
				return dataError("the JWK's key_ops does not allow %q", want)
			}
		}
	}
	if k.Ext != nil && !*k.Ext && r.Extractable {
		return dataError("the JWK's ext does not allow an extractable key")
	}
	return nil
}

// jwkAlgorithm refuses a JWK that says it is for another algorithm.
func (r *Request) jwkAlgorithm(want ...string) error {
	if r.Format == "jwk" && r.JWK.Alg != nil && !slices.Contains(want, *r.JWK.Alg) {
		return dataError("the JWK's alg must be %s", strings.Join(want, " or "))
	}
	return nil
}

func fromBase64(name string, member *string) ([]byte, error) {
	if member == nil {
		return nil, dataError("the JWK has no %s", name)
	}
	// The decoder passes over line breaks.
	b, err := base64.RawURLEncoding.DecodeString(*member)
	if err != nil || strings.ContainsAny(*member, "\r\n") {
		return nil, dataError("the JWK's %s is not base64url", name)
	}
	return b, nil
}

func toBase64(b []byte) *string {
	s := base64.RawURLEncoding.EncodeToString(b)
	return &s
}

func (r *Request) readSecretJWK(a *Algorithm, u use) ([]byte, error) {
	if r.JWK == nil || !is(r.JWK.Kty, "oct") {
		return nil, dataError(`the JWK's kty must be "oct"`)
	}
	data, err := fromBase64("k", r.JWK.K)
	if err != nil {
		return nil, err
	}
	if a.Name == "HMAC" {
		if err := r.jwkAlgorithm(strings.Replace(a.Hash, "SHA-", "HS", 1)); err != nil {
			return nil, err
		}
	}
	return data, r.jwkCommon("oct", u)
}

func (r *Request) readJWK(a *Algorithm, u use) (crypto.PublicKey, crypto.PrivateKey, error) {
	switch {
	case isRSA(a.Name):
		if err := r.jwkCommon("RSA", u); err != nil {
			return nil, nil, err
		}
		if err := r.jwkAlgorithm(rsaName(a)); err != nil {
			return nil, nil, err
		}
		return r.JWK.rsa()
	case isEC(a.Name):
		if err := r.jwkCommon("EC", u); err != nil {
			return nil, nil, err
		}
		return r.ecJWK(a)
	}
	if err := r.jwkCommon("OKP", u); err != nil {
		return nil, nil, err
	}
	return r.okpJWK(a)
}

// rsaName is what a JWK calls an algorithm of RSA.
func rsaName(a *Algorithm) string {
	bits := strings.TrimPrefix(a.Hash, "SHA-")
	switch a.Name {
	case "RSA-PSS":
		return "PS" + bits
	case "RSA-OAEP":
		return strings.TrimSuffix("RSA-OAEP-"+bits, "-1")
	}
	return "RS" + bits
}

func (k *JWK) rsa() (crypto.PublicKey, crypto.PrivateKey, error) {
	n, err := fromBase64("n", k.N)
	if err != nil {
		return nil, nil, err
	}
	e, err := fromBase64("e", k.E)
	if err != nil {
		return nil, nil, err
	}
	exp := new(big.Int).SetBytes(e)
	if exp.BitLen() > 31 || exp.Bit(0) == 0 || exp.BitLen() < 2 {
		return nil, nil, dataError("the JWK's e is not a public exponent that can be used")
	}
	if len(n) > maxModulus/8 { // Before it is computed with.
		return nil, nil, dataError("the JWK's n is too large")
	}
	pub := rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exp.Int64())}
	if err := size(&pub); err != nil {
		return nil, nil, err
	}
	if k.D == nil {
		return &pub, nil, nil
	}
	if k.Oth != nil {
		return nil, nil, notSupported("RSA keys of more than two primes are not supported")
	}
	var v [6]*big.Int
	for i, m := range []struct {
		name  string
		value *string
	}{{"d", k.D}, {"p", k.P}, {"q", k.Q}, {"dp", k.DP}, {"dq", k.DQ}, {"qi", k.QI}} {
		b, err := fromBase64(m.name, m.value)
		if err != nil {
			return nil, nil, err
		}
		if len(b) > maxModulus/8 {
			return nil, nil, dataError("the JWK's %s is too large", m.name)
		}
		v[i] = new(big.Int).SetBytes(b)
	}
	if new(big.Int).Mul(v[1], v[2]).Cmp(pub.N) != 0 {
		return nil, nil, dataError("the JWK's p and q are not the factors of its n")
	}
	priv := &rsa.PrivateKey{PublicKey: pub, D: v[0], Primes: []*big.Int{v[1], v[2]}}
	priv.Precompute()
	c := &priv.Precomputed
	if priv.Validate() != nil || c.Dp == nil || c.Dp.Cmp(v[3]) != 0 || c.Dq.Cmp(v[4]) != 0 || c.Qinv.Cmp(v[5]) != 0 {
		return nil, nil, dataError("the JWK's numbers are not those of an RSA key")
	}
	return nil, priv, nil
}

func (r *Request) ecJWK(a *Algorithm) (crypto.PublicKey, crypto.PrivateKey, error) {
	k := r.JWK
	if !is(k.Crv, a.NamedCurve) {
		return nil, nil, dataError("the JWK's crv must be %q", a.NamedCurve)
	}
	if a.Name == "ECDSA" {
		want := map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[a.NamedCurve]
		if err := r.jwkAlgorithm(want); err != nil {
			return nil, nil, err
		}
	}
	size := (curves[a.NamedCurve].Params().BitSize + 7) / 8
	at := []byte{4}
	for _, m := range []struct {
		name  string
		value *string
	}{{"x", k.X}, {"y", k.Y}} {
		b, err := fromBase64(m.name, m.value)
		if err != nil {
			return nil, nil, err
		}
		if len(b) != size {
			return nil, nil, dataError("the JWK's %s must have %d bytes, not %d", m.name, size, len(b))
		}
		at = append(at, b...)
	}
	pub, err := readPoint(at, a)
	if err != nil || k.D == nil {
		return pub, nil, err
	}
	d, err := fromBase64("d", k.D)
	if err != nil {
		return nil, nil, err
	}
	priv, err := ecdsa.ParseRawPrivateKey(curves[a.NamedCurve], d)
	if err != nil || !priv.PublicKey.Equal(pub) {
		return nil, nil, dataError("the JWK's d does not belong to its x and y")
	}
	return nil, priv, nil
}

func (r *Request) okpJWK(a *Algorithm) (crypto.PublicKey, crypto.PrivateKey, error) {
	k := r.JWK
	if !is(k.Crv, a.Name) {
		return nil, nil, dataError("the JWK's crv must be %q", a.Name)
	}
	if a.Name == "Ed25519" {
		if err := r.jwkAlgorithm("Ed25519", "EdDSA"); err != nil {
			return nil, nil, err
		}
	}
	x, err := fromBase64("x", k.X)
	if err != nil {
		return nil, nil, err
	}
	pub, err := readPoint(x, a)
	if err != nil || k.D == nil {
		return pub, nil, err
	}
	d, err := fromBase64("d", k.D)
	if err != nil {
		return nil, nil, err
	}
	priv, err := readSeed(d, a)
	if err != nil {
		return nil, nil, err
	}
	own, err := point(publicOf(priv))
	if err != nil || !bytes.Equal(own, x) {
		return nil, nil, dataError("the JWK's d does not belong to its x")
	}
	return nil, priv, nil
}

func exportJWK(k *Key) (*JWK, error) {
	a := &k.Algorithm
	out := &JWK{Ext: &k.Extractable, KeyOps: &k.Usages}
	if k.Usages == nil {
		out.KeyOps = &[]string{}
	}
	name := func(s string) *string { return &s }
	var key any
	var err error
	switch k.Type {
	case "secret":
		out.Kty, out.K = name("oct"), toBase64(k.Data)
		if isAES(a.Name) {
			out.Alg = name(aesName(a.Name, uint32(len(k.Data))*8)) //nolint:gosec // At most 32.
		} else {
			out.Alg = name(strings.Replace(a.Hash, "SHA-", "HS", 1))
		}
		return out, nil
	case "public":
		key, err = parsePublic[any](k.Data)
	default:
		key, err = parsePrivate[any](k.Data)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case isRSA(a.Name):
		out.Kty, out.Alg = name("RSA"), name(rsaName(a))
	case isEC(a.Name):
		out.Kty, out.Crv = name("EC"), &a.NamedCurve
	default:
		out.Kty, out.Crv = name("OKP"), &a.Name
		if a.Name == "Ed25519" {
			out.Alg = &a.Name
		}
	}
	return out, out.fill(key)
}

// fill sets the numbers of a key.
func (k *JWK) fill(key any) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		k.N, k.E = toBase64(key.N.Bytes()), toBase64(exponent(key))
	case *rsa.PrivateKey:
		c := &key.Precomputed
		if len(key.Primes) != 2 || c.Dp == nil {
			return operationError("the private key cannot be written")
		}
		k.N, k.E, k.D = toBase64(key.N.Bytes()), toBase64(exponent(&key.PublicKey)), toBase64(key.D.Bytes())
		k.P, k.Q = toBase64(key.Primes[0].Bytes()), toBase64(key.Primes[1].Bytes())
		k.DP, k.DQ, k.QI = toBase64(c.Dp.Bytes()), toBase64(c.Dq.Bytes()), toBase64(c.Qinv.Bytes())
	case *ecdsa.PublicKey:
		b, err := point(key)
		if err != nil {
			return err
		}
		n := len(b) / 2
		k.X, k.Y = toBase64(b[1:1+n]), toBase64(b[1+n:])
	case *ecdsa.PrivateKey:
		b, err := key.Bytes()
		if err != nil {
			return operationError("the private key cannot be written")
		}
		k.D = toBase64(b)
		return k.fill(&key.PublicKey)
	case ed25519.PrivateKey:
		k.D = toBase64(key.Seed())
		return k.fill(key.Public())
	case *ecdh.PrivateKey:
		k.D = toBase64(key.Bytes())
		return k.fill(key.PublicKey())
	default:
		b, err := point(key)
		if err != nil {
			return err
		}
		k.X = toBase64(b)
	}
	return nil
}

func exponent(k *rsa.PublicKey) []byte { return big.NewInt(int64(k.E)).Bytes() }

func rawEd(pub crypto.PublicKey) ([]byte, error) {
	if p, ok := pub.(ed25519.PublicKey); ok {
		return p, nil
	}
	return nil, operationError("the public key is of another kind")
}
