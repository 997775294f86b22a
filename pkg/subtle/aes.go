package subtle

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"slices"
)

// maxWrapped is what AES-KW takes: its time is six passes over it.
const maxWrapped = 1 << 20

func (r *Request) encrypt(data []byte) ([]byte, error) {
	a := &r.Algorithm
	switch a.Name {
	case "RSA-OAEP":
		if r.Key.Type != "public" {
			return nil, invalidAccess("RSA-OAEP encrypts with a public key")
		}
		pub, h, err := r.Key.rsaPublic()
		if err != nil {
			return nil, err
		}
		out, err := rsa.EncryptOAEP(h.New(), rand.Reader, pub, data, a.Label)
		if err != nil {
			return nil, operationError("RSA-OAEP cannot encrypt %d bytes with this key", len(data))
		}
		return out, nil
	case "AES-CBC":
		return r.cbc(data, true)
	case "AES-CTR":
		return r.ctr(data)
	case "AES-GCM":
		return r.gcm(data, true)
	case "AES-KW":
		return r.kw(data, true)
	}
	return nil, notSupported("%s does not encrypt", a.Name)
}

func (r *Request) decrypt(data []byte) ([]byte, error) {
	a := &r.Algorithm
	switch a.Name {
	case "RSA-OAEP":
		if r.Key.Type != "private" {
			return nil, invalidAccess("RSA-OAEP decrypts with a private key")
		}
		priv, h, err := r.Key.rsaPrivate()
		if err != nil {
			return nil, err
		}
		out, err := rsa.DecryptOAEP(h.New(), nil, priv, data, a.Label)
		if err != nil {
			return nil, operationError("RSA-OAEP cannot decrypt this")
		}
		return out, nil
	case "AES-CBC":
		return r.cbc(data, false)
	case "AES-CTR":
		return r.ctr(data)
	case "AES-GCM":
		return r.gcm(data, false)
	case "AES-KW":
		return r.kw(data, false)
	}
	return nil, notSupported("%s does not decrypt", a.Name)
}

func (r *Request) block() (cipher.Block, error) {
	b, err := aes.NewCipher(r.Key.Data)
	if err != nil {
		return nil, operationError("the key does not fit AES")
	}
	return b, nil
}

func (r *Request) cbc(data []byte, seal bool) ([]byte, error) {
	b, err := r.block()
	if err != nil {
		return nil, err
	}
	iv := r.Algorithm.IV
	if len(iv) != aes.BlockSize {
		return nil, operationError("AES-CBC needs an iv of 16 bytes, not %d", len(iv))
	}
	if seal {
		pad := aes.BlockSize - len(data)%aes.BlockSize
		out := append(bytes.Clone(data), bytes.Repeat([]byte{byte(pad)}, pad)...)
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(out, out) //nolint:gosec // The iv is the script's.
		return out, nil
	}
	wrong := operationError("AES-CBC cannot decrypt this")
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, wrong
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(b, iv).CryptBlocks(out, data)
	pad := int(out[len(out)-1])
	good := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, aes.BlockSize)
	for i := 1; i <= aes.BlockSize; i++ {
		within := subtle.ConstantTimeLessOrEq(i, pad)
		good &= subtle.ConstantTimeSelect(within, subtle.ConstantTimeByteEq(out[len(out)-i], byte(pad)), 1) //nolint:gosec // It was a byte.
	}
	if good != 1 {
		return nil, wrong
	}
	return out[:len(out)-pad], nil
}

// ctr counts in the last bits of the block only; where those wrap, the bits
// before them stay, which Go's counter, of the whole block, would not do.
func (r *Request) ctr(data []byte) ([]byte, error) {
	b, err := r.block()
	if err != nil {
		return nil, err
	}
	counter, length := r.Algorithm.Counter, uint32(0)
	if r.Algorithm.Length != nil {
		length = *r.Algorithm.Length
	}
	if len(counter) != aes.BlockSize {
		return nil, operationError("AES-CTR needs a counter of 16 bytes, not %d", len(counter))
	}
	if length < 1 || length > 128 {
		return nil, operationError("AES-CTR counts in 1 to 128 bits, not %d", length)
	}
	blocks := uint64(len(data)+aes.BlockSize-1) / aes.BlockSize
	if length < 64 && blocks > 1<<length {
		return nil, operationError("a counter of %d bits cannot tell %d blocks apart", length, blocks)
	}
	out := make([]byte, len(data))
	if length >= 64 {
		// With 64 bits or more the low word alone may wrap within the data.
		length = min(length, 128)
	}
	first := untilWrap(counter, length, blocks)
	at := min(len(data), int(first)*aes.BlockSize) //nolint:gosec // At most as many as there are blocks.
	cipher.NewCTR(b, counter).XORKeyStream(out[:at], data[:at])
	if at < len(data) {
		start := bytes.Clone(counter)
		clearLow(start, length)
		cipher.NewCTR(b, start).XORKeyStream(out[at:], data[at:])
	}
	return out, nil
}

