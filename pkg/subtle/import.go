package subtle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
)

func (r *Request) importKey(a Algorithm) (any, error) {
	u, ok := uses[a.Name]
	if !ok {
		return nil, notSupported("keys of %s cannot be imported", a.Name)
	}
	if u.secret != nil {
		return r.importSecret(a, u)
	}
	kind, raw := "public", r.Format == "raw"
	switch r.Format {
	case "spki":
	case "raw":
		if isRSA(a.Name) {
			return nil, notSupported("an RSA key has no raw form; use spki, pkcs8 or jwk")
		}
	case "pkcs8":
		kind = "private"
	case "jwk":
		if r.JWK != nil && r.JWK.D != nil {
			kind = "private"
		}
	default:
		return nil, notSupported("there is no format %q", r.Format)
	}
	if err := allow(r.Usages, u.of(kind), fmt.Sprintf("%s (%s)", a.Name, kind)); err != nil {
		return nil, err
	}
	if isEC(a.Name) && curves[a.NamedCurve] == nil {
		if raw {
			return nil, notSupported("there is no curve %q", a.NamedCurve)
		}
		return nil, dataError("there is no curve %q", a.NamedCurve)
	}
	var pub crypto.PublicKey
	var priv crypto.PrivateKey
	var err error
	switch r.Format {
	case "spki":
		pub, err = readSPKI(r.Data, &a)
	case "raw":
		pub, err = readPoint(r.Data, &a)
	case "pkcs8":
		priv, err = readPKCS8(r.Data, &a)
	default:
		pub, priv, err = r.readJWK(&a, u)
	}
	if err != nil {
		return nil, err
	}
	if priv != nil {
		data, err := marshalPrivate(priv)
		if err != nil {
			return nil, err
		}
		describe(&a, publicOf(priv))
		return r.key(a, "private", data)
	}
	data, err := marshalPublic(pub)
	if err != nil {
		return nil, err
	}
	describe(&a, pub)
	return r.key(a, "public", data)
}

// describe sets what an RSA key's algorithm says of it.
func describe(a *Algorithm, pub crypto.PublicKey) {
	k, ok := pub.(*rsa.PublicKey)
	if !ok {
		return
	}
	a.ModulusLength = uint32(k.N.BitLen()) //nolint:gosec // It was imported within bounds.
	a.PublicExponent = exponent(k)
}

func (r *Request) importSecret(a Algorithm, u use) (any, error) {
	derives := a.Name == "HKDF" || a.Name == "PBKDF2"
	if r.Format != "raw" && (derives || r.Format != "jwk") {
		return nil, notSupported("a key of %s has no form %q", a.Name, r.Format)
	}
	if err := allow(r.Usages, u.secret, a.Name); err != nil {
		return nil, err
	}
	if derives {
		if r.Extractable {
			return nil, fail("SyntaxError", "a key of %s cannot be extractable", a.Name)
		}
		return r.key(a, "secret", r.Data)
	}
	data := r.Data
	if r.Format == "jwk" {
		var err error
		if data, err = r.readSecretJWK(&a, u); err != nil {
			return nil, err
		}
	}
	bits := uint32(len(data)) * 8 //nolint:gosec // What comes in is bounded.
	if isAES(a.Name) {
		if bits != 128 && bits != 192 && bits != 256 {
			return nil, dataError("an AES key has 128, 192 or 256 bits, not %d", bits)
		}
		if err := r.jwkAlgorithm(aesName(a.Name, bits)); err != nil {
			return nil, err
		}
		a.Length = &bits
		return r.key(a, "secret", data)
	}
	if bits == 0 {
		return nil, dataError("a key of HMAC has at least one bit")
	}
	if n := a.Length; n != nil {
		if *n > bits || *n+8 <= bits {
			return nil, dataError("a key of %d bits has not a length of %d", bits, *n)
		}
		data = append([]byte{}, data...)
		clearLow(data, bits-*n)
		bits = *n
	}
	a.Length = &bits
	return r.key(a, "secret", data)
}

func aesName(name string, bits uint32) string { return fmt.Sprintf("A%d%s", bits, name[len("AES-"):]) }

// export gives bytes, or a *JWK.
func export(k *Key, format string) (any, error) {
	a := &k.Algorithm
	if a.Name == "HKDF" || a.Name == "PBKDF2" {
		return nil, notSupported("keys of %s cannot be exported", a.Name)
	}
	if k.Type == "secret" {
		switch format {
		case "raw":
			return k.Data, nil
		case "jwk":
			return exportJWK(k)
		}
		return nil, notSupported("a key of %s has no form %q", a.Name, format)
	}
	switch format {
	case "jwk":
		return exportJWK(k)
	case "spki":
		if k.Type != "public" {
			return nil, invalidAccess("spki is for public keys")
		}
		return k.Data, nil
	case "pkcs8":
		if k.Type != "private" {
			return nil, invalidAccess("pkcs8 is for private keys")
		}
		return k.Data, nil
	case "raw":
		if isRSA(a.Name) {
			return nil, notSupported("an RSA key has no raw form; use spki, pkcs8 or jwk")
		}
		if k.Type != "public" {
			return nil, invalidAccess("raw is for public keys")
		}
		pub, err := parsePublic[any](k.Data)
		if err != nil {
			return nil, err
		}
		return point(pub)
	}
	return nil, notSupported("there is no format %q", format)
}

// point is a public key of a curve as bytes.
func point(pub crypto.PublicKey) ([]byte, error) {
	switch p := pub.(type) {
	case *ecdsa.PublicKey:
		b, err := p.Bytes()
		if err != nil {
			return nil, operationError("the public key cannot be written")
		}
		return b, nil
	case interface{ Bytes() []byte }:
		return p.Bytes(), nil
	}
	return rawEd(pub)
}
