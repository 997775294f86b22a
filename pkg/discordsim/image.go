package discordsim

import (
	"crypto/md5" //nolint:gosec // A name, not a secret.
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// maxImage is the largest image in a request, in characters of its data URI.
const maxImage = 16 << 20

// imageHash reads a "data:image/...;base64," field and returns the name that
// Discord would give the picture; null is nil.
func imageHash(f form, key string) *string {
	text, ok := f.textBetween(key, 0, maxImage)
	if !ok || text == "" {
		return nil
	}
	kind, data, found := strings.Cut(text, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(data)
	if !found || err != nil || !strings.HasPrefix(kind, "data:image/") {
		f.complain(key, "IMAGE_INVALID", "Invalid image data")
		return nil
	}
	sum := md5.Sum(raw) //nolint:gosec // A name, not a secret.
	return ptr(hex.EncodeToString(sum[:]))
}