// untilWrap is how many of so many blocks come before the low bits of the
// counter are all zero again.
func untilWrap(counter []byte, bits uint32, blocks uint64) uint64 {
	low := binary.BigEndian.Uint64(counter[8:])
	if bits < 64 {
		return min(blocks, 1<<bits-low&(1<<bits-1))
	}
	high := binary.BigEndian.Uint64(counter[:8])
	if bits > 64 {
		mask := ^uint64(0) >> (128 - bits)
		if high&mask != mask {
			return blocks // The low word's carry has where to go.
		}
	}
	if left := -low; left != 0 && left < blocks {
		return left
	}
	return blocks
}

func clearLow(counter []byte, bits uint32) {
	for i := len(counter) - 1; i >= 0 && bits > 0; i-- {
		n := min(bits, 8)
		counter[i] &^= byte(1<<n - 1)
		bits -= n
	}
}

func (r *Request) gcm(data []byte, seal bool) ([]byte, error) {
	b, err := r.block()
	if err != nil {
		return nil, err
	}
	a := &r.Algorithm
	tag := 128
	if a.TagLength != nil {
		tag = int(*a.TagLength)
	}
	if !slices.Contains([]int{32, 64, 96, 104, 112, 120, 128}, tag) {
		return nil, operationError("AES-GCM has no tag of %d bits", tag)
	}
	tag /= 8
	if len(a.IV) == 0 {
		return nil, operationError("AES-GCM needs an iv")
	}
	g, err := cipher.NewGCMWithNonceSize(b, len(a.IV))
	if err != nil {
		return nil, operationError("AES-GCM cannot use this iv")
	}
	if seal {
		out := g.Seal(nil, a.IV, data, a.AdditionalData) //nolint:gosec // The iv is the script's.
		return out[:len(data)+tag], nil
	}
	wrong := operationError("AES-GCM cannot decrypt this: it was changed, or the key, the iv or the additional data is another")
	if len(data) < tag {
		return nil, wrong
	}
	if tag == g.Overhead() {
		out, err := g.Open(nil, a.IV, data, a.AdditionalData)
		if err != nil {
			return nil, wrong
		}
		return out, nil
	}
	// Go opens full tags only. The cipher is a key stream: sealing the
	// ciphertext gives the text, and sealing that the whole tag.
	n := len(data) - tag
	text := g.Seal(nil, a.IV, data[:n], a.AdditionalData)[:n]
	full := g.Seal(nil, a.IV, text, a.AdditionalData)[n:]
	if subtle.ConstantTimeCompare(full[:tag], data[n:]) != 1 {
		return nil, wrong
	}
	return text, nil
}

// kw is AES Key Wrap, RFC 3394.
func (r *Request) kw(data []byte, wrap bool) ([]byte, error) {
	b, err := r.block()
	if err != nil {
		return nil, err
	}
	least := 16
	if !wrap {
		least = 24
	}
	if len(data)%8 != 0 || len(data) < least || len(data) > maxWrapped {
		return nil, operationError("AES-KW takes a multiple of 8 bytes, at least %d, not %d", least, len(data))
	}
	initial := []byte{0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6}
	if wrap {
		return wrapBlocks(b, initial, data), nil
	}
	check, out := unwrapBlocks(b, data)
	if subtle.ConstantTimeCompare(check, initial) != 1 {
		return nil, operationError("AES-KW cannot unwrap this: it was changed, or the key is another")
	}
	return out, nil
}

func wrapBlocks(b cipher.Block, initial, data []byte) []byte {
	n := len(data) / 8
	out := append(bytes.Clone(initial), data...)
	var block [16]byte
	copy(block[:8], initial)
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(block[8:], out[8*i:])
			b.Encrypt(block[:], block[:])
			binary.BigEndian.PutUint64(block[:8], binary.BigEndian.Uint64(block[:8])^uint64(n*j+i)) //nolint:gosec // Both are small.
			copy(out[8*i:], block[8:])
		}
	}
	copy(out, block[:8])
	return out
}

func unwrapBlocks(b cipher.Block, data []byte) (check, out []byte) {
	n := len(data)/8 - 1
	out = bytes.Clone(data)
	var block [16]byte
	copy(block[:8], data)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			binary.BigEndian.PutUint64(block[:8], binary.BigEndian.Uint64(block[:8])^uint64(n*j+i)) //nolint:gosec // Both are small.
			copy(block[8:], out[8*i:])
			b.Decrypt(block[:], block[:])
			copy(out[8*i:], block[8:])
		}
	}
	return block[:8], out[8:]
}
