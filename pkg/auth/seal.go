package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// bearerLen is the length of what newBearer makes: 256 bits in base64url.
const bearerLen = 43

// newBearer makes a text that nobody can guess, for a cookie or an address.
func newBearer() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // It never fails.
	return base64.RawURLEncoding.EncodeToString(b)
}

// isBearer reports whether newBearer may have made the text.
func isBearer(text string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return len(text) == bearerLen && err == nil
}

// keyOf is what a value is stored under in the cache, so that who can read the
// cache does not learn what the bearer must show.
func keyOf(kind, bearer string) string {
	sum := sha256.Sum256([]byte(bearer))
	return kind + ":" + hex.EncodeToString(sum[:])
}

// vault seals what is kept in the cache. The key of each value is made of the
// secret and of what its bearer shows: neither the cache, nor the cache and the
// secret together give a value away.
type vault struct{ secret []byte }

func (v vault) derive(purpose, bearer string) []byte {
	key, err := hkdf.Key(sha256.New, v.secret, []byte(bearer), "flora "+purpose, 32)
	if err != nil {
		panic(err) // Only of a key that is too long.
	}
	return key
}

func (v vault) aead(purpose, bearer string) cipher.AEAD {
	block, err := aes.NewCipher(v.derive(purpose, bearer))
	if err != nil {
		panic(err) // Only of a key of another length.
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size of GCM.
	}
	return aead
}

// seal encodes and encrypts doc.
func (v vault) seal(purpose, bearer string, doc any) ([]byte, error) {
	plain, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", purpose, err)
	}
	return v.aead(purpose, bearer).Seal(nil, nil, plain, nil), nil //nolint:gosec // It makes a random nonce itself.
}

// errSealed is what open gives for something that was sealed with another
// secret, or was changed.
var errSealed = errors.New("it was not sealed with this api.secret")

func (v vault) open(purpose, bearer string, sealed []byte, into any) error {
	plain, err := v.aead(purpose, bearer).Open(nil, nil, sealed, nil)
	if err != nil {
		return errSealed
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("decode a %s: %w", purpose, err)
	}
	return nil
}

// sign authenticates the parts for a purpose.
func (v vault) sign(purpose string, parts ...string) string {
	mac := hmac.New(sha256.New, v.derive(purpose, ""))
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		mac.Write(size[:])
		mac.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// challengeOf is PKCE's S256.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
