package subtle

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/pbkdf2"
)

// Bounds of a derivation.
const (
	maxDerived    = 1 << 20   // Bytes.
	maxIterations = 5_000_000 // Of PBKDF2, over all blocks of its output, which read the salt once each.
	maxInfo       = 64 << 10  // Bytes of HKDF's info, which each block of its output reads.
)

func (r *Request) deriveKey() (any, error) {
	length, err := keyLength(&r.Derived)
	if err != nil {
		return nil, err
	}
	if r.Data, err = r.deriveBits(length); err != nil {
		return nil, err
	}
	r.Format = "raw"
	return r.importKey(r.Derived)
}

// keyLength is how many bits a key that is derived takes; nil is all there are.
func keyLength(a *Algorithm) (*uint32, error) {
	switch {
	case isAES(a.Name):
		if a.Length == nil || *a.Length != 128 && *a.Length != 192 && *a.Length != 256 {
			return nil, operationError("an AES key has 128, 192 or 256 bits")
		}
		return a.Length, nil
	case a.Name == "HMAC":
		return macLength(a)
	case a.Name == "HKDF" || a.Name == "PBKDF2":
		return nil, nil //nolint:nilnil // The standard's null.
	}
	return nil, notSupported("keys of %s cannot be derived", a.Name)
}

// macLength is how many bits a new key of HMAC has: those of a block of the
// digest if nothing is said.
func macLength(a *Algorithm) (*uint32, error) {
	if a.Length == nil {
		h, err := hashOf(a.Hash)
		if err != nil {
			return nil, err
		}
		bits := uint32(h.New().BlockSize()) * 8 //nolint:gosec // 64 or 128.
		return &bits, nil
	}
	if *a.Length == 0 {
		return nil, fail("TypeError", "a key of HMAC has at least one bit")
	}
	return a.Length, nil
}

func (r *Request) deriveBits(length *uint32) ([]byte, error) {
	a := &r.Algorithm
	switch a.Name {
	case "ECDH", "X25519":
		return r.agree(length)
	case "HKDF", "PBKDF2":
	default:
		return nil, notSupported("%s does not derive", a.Name)
	}
	h, err := hashOf(a.Hash)
	if err != nil {
		return nil, err
	}
	if length == nil || *length%8 != 0 {
		return nil, operationError("%s needs a length in bits, a multiple of 8", a.Name)
	}
	n := int(*length / 8)
	if n > maxDerived {
		return nil, operationError("%s gives at most %d bytes here, not %d", a.Name, maxDerived, n)
	}
	if a.Name == "PBKDF2" && a.Iterations == 0 {
		return nil, operationError("PBKDF2 needs at least one iteration")
	}
	if n == 0 {
		return []byte{}, nil
	}
	var out []byte
	if a.Name == "HKDF" {
		if len(a.Info) > maxInfo {
			return nil, notSupported("the info of HKDF has at most %d bytes here, not %d", maxInfo, len(a.Info))
		}
		out, err = hkdf.Key(h.New, r.Key.Data, a.Salt, string(a.Info), n)
	} else {
		blocks := (n + h.Size() - 1) / h.Size()
		// A block of the salt takes as long as an iteration.
		each := uint64(a.Iterations) + uint64(len(a.Salt)/h.New().BlockSize()) //nolint:gosec // It is not negative.
		if rounds := each * uint64(blocks); rounds > maxIterations {           //nolint:gosec // It is not negative.
			return nil, notSupported("PBKDF2 does at most %d iterations here over all blocks of its output, not %d, blocks of the salt included", maxIterations, rounds)
		}
		out, err = pbkdf2.Key(h.New, string(r.Key.Data), a.Salt, int(a.Iterations), n)
	}
	if err != nil {
		return nil, operationError("%s cannot derive %d bytes", a.Name, n)
	}
	return out, nil
}

// agree is Diffie-Hellman's.
func (r *Request) agree(length *uint32) ([]byte, error) {
	a := &r.Algorithm
	if r.Key.Type != "private" {
		return nil, invalidAccess("%s derives from a private key", a.Name)
	}
	p := a.Public
	switch {
	case p == nil || p.Type != "public":
		return nil, invalidAccess("%s needs the other's public key", a.Name)
	case p.Algorithm.Name != a.Name:
		return nil, invalidAccess("the public key is one of %s, not of %s", p.Algorithm.Name, a.Name)
	case p.Algorithm.NamedCurve != r.Key.Algorithm.NamedCurve:
		return nil, invalidAccess("the keys are of different curves")
	}
	mine, theirs, err := agreeing(r.Key.Data, p.Data, a.Name)
	if err != nil {
		return nil, err
	}
	secret, err := mine.ECDH(theirs)
	if err != nil {
		return nil, operationError("the public key is not usable: what would be shared is known to all")
	}
	if length == nil {
		return secret, nil
	}
	bits := int(*length)
	if bits > 8*len(secret) {
		return nil, operationError("%s gives %d bits with these keys, not %d", a.Name, 8*len(secret), bits)
	}
	out := secret[:(bits+7)/8]
	if bits%8 != 0 {
		out[len(out)-1] &= 0xff << (8 - bits%8)
	}
	return out, nil
}

func agreeing(private, public []byte, name string) (*ecdh.PrivateKey, *ecdh.PublicKey, error) {
	if name == "X25519" {
		mine, err := parsePrivate[*ecdh.PrivateKey](private)
		if err != nil {
			return nil, nil, err
		}
		theirs, err := parsePublic[*ecdh.PublicKey](public)
		return mine, theirs, err
	}
	mine, err := parsePrivate[*ecdsa.PrivateKey](private)
	if err != nil {
		return nil, nil, err
	}
	theirs, err := parsePublic[*ecdsa.PublicKey](public)
	if err != nil {
		return nil, nil, err
	}
	d, err := mine.ECDH()
	if err != nil {
		return nil, nil, operationError("the key cannot be read")
	}
	q, err := theirs.ECDH()
	if err != nil {
		return nil, nil, operationError("the key cannot be read")
	}
	return d, q, nil
}
