package subtle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
)

func (r *Request) sign() (any, error) {
	name := r.Algorithm.Name
	if name != "HMAC" && r.Key.Type != "private" {
		return nil, invalidAccess("%s signs with a private key", name)
	}
	switch name {
	case "HMAC":
		return r.mac()
	case "Ed25519":
		priv, err := parsePrivate[ed25519.PrivateKey](r.Key.Data)
		if err != nil {
			return nil, err
		}
		return ed25519.Sign(priv, r.Data), nil
	case "ECDSA":
		return r.signECDSA()
	case "RSASSA-PKCS1-v1_5", "RSA-PSS":
		return r.signRSA()
	}
	return nil, notSupported("%s does not sign", name)
}

func (r *Request) verify() (any, error) {
	name := r.Algorithm.Name
	if name != "HMAC" && r.Key.Type != "public" {
		return nil, invalidAccess("%s verifies with a public key", name)
	}
	switch name {
	case "HMAC":
		mac, err := r.mac()
		if err != nil {
			return nil, err
		}
		return hmac.Equal(mac, r.Signature), nil
	case "Ed25519":
		pub, err := parsePublic[ed25519.PublicKey](r.Key.Data)
		if err != nil {
			return nil, err
		}
		s := r.Signature
		return len(s) == ed25519.SignatureSize && !smallOrder(pub) && !smallOrder(s[:32]) && ed25519.Verify(pub, r.Data, s), nil
	case "ECDSA":
		return r.verifyECDSA()
	case "RSASSA-PKCS1-v1_5", "RSA-PSS":
		return r.verifyRSA()
	}
	return nil, notSupported("%s does not verify", name)
}

func (r *Request) mac() ([]byte, error) {
	h, err := r.Key.hash()
	if err != nil {
		return nil, err
	}
	m := hmac.New(h.New, r.Key.Data)
	_, _ = m.Write(r.Data)
	return m.Sum(nil), nil
}

func (r *Request) signECDSA() ([]byte, error) {
	h, err := hashOf(r.Algorithm.Hash)
	if err != nil {
		return nil, err
	}
	priv, err := parsePrivate[*ecdsa.PrivateKey](r.Key.Data)
	if err != nil {
		return nil, err
	}
	x, y, err := ecdsa.Sign(rand.Reader, priv, sum(h, r.Data))
	if err != nil {
		return nil, operationError("ECDSA cannot sign with this key")
	}
	n := (priv.Params().BitSize + 7) / 8
	out := make([]byte, 2*n)
	x.FillBytes(out[:n])
	y.FillBytes(out[n:])
	return out, nil
}

func (r *Request) verifyECDSA() (any, error) {
	h, err := hashOf(r.Algorithm.Hash)
	if err != nil {
		return nil, err
	}
	pub, err := parsePublic[*ecdsa.PublicKey](r.Key.Data)
	if err != nil {
		return nil, err
	}
	n := (pub.Params().BitSize + 7) / 8
	if len(r.Signature) != 2*n {
		return false, nil
	}
	x, y := new(big.Int).SetBytes(r.Signature[:n]), new(big.Int).SetBytes(r.Signature[n:])
	return ecdsa.Verify(pub, sum(h, r.Data), x, y), nil
}

func (r *Request) signRSA() (any, error) {
	priv, h, err := r.Key.rsaPrivate()
	if err != nil {
		return nil, err
	}
	digest := sum(h, r.Data)
	var out []byte
	switch {
	case r.Algorithm.Name != "RSA-PSS":
		out, err = rsa.SignPKCS1v15(nil, priv, h, digest)
	case r.Algorithm.SaltLength == 0:
		return signUnsalted(priv, h, digest)
	case r.Algorithm.SaltLength > maxSalt:
		return nil, operationError("a salt of %d bytes does not fit the key", r.Algorithm.SaltLength)
	default:
		out, err = rsa.SignPSS(rand.Reader, priv, h, digest, &rsa.PSSOptions{SaltLength: int(r.Algorithm.SaltLength)})
	}
	if err != nil {
		return nil, operationError("%s cannot sign with this key", r.Algorithm.Name)
	}
	return out, nil
}

func (r *Request) verifyRSA() (any, error) {
	pub, h, err := r.Key.rsaPublic()
	if err != nil {
		return nil, err
	}
	digest := sum(h, r.Data)
	switch {
	case r.Algorithm.Name != "RSA-PSS":
		return rsa.VerifyPKCS1v15(pub, h, digest, r.Signature) == nil, nil
	case r.Algorithm.SaltLength == 0:
		return verifyUnsalted(pub, h, digest, r.Signature), nil
	case r.Algorithm.SaltLength > maxSalt:
		return false, nil
	}
	return rsa.VerifyPSS(pub, h, digest, r.Signature, &rsa.PSSOptions{SaltLength: int(r.Algorithm.SaltLength)}) == nil, nil
}

func (k *Key) rsaPublic() (*rsa.PublicKey, crypto.Hash, error) {
	h, err := k.hash()
	if err != nil {
		return nil, 0, err
	}
	pub, err := parsePublic[*rsa.PublicKey](k.Data)
	return pub, h, err
}

func (k *Key) rsaPrivate() (*rsa.PrivateKey, crypto.Hash, error) {
	h, err := k.hash()
	if err != nil {
		return nil, 0, err
	}
	priv, err := parsePrivate[*rsa.PrivateKey](k.Data)
	return priv, h, err
}
