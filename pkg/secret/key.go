package secret

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/crypto/chacha20poly1305"
)

// Keyring seals with its first key and opens with all of them.
type Keyring struct{ keys []key }

type key struct {
	id   string
	aead cipher.AEAD
	raw  []byte
}

// String keeps keys out of whatever prints a struct that has one.
func (*Keyring) String() string { return "<keys>" }

// GoString does the same for %#v.
func (*Keyring) GoString() string { return "<keys>" }

// NewKeyring reads the master key and those it replaced, with commas between
// them: 64 hexadecimal digits each, or exactly 32 bytes.
func NewKeyring(master, previous string) (*Keyring, error) {
	texts := []string{master}
	for text := range strings.SplitSeq(previous, ",") {
		if text = strings.TrimSpace(text); text != "" {
			texts = append(texts, text)
		}
	}
	out := &Keyring{}
	for i, text := range texts {
		k, err := newKey(text)
		if err != nil && i == 0 {
			return nil, fmt.Errorf("secrets.master_key: %w", err)
		}
		if err != nil {
			return nil, fmt.Errorf("secrets.previous_keys, key %d: %w", i, err)
		}
		out.keys = append(out.keys, k)
	}
	return out, nil
}

func newKey(text string) (key, error) {
	raw := []byte(text)
	if len(text) == hex.EncodedLen(chacha20poly1305.KeySize) {
		var err error
		if raw, err = hex.DecodeString(text); err != nil {
			return key{}, errors.New("it has 64 characters that are not all hexadecimal digits")
		}
	}
	aead, err := chacha20poly1305.NewX(raw)
	if err != nil {
		return key{}, errors.New("a key has 64 hexadecimal digits, or exactly 32 bytes")
	}
	sum := mac(raw, []byte("flora secrets: the id of this key"))
	return key{id: hex.EncodeToString(sum[:8]), aead: aead, raw: raw}, nil
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write(text)
	return h.Sum(nil)
}

// previous reports whether there are keys that the master key replaced.
func (k *Keyring) previous() bool { return len(k.keys) > 1 }

// id is that of the key which seals.
func (k *Keyring) id() string { return k.keys[0].id }

// tag is the end of a new secret's placeholder.
func (k *Keyring) tag(id uuid.UUID) string { return hex.EncodeToString(mac(k.keys[0].raw, id[:]))[:12] }

// bound is what a sealed value belongs to; it opens with nothing else.
func bound(s Secret) ([]byte, error) {
	return json.Marshal([]any{"flora secret", s.Guild.String(), s.ID, s.Name, s.AllowedHosts, s.AllowHTTP})
}

// seal fills in KeyID and Sealed.
func (k *Keyring) seal(r *Record, v value) error {
	to, err := bound(r.Secret)
	if err != nil {
		return fmt.Errorf("seal a secret: %w", err)
	}
	first := k.keys[0]
	nonce := make([]byte, first.aead.NonceSize())
	_, _ = rand.Read(nonce) // It never fails.
	r.KeyID, r.Sealed = first.id, first.aead.Seal(nonce, nonce, []byte(v.reveal()), to)
	return nil
}

var (
	errNoKey   = errors.New("none of the keys in secrets.master_key and secrets.previous_keys sealed it")
	errAltered = errors.New("it was changed in the database")
)

func (k *Keyring) open(r Record) (value, error) {
	to, err := bound(r.Secret)
	if err != nil {
		return value{}, fmt.Errorf("open a secret: %w", err)
	}
	for _, one := range k.keys {
		if one.id != r.KeyID {
			continue
		}
		n := one.aead.NonceSize()
		if len(r.Sealed) < n {
			return value{}, errAltered
		}
		text, err := one.aead.Open(nil, r.Sealed[:n], r.Sealed[n:], to)
		if err != nil {
			return value{}, errAltered
		}
		return newValue(string(text)), nil
	}
	return value{}, errNoKey
}
