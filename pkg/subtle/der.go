package subtle

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidX25519  = asn1.ObjectIdentifier{1, 3, 101, 110}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidCurves  = map[string]asn1.ObjectIdentifier{"P-256": {1, 2, 840, 10045, 3, 1, 7}, "P-384": {1, 3, 132, 0, 34}, "P-521": {1, 3, 132, 0, 35}}
)

// oidOf is what keys of an algorithm are called.
func oidOf(name string) asn1.ObjectIdentifier {
	switch {
	case isRSA(name):
		return oidRSA
	case isEC(name):
		return oidEC
	case name == "Ed25519":
		return oidEd25519
	}
	return oidX25519
}

// identified reads an AlgorithmIdentifier and refuses that of another algorithm
// or curve.
func identified(s *cryptobyte.String, a *Algorithm) bool {
	var id cryptobyte.String
	var oid, curve asn1.ObjectIdentifier
	if !s.ReadASN1(&id, der.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidOf(a.Name)) {
		return false
	}
	switch {
	case isEC(a.Name):
		return id.ReadASN1ObjectIdentifier(&curve) && id.Empty() && curve.Equal(oidCurves[a.NamedCurve])
	case isRSA(a.Name):
		var null cryptobyte.String
		return id.ReadASN1(&null, der.NULL) && null.Empty() && id.Empty()
	}
	return id.Empty()
}

// readSPKI reads a SubjectPublicKeyInfo of the algorithm.
func readSPKI(data []byte, a *Algorithm) (crypto.PublicKey, error) {
	wrong := dataError("this is not a public key of %s in SPKI", a.Name)
	s := cryptobyte.String(data)
	var inner, bits cryptobyte.String
	if !s.ReadASN1(&inner, der.SEQUENCE) || !s.Empty() || !identified(&inner, a) {
		return nil, wrong
	}
	var key asn1.BitString
	if rest := inner; !rest.ReadASN1(&bits, der.BIT_STRING) || !inner.ReadASN1BitString(&key) || !inner.Empty() || key.BitLength%8 != 0 {
		return nil, wrong
	}
	if !isRSA(a.Name) {
		return readPoint(key.Bytes, a)
	}
	if !short(key.Bytes) {
		return nil, wrong
	}
	pub, err := x509.ParsePKCS1PublicKey(key.Bytes)
	if err != nil {
		return nil, wrong
	}
	return pub, size(pub)
}

// short reports whether an RSA key has no number that is too long: to read one
// is to compute with it.
func short(key []byte) bool {
	s := cryptobyte.String(key)
	var inner, number cryptobyte.String
	if !s.ReadASN1(&inner, der.SEQUENCE) {
		return false
	}
	for n := 0; !inner.Empty(); n++ {
		if n == 9 || !inner.ReadASN1(&number, der.INTEGER) || len(number) > maxModulus/8+1 {
			return false
		}
	}
	return true
}

// size refuses keys that are too small to be used, or too large to be used in
// bounded time.
func size(pub *rsa.PublicKey) error {
	if n := pub.N.BitLen(); n < 1024 || n > maxModulus {
		return dataError("an RSA key has 1024 to %d bits here, not %d", maxModulus, n)
	}
	return nil
}

// readPoint reads a public key of a curve.
func readPoint(data []byte, a *Algorithm) (crypto.PublicKey, error) {
	switch a.Name {
	case "Ed25519":
		if len(data) != ed25519.PublicKeySize {
			return nil, dataError("a public key of Ed25519 has 32 bytes, not %d", len(data))
		}
		return ed25519.PublicKey(bytes.Clone(data)), nil
	case "X25519":
		pub, err := ecdh.X25519().NewPublicKey(data)
		if err != nil {
			return nil, dataError("a public key of X25519 has 32 bytes, not %d", len(data))
		}
		return pub, nil
	}
	curve := curves[a.NamedCurve]
	if curve == nil {
		return nil, dataError("there is no curve %q", a.NamedCurve)
	}
	if len(data) > 0 && (data[0] == 2 || data[0] == 3) {
		x, y := elliptic.UnmarshalCompressed(curve, data)
		if x == nil {
			return nil, dataError("this is not a point of %s", a.NamedCurve)
		}
		size := (curve.Params().BitSize + 7) / 8
		data = append([]byte{4}, append(x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size))...)...)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, data)
	if err != nil {
		return nil, dataError("this is not a point of %s", a.NamedCurve)
	}
	return pub, nil
}

