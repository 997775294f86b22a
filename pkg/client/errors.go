package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is an answer that is no success.
type Error struct {
	Status     int           `json:"status"`
	Code       string        `json:"code,omitempty"`
	Message    string        `json:"message"`
	RequestID  string        `json:"request_id,omitempty"`
	RetryAfter time.Duration `json:"-"`
}

// Error is the server's message.
func (e *Error) Error() string { return e.Message }

// NetworkError is a call that got no answer.
type NetworkError struct {
	URL string
	Err error
}

// Error says what was tried.
func (e *NetworkError) Error() string {
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return fmt.Sprintf("%s does not answer in time", e.URL)
	}
	return fmt.Sprintf("cannot reach %s: %s", e.URL, e.Err)
}

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// maxRetryAfter bounds what a server may ask for.
const maxRetryAfter = time.Hour

// refusal reads an error answer. One that is not the API's, such as a proxy's
// page, is named by its status.
func refusal(res *http.Response) error {
	e := &Error{Status: res.StatusCode}
	body, err := io.ReadAll(io.LimitReader(res.Body, errorAnswer))
	var doc struct {
		Message   string `json:"message"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}
	if err == nil && json.Unmarshal(body, &doc) == nil {
		e.Message, e.Code, e.RequestID = doc.Message, doc.Code, doc.RequestID
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("the server answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	if seconds, err := strconv.Atoi(strings.TrimSpace(res.Header.Get("Retry-After"))); err == nil && seconds > 0 {
		e.RetryAfter = maxRetryAfter
		if seconds < int(maxRetryAfter/time.Second) {
			e.RetryAfter = time.Duration(seconds) * time.Second
		}
	}
	return e
}
