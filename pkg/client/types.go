package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Types gives the declarations of the SDK that the server runs. It asks once:
// who gets none has others.
func (c *Client) Types(ctx context.Context) (string, error) {
	var text string
	if err := c.call(ctx, request{method: http.MethodGet, path: "/types", once: true}, &text); err != nil {
		return "", err
	}
	if !strings.HasPrefix(text, "//") || !strings.Contains(text, "declare namespace flora") {
		return "", fmt.Errorf("%s does not answer like Flora's API; is the address right?", c.base)
	}
	return text, nil
}