// readPKCS8 reads a PrivateKeyInfo of the algorithm.
func readPKCS8(data []byte, a *Algorithm) (crypto.PrivateKey, error) {
	wrong := dataError("this is not a private key of %s in PKCS #8", a.Name)
	s := cryptobyte.String(data)
	var inner, key, skipped cryptobyte.String
	var version int
	if !s.ReadASN1(&inner, der.SEQUENCE) || !s.Empty() || !inner.ReadASN1Integer(&version) || version < 0 || version > 1 ||
		!identified(&inner, a) || !inner.ReadASN1(&key, der.OCTET_STRING) ||
		!inner.SkipOptionalASN1(der.Tag(0).ContextSpecific().Constructed()) || !inner.SkipOptionalASN1(der.Tag(1).ContextSpecific()) || !inner.Empty() {
		return nil, wrong
	}
	switch {
	case isRSA(a.Name):
		if !short(key) {
			return nil, wrong
		}
		priv, err := x509.ParsePKCS1PrivateKey(key)
		if err != nil || len(priv.Primes) != 2 {
			return nil, wrong
		}
		return priv, size(&priv.PublicKey)
	case isEC(a.Name):
		return readEC(key, a)
	}
	if !key.ReadASN1(&skipped, der.OCTET_STRING) || !key.Empty() {
		return nil, wrong
	}
	return readSeed(skipped, a)
}

// readSeed reads the private key of Ed25519 or X25519.
func readSeed(data []byte, a *Algorithm) (crypto.PrivateKey, error) {
	if len(data) != 32 {
		return nil, dataError("a private key of %s has 32 bytes, not %d", a.Name, len(data))
	}
	if a.Name == "Ed25519" {
		return ed25519.NewKeyFromSeed(data), nil
	}
	priv, err := ecdh.X25519().NewPrivateKey(data)
	if err != nil {
		return nil, dataError("this is not a private key of X25519")
	}
	return priv, nil
}

// readEC reads an ECPrivateKey, RFC 5915; a public key that comes with it must
// be its own.
func readEC(data cryptobyte.String, a *Algorithm) (crypto.PrivateKey, error) {
	wrong := dataError("this is not a private key of %s", a.NamedCurve)
	var inner, d, params, public cryptobyte.String
	var version int
	var hasParams, hasPublic bool
	if !data.ReadASN1(&inner, der.SEQUENCE) || !data.Empty() || !inner.ReadASN1Integer(&version) || version != 1 || !inner.ReadASN1(&d, der.OCTET_STRING) ||
		!inner.ReadOptionalASN1(&params, &hasParams, der.Tag(0).ContextSpecific().Constructed()) ||
		!inner.ReadOptionalASN1(&public, &hasPublic, der.Tag(1).ContextSpecific().Constructed()) || !inner.Empty() {
		return nil, wrong
	}
	var curve asn1.ObjectIdentifier
	if hasParams && (!params.ReadASN1ObjectIdentifier(&curve) || !params.Empty() || !curve.Equal(oidCurves[a.NamedCurve])) {
		return nil, wrong
	}
	priv, err := ecdsa.ParseRawPrivateKey(curves[a.NamedCurve], d)
	if err != nil {
		return nil, wrong
	}
	if hasPublic {
		var point asn1.BitString
		if !public.ReadASN1BitString(&point) || !public.Empty() || point.BitLength%8 != 0 {
			return nil, wrong
		}
		pub, err := readPoint(point.Bytes, a)
		if err != nil || !priv.PublicKey.Equal(pub) {
			return nil, wrong
		}
	}
	return priv, nil
}

func publicOf(priv crypto.PrivateKey) crypto.PublicKey {
	if p, ok := priv.(interface{ Public() crypto.PublicKey }); ok {
		return p.Public()
	}
	return nil
}

func marshalPrivate(priv crypto.PrivateKey) ([]byte, error) {
	out, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, operationError("the private key cannot be written")
	}
	return out, nil
}

func marshalPublic(pub crypto.PublicKey) ([]byte, error) {
	out, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, operationError("the public key cannot be written")
	}
	return out, nil
}

// parsePrivate reads what marshalPrivate wrote.
func parsePrivate[T any](data []byte) (T, error) {
	var none T
	priv, err := x509.ParsePKCS8PrivateKey(data)
	if err != nil {
		return none, operationError("the private key cannot be read")
	}
	out, ok := priv.(T)
	if !ok {
		return none, operationError("the private key is of another kind")
	}
	return out, nil
}

// parsePublic reads what marshalPublic wrote.
func parsePublic[T any](data []byte) (T, error) {
	var none T
	pub, err := x509.ParsePKIXPublicKey(data)
	if err != nil {
		return none, operationError("the public key cannot be read")
	}
	out, ok := pub.(T)
	if !ok {
		return none, operationError("the public key is of another kind")
	}
	return out, nil
}
