package client

import (
	"context"
	"encoding/json"
	"net/http"
)

// Limits gives the limits in force, as the server writes them: groups of
// numbers.
func (c *Client) Limits(ctx context.Context) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	err := c.call(ctx, request{method: http.MethodGet, path: "/limits"}, &all)
	return all, err
}
