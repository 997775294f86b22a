package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// etag names a text by what is in it.
func etag(text string) string {
	sum := sha256.Sum256([]byte(text))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// getTypes gives the declarations of the SDK that scripts here run with.
func (a *API) getTypes(c *call) error {
	tag := etag(a.cfg.Types)
	h := c.Response().Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // Ask each time, which is cheap.
	for _, known := range strings.Split(c.Request().Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			return c.NoContent(http.StatusNotModified)
		}
	}
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(a.cfg.Types))
}
