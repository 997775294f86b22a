package subtle

import (
	"crypto"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"math/big"

	"filippo.io/bigmod"
)

// maxSalt is more than any key has room for.
const maxSalt = maxModulus / 8

// Go's RSA-PSS takes a salt length of 0 for "as long as fits". So signatures
// without a salt are made here, by RFC 8017, 9.1.1: without one an encoded
// message is the only one there is, and to verify is to compare.

// encodeUnsalted is EMSA-PSS-ENCODE for bits of encoded message; nil when it
// does not fit.
func encodeUnsalted(h crypto.Hash, digest []byte, bits int) []byte {
	size := (bits + 7) / 8
	if size < h.Size()+2 {
		return nil
	}
	whole := h.New()
	_, _ = whole.Write(make([]byte, 8))
	_, _ = whole.Write(digest)
	hash := whole.Sum(nil)
	out := make([]byte, size)
	db := out[:size-len(hash)-1]
	db[len(db)-1] = 1
	for i, n := 0, uint32(0); i < len(db); n++ {
		m := h.New()
		_, _ = m.Write(hash)
		_, _ = m.Write(binary.BigEndian.AppendUint32(nil, n))
		i += subtle.XORBytes(db[i:], db[i:], m.Sum(nil))
	}
	db[0] &= 0xff >> (8*size - bits)
	copy(out[len(db):], hash)
	out[size-1] = 0xbc
	return out
}

func signUnsalted(priv *rsa.PrivateKey, h crypto.Hash, digest []byte) ([]byte, error) {
	em := encodeUnsalted(h, digest, priv.N.BitLen()-1)
	if em == nil {
		return nil, operationError("the key is too small for %s", h)
	}
	n, err := bigmod.NewModulus(priv.N.Bytes())
	if err != nil {
		return nil, operationError("RSA-PSS cannot sign with this key")
	}
	padded := make([]byte, priv.Size())
	copy(padded[len(padded)-len(em):], em)
	m, err := bigmod.NewNat().SetBytes(padded, n)
	if err != nil {
		return nil, operationError("RSA-PSS cannot sign with this key")
	}
	out := bigmod.NewNat().Exp(m, priv.D.FillBytes(make([]byte, priv.Size())), n).Bytes(n)
	// A fault in the computation would give the key away.
	if !verifyUnsalted(&priv.PublicKey, h, digest, out) {
		return nil, operationError("RSA-PSS cannot sign with this key")
	}
	return out, nil
}

func verifyUnsalted(pub *rsa.PublicKey, h crypto.Hash, digest, signature []byte) bool {
	em := encodeUnsalted(h, digest, pub.N.BitLen()-1)
	s := new(big.Int).SetBytes(signature)
	if em == nil || len(signature) != pub.Size() || s.Cmp(pub.N) >= 0 {
		return false
	}
	m := new(big.Int).Exp(s, big.NewInt(int64(pub.E)), pub.N)
	if m.BitLen() > 8*len(em) {
		return false
	}
	return subtle.ConstantTimeCompare(m.FillBytes(make([]byte, len(em))), em) == 1
}
